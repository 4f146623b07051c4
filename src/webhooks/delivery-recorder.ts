import { Inject, Injectable } from '@nestjs/common';
import type { Clock, RandomBytes } from '#libs/primitives';
import { CLOCK, RANDOM } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, DONE, ENDED, type JobResult } from '../jobs/job-handler.js';
import type { JobLease } from '../jobs/job-endings.js';
import { isSuccess, toChange } from './delivery-outcome.js';
import { DeliveryReceipts } from './delivery-receipts.js';
import { EndpointHealth } from './endpoint-health.js';
import type { Errand } from './errands.js';
import { readRetryAfter, toNextWait } from './delivery-schedule.js';
import type { DeliveryAttempt, DeliveryFailure } from './webhook-delivery.entity.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { SendResult } from './webhook-sender.js';

// Only a redelivery, or a second worker after a lapsed lease, can come in between.
const MOST_TRIES = 10;

/** Writes down what came of attempts, with everything that follows from it, in one transaction. */
@Injectable()
export class DeliveryRecorder {
  constructor(
    private readonly database: Database,
    private readonly health: EndpointHealth,
    private readonly receipts: DeliveryReceipts,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** Answers what becomes of the job that made the attempt. */
  async record(errand: Errand, result: SendResult, lease: JobLease): Promise<JobResult> {
    const { delivery, endpoint } = errand;
    const attempt = toAttempt(result);
    const isPlain = isSuccess(attempt) && delivery.attemptCount === 0 && endpoint.failingSince === null;
    if (isPlain && (await this.receipts.note({ delivery, attempt, lease }))) return ENDED;
    const nextAttemptAt = await this.recordAlone(delivery, endpoint, result);
    return nextAttemptAt === undefined ? DONE : again(nextAttemptAt);
  }

  /** Answers when to try again, or undefined where the delivery is over. */
  private async recordAlone(
    loaded: WebhookDelivery,
    endpoint: WebhookEndpoint,
    result: SendResult,
  ): Promise<number | undefined> {
    let delivery: WebhookDelivery | null = loaded;
    for (let tries = 0; delivery !== null; tries++) {
      if (tries === MOST_TRIES) throw new Error(`The delivery ${delivery.id} changes faster than we can write it.`);
      const written = await this.tryToRecord(delivery, endpoint, result);
      if (written) return written.nextAttemptAt ?? undefined;
      delivery = await this.database.read.findOne(WebhookDelivery, { where: { id: delivery.id } });
    }
    return undefined;
  }

  /** Ends a delivery that nothing was sent for. */
  async giveUp(delivery: WebhookDelivery, failureReason: DeliveryFailure): Promise<void> {
    await this.database.write((tx) =>
      tx.manager.update(
        WebhookDelivery,
        { id: delivery.id, status: 'pending' },
        { status: 'failed', failureReason, nextAttemptAt: null },
      ),
    );
  }

  private tryToRecord(delivery: WebhookDelivery, endpoint: WebhookEndpoint, result: SendResult) {
    const attempt = toAttempt(result);
    const now = this.clock.now();
    const retryAfterMs = readRetryAfter(result.retryAfter, now);
    const waitMs = toNextWait({ count: delivery.roundAttempts + 1, retryAfterMs }, this.random);
    const change = toChange(delivery, attempt, { now, waitMs });
    // What the change was worked out from stands in the WHERE: nobody else's word is written over.
    const { id, status, attemptCount, roundAttempts } = delivery;
    return this.database.write(async (tx) => {
      const updated = await tx.manager.update(WebhookDelivery, { id, status, attemptCount, roundAttempts }, change);
      if (updated.affected === 0) return undefined;
      await this.health.note(tx, endpoint, attempt);
      return { ...delivery, ...change };
    });
  }
}

function toAttempt({ at, statusCode, answer, durationMs }: SendResult): DeliveryAttempt {
  return { at, statusCode, answer, durationMs };
}
