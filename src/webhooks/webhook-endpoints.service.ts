import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { notFound, Problem } from '../http/problem.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** For each merchant and mode. One endpoint listens to any number of types; many only multiply every event. */
export const MOST_ENDPOINTS = 20;

const HOUR = 3_600_000;

/** Whose endpoints. */
export interface EndpointOwner {
  readonly merchantId: string;
  readonly mode: Mode;
}

/** What a merchant decides about an endpoint. */
export interface EndpointChanges {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  readonly enabled?: boolean;
}

/** Adds, changes and removes the endpoints of merchants. */
@Injectable()
export class WebhookEndpointsService {
  constructor(
    private readonly database: Database,
    private readonly egress: EgressGuard,
    private readonly secrets: EndpointSecrets,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Answers the endpoint and, this once, its signing secret. */
  async create(
    { merchantId, mode }: EndpointOwner,
    given: EndpointChanges & { readonly url: string },
  ): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
    await this.refuseUnfit(given.url, mode);
    const id = this.ids.next('whk');
    const { secret, sealedSecret } = this.secrets.make(id);
    const now = this.clock.now();
    const enabled = given.enabled ?? true;
    const endpoint: WebhookEndpoint = {
      id,
      merchantId,
      mode,
      url: given.url,
      events: [...new Set(given.events ?? ['*'])],
      description: given.description ?? null,
      enabled,
      disabledReason: enabled ? null : 'merchant',
      sealedSecret,
      sealedPreviousSecret: null,
      previousSecretEndsAt: null,
      failingSince: null,
      failingAnnounced: false,
      createdAt: now,
      updatedAt: now,
    };
    await this.database.write(async (tx) => {
      await this.refuseTooMany(tx, { merchantId, mode });
      await tx.insert(WebhookEndpoint, [endpoint]);
    });
    return { endpoint, secret };
  }

  /** Changes what is given and leaves the rest. Throws `not_found`. */
  async update({ merchantId, mode }: EndpointOwner, id: string, changes: EndpointChanges): Promise<WebhookEndpoint> {
    const { url, events, description, enabled } = changes;
    if (url !== undefined) await this.refuseUnfit(url, mode);
    const owned = { id, merchantId, mode };
    await this.database.write((tx) =>
      tx.manager.update(WebhookEndpoint, owned, {
        // A property that is undefined is not touched.
        url,
        events: events && [...new Set(events)],
        description,
        enabled,
        disabledReason: enabled === undefined ? undefined : enabled ? null : 'merchant',
        // Another address, or one that the merchant vouches for, starts with a clean record.
        ...((url !== undefined || enabled === true) && { failingSince: null, failingAnnounced: false }),
        updatedAt: this.clock.now(),
      }),
    );
    const endpoint = await this.database.read.findOne(WebhookEndpoint, { where: owned });
    if (!endpoint) throw notFound();
    return endpoint;
  }

  /**
   * Gives the endpoint a new signing secret, answered this once. The old one signs beside it for so many hours, so that a
   * receiver can change over without losing a message; of two rotations in a row only the latest old secret goes on. Throws
   * `not_found`.
   */
  async rotateSecret(
    { merchantId, mode }: EndpointOwner,
    id: string,
    overlapHours: number,
  ): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
    return this.database.write(async (tx) => {
      const endpoint = await tx.manager.findOne(WebhookEndpoint, {
        where: { id, merchantId, mode },
        // Two at once stand in line: each answers a secret that was in force.
        ...(this.database.kind === 'mysql' && { lock: { mode: 'pessimistic_write' } }),
      });
      if (!endpoint) throw notFound();
      const now = this.clock.now();
      const { secret, row } = this.secrets.rotate(endpoint, overlapHours * HOUR, now);
      const changes = { ...row, updatedAt: now };
      await tx.manager.update(WebhookEndpoint, { id }, changes);
      return { endpoint: { ...endpoint, ...changes }, secret };
    });
  }

  /** Its secret goes with it, and what is on its way to it is not sent any more. Throws `not_found`. */
  async remove({ merchantId, mode }: EndpointOwner, id: string): Promise<void> {
    const removed = await this.database.write((tx) => tx.manager.delete(WebhookEndpoint, { id, merchantId, mode }));
    if (removed.affected === 0) throw notFound();
  }

  private async refuseUnfit(url: string, mode: Mode): Promise<void> {
    const insecure = mode === 'live' && !/^https:/i.test(url);
    const objection = insecure ? 'in live mode an endpoint must be https' : await this.egress.findObjection(url);
    if (objection === undefined) return;
    const detail = `This address cannot be an endpoint: ${objection}.`;
    throw new Problem('url_not_allowed', detail, { errors: [{ pointer: '/url', code: 'url_not_allowed', detail }] });
  }

  private async refuseTooMany(tx: Tx, owner: EndpointOwner): Promise<void> {
    // The merchant's row makes creations stand in line. On SQLite writers do anyway.
    const merchant = tx.manager.createQueryBuilder(Merchant, 'merchant').where({ id: owner.merchantId });
    if (this.database.kind === 'mysql') await merchant.setLock('pessimistic_write').getOne();
    const count = await tx.manager.count(WebhookEndpoint, { where: { ...owner } });
    if (count < MOST_ENDPOINTS) return;
    throw new Problem(
      'conflict',
      `There are ${MOST_ENDPOINTS} endpoints, the most a merchant can have in a mode. Remove one, or let one listen to more.`,
    );
  }
}
