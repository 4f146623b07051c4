import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { JobLease } from '../jobs/job-endings.js';
import { again, type JobResult } from '../jobs/job-handler.js';
import { DeliveryRecorder } from './delivery-recorder.js';
import { EndpointTurns } from './endpoint-turns.js';
import type { Errand } from './errands.js';
import { MessageSigner } from './message-signer.js';
import { WebhookSender, type SendResult } from './webhook-sender.js';

/** One attempt from end to end: waits for the endpoint's turn, signs, sends, writes down what came of it. */
@Injectable()
export class DeliveryAttempts {
  constructor(
    private readonly turns: EndpointTurns,
    private readonly signer: MessageSigner,
    private readonly sender: WebhookSender,
    private readonly recorder: DeliveryRecorder,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async make(errand: Errand, lease: JobLease): Promise<JobResult> {
    const { endpoint, message } = errand;
    const turn = this.turns.take(endpoint.line ?? endpoint.id);
    if (turn.kind === 'later') return again(this.clock.now() + turn.afterMs);
    const startedAt = this.clock.now();
    let result: SendResult;
    try {
      result = await this.sender.send(this.signer.sign(endpoint, message));
    } finally {
      // Another message may go out while this one is written down.
      turn.end(this.clock.now() - startedAt);
    }
    return this.recorder.record(errand, result, lease);
  }
}
