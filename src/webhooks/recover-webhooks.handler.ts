import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { EventLog } from '../events/event-log.js';
import { EventSequencer } from '../events/event-sequencer.js';
import { again, DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { matchesType } from './event-types.js';
import { SPACING_MS, WebhookRequeue, type TypedEvent } from './webhook-requeue.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookRecovery, type RecoveryStatus } from './webhook-recovery.entity.js';

/** What is started in one transaction. */
export const EVENTS_A_TURN = 500;

/** An event that was being committed while the endpoint was enabled may have missed it: it is numbered by then. */
export const SETTLES_MS = 5_000;

const SEQUENCER_TRANSACTIONS = 20;

/**
 * Walks along the merchant's events and starts what the endpoint has not taken. One turn is one transaction: how far it came,
 * and what it started. Killed in the middle it does the same again; two at once stand in line, and the second does nothing.
 */
@Injectable()
export class RecoverWebhooksHandler implements JobHandler, OnModuleInit {
  readonly kind = 'recover_webhooks';

  constructor(
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly sequencer: EventSequencer,
    private readonly requeue: WebhookRequeue,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(recoveryId: string): Promise<JobResult> {
    const recovery = await this.database.read.findOne(WebhookRecovery, { where: { id: recoveryId } });
    if (recovery?.status !== 'running') return DONE;
    const endpoint = await this.database.read.findOne(WebhookEndpoint, { where: { id: recovery.endpointId } });
    if (!endpoint?.enabled) return this.end(recovery, 'stopped');
    // What was committed just now counts too.
    await this.sequencer.sequence(recovery, SEQUENCER_TRANSACTIONS);
    const lastPosition = Math.max(await this.findEnd(recovery), recovery.scannedPosition);
    if (recovery.scannedPosition < lastPosition) return this.scan(recovery, endpoint, lastPosition);
    const settledAt = recovery.createdAt + SETTLES_MS;
    return this.clock.now() < settledAt ? again(settledAt) : this.end(recovery, 'completed');
  }

  /** The last position to look at, as far as events go now. */
  private async findEnd({ merchantId, mode, until }: WebhookRecovery): Promise<number> {
    const { lastPosition } = await this.log.getCounter({ merchantId, mode });
    if (until === null) return lastPosition;
    return this.log.findPositionAfter({ merchantId, mode }, until);
  }

  private async scan(recovery: WebhookRecovery, endpoint: WebhookEndpoint, lastPosition: number): Promise<JobResult> {
    const { id, scannedPosition } = recovery;
    const end = Math.min(scannedPosition + EVENTS_A_TURN, lastPosition);
    const events = await this.log
      .selectRange(recovery, { from: scannedPosition + 1, to: end })
      .select(['event.id', 'event.merchantId', 'event.mode', 'event.type', 'event.createdAt'])
      .getMany();
    const wanted = events.filter((event) => isWanted(event, recovery, endpoint));
    const now = this.clock.now();
    const requeued = await this.database.write(async (tx) => {
      const moved = { scannedPosition: end, lastPosition, updatedAt: now };
      const { affected } = await tx.manager.update(WebhookRecovery, { id, scannedPosition, status: 'running' }, moved);
      // After a lapsed lease: somebody else has done this part.
      if (affected === 0) return 0;
      const count = await this.requeue.start(tx, endpoint.id, wanted, recovery.selection);
      if (count > 0) await tx.manager.update(WebhookRecovery, { id }, { requeued: recovery.requeued + count });
      return count;
    });
    return again(now + requeued * SPACING_MS);
  }

  private async end({ id }: WebhookRecovery, status: RecoveryStatus): Promise<JobResult> {
    const now = this.clock.now();
    await this.database.write((tx) =>
      tx.manager.update(WebhookRecovery, { id, status: 'running' }, { status, updatedAt: now, completedAt: now }),
    );
    return DONE;
  }
}

type ScannedEvent = { readonly type: string | null; readonly createdAt: number };

/** Test pings are no messages: nobody misses one. */
function isWanted<E extends ScannedEvent>(
  event: E,
  { selection, since, until, eventType }: WebhookRecovery,
  endpoint: WebhookEndpoint,
): event is E & TypedEvent {
  const { type, createdAt } = event;
  if (type === null || type === 'test.ping') return false;
  if (createdAt < since || (until !== null && createdAt >= until)) return false;
  if (eventType !== null && !matchesType([eventType], type)) return false;
  return selection === 'failed' || matchesType(endpoint.events, type);
}
