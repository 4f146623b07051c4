import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { EventLog } from '../events/event-log.js';
import { notFound, Problem } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { EndpointOwner } from './webhook-endpoints.service.js';
import type { RecoveryChoice } from './webhook-recovery.dto.js';
import { WebhookRecovery } from './webhook-recovery.entity.js';

/** Events are kept at least so long. */
const LONGEST_BACK_MS = 90 * 24 * 3_600_000;

/** Starts recoveries and shows them. The work is a job's (RecoverWebhooksHandler). */
@Injectable()
export class WebhookRecoveriesService {
  constructor(
    private readonly database: Database,
    private readonly log: EventLog,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * Begins to send an endpoint what it missed. Throws `not_found`, `invalid_request` for a time that is past or to come, and
   * `conflict` where the endpoint would not get it or another recovery of it is running.
   */
  async start(
    { merchantId, mode }: EndpointOwner,
    endpointId: string,
    choice: RecoveryChoice,
  ): Promise<WebhookRecovery> {
    const now = this.clock.now();
    refuseOtherTimes(choice, now);
    const startPosition = await this.log.findPositionBefore({ merchantId, mode }, choice.since);
    const { lastPosition } = await this.log.getCounter({ merchantId, mode });
    const { selection, since, until, eventType } = choice;
    const recovery: WebhookRecovery = {
      id: this.ids.next('rcv'),
      merchantId,
      mode,
      endpointId,
      selection,
      status: 'running',
      since,
      until,
      eventType,
      startPosition,
      scannedPosition: startPosition,
      lastPosition: Math.max(lastPosition, startPosition),
      requeued: 0,
      createdAt: now,
      updatedAt: now,
      completedAt: null,
    };
    await this.database.write(async (tx) => {
      await this.refuseUnfit(tx, { id: endpointId, merchantId, mode });
      await tx.insert(WebhookRecovery, [recovery]);
      await this.jobs.add(tx, [{ kind: 'recover_webhooks', subjectId: recovery.id, runAt: now }]);
    });
    return recovery;
  }

  /** Throws `not_found`. */
  async get({ merchantId, mode }: EndpointOwner, id: string): Promise<WebhookRecovery> {
    const recovery = await this.database.read.findOne(WebhookRecovery, { where: { id, merchantId, mode } });
    if (!recovery) throw notFound();
    return recovery;
  }

  private async refuseUnfit(tx: Tx, owned: EndpointOwner & { readonly id: string }): Promise<void> {
    const { id, merchantId, mode } = owned;
    const query = tx.manager.createQueryBuilder(WebhookEndpoint, 'endpoint').where({ id, merchantId, mode });
    // Two who ask at once stand in line at the endpoint. On SQLite writers do anyway.
    if (this.database.kind === 'mysql') query.setLock('pessimistic_write');
    const endpoint = await query.getOne();
    if (!endpoint) throw notFound();
    if (!endpoint.enabled) throw new Problem('conflict', 'This endpoint is disabled. Enable it first.');
    const running = await tx.manager.findOne(WebhookRecovery, { where: { endpointId: id, status: 'running' } });
    if (!running) return;
    throw new Problem('conflict', `A recovery of this endpoint is running: GET /v1/webhook-recoveries/${running.id}.`, {
      members: { recoveryId: running.id },
    });
  }
}

function refuseOtherTimes({ since, until, sinceField }: RecoveryChoice, now: number): void {
  const fault =
    since > now
      ? 'lies in the future'
      : since < now - LONGEST_BACK_MS
        ? 'lies more than 90 days back'
        : until !== null && until <= since
          ? 'is not before createdTo'
          : undefined;
  if (fault === undefined) return;
  const detail = `${sinceField.slice(1)} ${fault}.`;
  throw new Problem('invalid_request', detail, { errors: [{ pointer: sinceField, code: 'out_of_range', detail }] });
}
