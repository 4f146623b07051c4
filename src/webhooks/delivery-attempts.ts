import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { EventRecord } from '../events/event.entity.js';
import { again, DONE, type JobResult } from '../jobs/job-handler.js';
import { DeliveryRecorder } from './delivery-recorder.js';
import { EndpointTurns } from './endpoint-turns.js';
import { MessageSigner } from './message-signer.js';
import type { WebhookDelivery } from './webhook-delivery.entity.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookSender } from './webhook-sender.js';

/** A delivery with what it takes to the endpoint. */
export interface Errand {
  readonly delivery: WebhookDelivery;
  readonly endpoint: WebhookEndpoint;
  readonly event: EventRecord;
}

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

  async make({ delivery, endpoint, event }: Errand): Promise<JobResult> {
    const turn = this.turns.take(endpoint.id);
    if (turn.kind === 'later') return again(this.clock.now() + turn.afterMs);
    const startedAt = this.clock.now();
    try {
      const result = await this.sender.send(this.signer.sign(endpoint, event));
      const nextAttemptAt = await this.recorder.record(delivery, endpoint, result);
      return nextAttemptAt === undefined ? DONE : again(nextAttemptAt);
    } finally {
      turn.end(this.clock.now() - startedAt);
    }
  }
}
