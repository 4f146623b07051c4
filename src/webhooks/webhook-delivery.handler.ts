import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { again, DONE, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { LEASE_MS } from '../jobs/job-store.js';
import { DeliveryAttempts } from './delivery-attempts.js';
import { DeliveryRecorder } from './delivery-recorder.js';
import { Errands } from './errands.js';
import { ATTEMPT_TIMEOUT_MS } from './webhook-sender.js';

/** Makes the next attempt of a delivery. Killed in the middle, it is made again: receivers know messages by their id. */
@Injectable()
export class WebhookDeliveryHandler implements JobHandler, OnModuleInit {
  readonly kind = 'deliver_webhook';

  constructor(
    private readonly errands: Errands,
    private readonly attempts: DeliveryAttempts,
    private readonly recorder: DeliveryRecorder,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    checkLease(LEASE_MS);
    this.runner.register(this);
  }

  async run(deliveryId: string, turn: JobTurn): Promise<JobResult> {
    const delivery = await this.errands.findDelivery(deliveryId);
    if (delivery?.status !== 'pending') return DONE;
    const now = this.clock.now();
    // After a crash between the record and the job's release the job comes early.
    if (delivery.nextAttemptAt !== null && delivery.nextAttemptAt > now) return again(delivery.nextAttemptAt);
    // Somebody else may take over before this attempt could end.
    if (turn.leaseEndsAt - now < ATTEMPT_TIMEOUT_MS) return again(now);
    const errand = await this.errands.find(delivery);
    if (typeof errand !== 'string') return this.attempts.make(errand, turn.lease);
    await this.recorder.giveUp(delivery, errand);
    return DONE;
  }
}

/** A lease must well outlast an attempt, or a second worker would send what the first one is still sending. Throws. */
export function checkLease(leaseMs: number): void {
  if (leaseMs >= 2 * ATTEMPT_TIMEOUT_MS) return;
  throw new Error(`Jobs are leased for ${leaseMs} ms, but one attempt at a webhook may last ${ATTEMPT_TIMEOUT_MS} ms.`);
}
