import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { toNumberCase } from '../database/number-case.js';
import type { Tx } from '../database/tx.js';
import type { EventRecord } from '../events/event.entity.js';
import { Jobs } from '../jobs/jobs.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { toDelivery } from './webhook-fanout.js';
import type { RecoverySelection } from './webhook-recovery.entity.js';

/** 100 messages a second: a fast endpoint keeps up, and one that does not is sent away by its turns (EndpointTurns). */
export const SPACING_MS = 10;

/** As much of a public event as a delivery needs. */
export type TypedEvent = Pick<EventRecord, 'id' | 'merchantId' | 'mode'> & { readonly type: string };

/** Starts many deliveries to one endpoint, spread over time. */
@Injectable()
export class WebhookRequeue {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * Sees to it that the endpoint gets these events, hundreds at most: makes the deliveries that there never were, and begins a
   * new round of those that were given up or wait for another try. What was taken, and what is about to be sent, is left
   * alone. Answers how many it started.
   */
  async start(
    tx: Tx,
    endpointId: string,
    events: readonly TypedEvent[],
    selection: RecoverySelection,
  ): Promise<number> {
    if (events.length === 0) return 0;
    const existing = await this.lockDeliveries(tx, endpointId, events);
    const now = this.clock.now();
    const runAts = new Map<string, number>();
    const fresh: WebhookDelivery[] = [];
    for (const event of events) {
      const delivery = existing.get(event.id);
      const firstAt = now + runAts.size * SPACING_MS;
      if (delivery === undefined && selection === 'undelivered') {
        fresh.push(toDelivery(event, endpointId, { id: this.ids.next('dlv'), now, firstAt }));
        runAts.set(fresh.at(-1)?.id ?? '', firstAt);
      } else if (delivery && isMissing(delivery, selection)) {
        runAts.set(delivery.id, firstAt);
      }
    }
    await tx.insert(WebhookDelivery, fresh);
    const freshIds = new Set(fresh.map(({ id }) => id));
    await beginRounds(tx, new Map([...runAts].filter(([id]) => !freshIds.has(id))));
    await this.jobs.ensureMany(tx, 'deliver_webhook', runAts);
    return runAts.size;
  }

  /** By event. Locked, so that none is taken between the look and the change. */
  private async lockDeliveries(
    tx: Tx,
    endpointId: string,
    events: readonly TypedEvent[],
  ): Promise<ReadonlyMap<string, WebhookDelivery>> {
    const query = tx.manager
      .createQueryBuilder(WebhookDelivery, 'delivery')
      .select(['delivery.id', 'delivery.eventId', 'delivery.status', 'delivery.roundAttempts'])
      .useIndex('webhook_deliveries_by_event')
      .where({ endpointId, eventId: In(events.map(({ id }) => id)) });
    if (this.database.kind === 'mysql') query.setLock('pessimistic_write');
    const deliveries = await query.getMany();
    return new Map(deliveries.map((delivery) => [delivery.eventId, delivery]));
  }
}

function isMissing({ status, roundAttempts }: WebhookDelivery, selection: RecoverySelection): boolean {
  if (status === 'failed') return true;
  // One that was not tried yet is on its way as it is.
  return selection === 'undelivered' && status === 'pending' && roundAttempts > 0;
}

async function beginRounds(tx: Tx, firstAts: ReadonlyMap<string, number>): Promise<void> {
  if (firstAts.size === 0) return;
  const { sql, parameters } = toNumberCase('id', firstAts);
  await tx.manager
    .createQueryBuilder()
    .update(WebhookDelivery)
    .set({ status: 'pending', roundAttempts: 0, failureReason: null, nextAttemptAt: () => sql })
    .where('id IN (:...ids)', { ids: [...firstAts.keys()] })
    .setParameters(parameters)
    .execute();
}
