import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { firstIdAt, type Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Cursors, type Page } from '../http/pages.js';
import { notFound, Problem } from '../http/problem.js';
import { ReferenceKey, toReferenceHash } from '../transactions/reference-key.entity.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import { LinkLife } from './link-life.js';
import type { ListPaymentLinksQuery } from './payment-link.dto.js';
import { PaymentLink } from './payment-link.entity.js';

/** Whose links. */
export type LinkOwner = Pick<MerchantCaller, 'merchantId' | 'mode'>;

/** What merchants ask about their links, and how they call one off. */
@Injectable()
export class PaymentLinksService {
  constructor(
    private readonly database: Database,
    private readonly life: LinkLife,
    private readonly lifecycle: TransactionLifecycle,
    private readonly cursors: Cursors,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `not_found`. */
  async get({ merchantId, mode }: LinkOwner, id: string): Promise<PaymentLink> {
    const link = await this.database.read.findOne(PaymentLink, { where: { id, merchantId, mode } });
    if (!link) throw notFound();
    return link;
  }

  /** Newest first. The sortable id is the cursor, so a page costs the same however deep it lies. */
  async list<T>(owner: LinkOwner, query: ListPaymentLinksQuery, shape: (link: PaymentLink) => T): Promise<Page<T>> {
    const { limit, cursor, ...filters } = query;
    const { merchantId, mode } = owner;
    const binding = ['payment_links', merchantId, mode, filters];
    const after = this.cursors.read(cursor, binding);
    const { reference, status, createdFrom, createdTo } = filters;
    const only = reference === undefined ? undefined : await this.findByReference(owner, reference);
    if (reference !== undefined && only === undefined) return { data: [], hasMore: false, nextCursor: null };
    const list = this.database.read.createQueryBuilder(PaymentLink, 'link').where({ merchantId, mode });
    if (only !== undefined) list.andWhere({ id: only });
    // Left alone, the planner walks the primary key of a large merchant and meets everybody else's rows.
    else list.useIndex('payment_links_by_merchant');
    if (status !== undefined) list.andWhere({ status });
    if (after !== undefined) list.andWhere({ id: LessThan(after) });
    if (createdFrom !== undefined)
      list.andWhere('link.id >= :from', { from: firstIdAt('lnk', Date.parse(createdFrom)) });
    if (createdTo !== undefined) list.andWhere('link.id < :to', { to: firstIdAt('lnk', Date.parse(createdTo)) });
    const rows = await list
      .orderBy('link.id', 'DESC')
      .limit(limit + 1)
      .getMany();
    return this.cursors.toPage(rows, limit, binding, shape);
  }

  /**
   * Nobody can begin to pay any more. A collection that was not sent yet is cancelled with it; money that is on its way is
   * still recorded and told as `paid_late`. Throws `not_cancellable` where the link is over.
   */
  async cancel(owner: LinkOwner, id: string, principalId: string): Promise<PaymentLink> {
    await this.get(owner, id);
    return this.database.write(async (tx) => {
      const link = await this.life.lock(tx, id);
      if (link.status !== 'active') throw notCancellable(link);
      const changes = { status: 'cancelled', completedAt: this.clock.now() } as const;
      const cancelled = await this.life.change(tx, link, changes, 'cancelled');
      if (link.activeTransactionId === null) return cancelled;
      await this.lifecycle.reportIn(tx, {
        transactionId: link.activeTransactionId,
        event: 'cancelled',
        onlyFrom: ['created'],
        quiet: true,
        evidence: { source: 'merchant', says: 'cancelled', detail: 'Its payment link was cancelled.', principalId },
      });
      return this.life.lock(tx, id);
    });
  }

  /** A reference is unique for ever, so its key leads to the link at once. */
  private async findByReference({ merchantId, mode }: LinkOwner, reference: string): Promise<string | undefined> {
    const referenceHash = toReferenceHash({ merchantId, mode, kind: 'payment_link', reference });
    const key = await this.database.read.findOne(ReferenceKey, { where: { referenceHash } });
    return key?.transactionId;
  }
}

function notCancellable({ status }: PaymentLink): Problem {
  return new Problem('not_cancellable', `It is ${status}: only an active link can be cancelled.`, {
    members: { linkStatus: status },
  });
}
