import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { notFound } from '../http/problem.js';
import { kindRow } from './email-kinds.js';
import { EmailSuppression, type SuppressionReason } from './email-suppression.entity.js';
import { toAddressHash, type Email } from './email.entity.js';

/** Whose mails. */
export interface EmailOwner {
  readonly merchantId: string;
  readonly mode: Mode;
}

/** An address to mark, and why. */
export interface NewSuppression extends EmailOwner {
  readonly address: string;
  readonly reason: SuppressionReason;
  readonly detail: string | null;
}

/** The addresses that get no mails, each merchant's for itself. */
@Injectable()
export class EmailSuppressions {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Marks an address. Once more changes nothing. */
  async add(tx: Tx, { merchantId, mode, address, reason, detail }: NewSuppression): Promise<void> {
    const addressHash = toAddressHash({ merchantId, mode }, address);
    if (await tx.manager.exists(EmailSuppression, { where: { addressHash, reason } })) return;
    const row = { merchantId, mode, address, addressHash, reason, detail: detail?.slice(0, 500) ?? null };
    try {
      await tx.insert(EmailSuppression, [{ id: this.ids.next('sup'), ...row, createdAt: this.clock.now() }]);
    } catch (error) {
      // Another process has marked it in the same moment.
      if (!isDuplicate(error)) throw error;
    }
  }

  /** Why this mail may not be sent; undefined if it may. A bounce stops everything, its owner's wish only notices. */
  async findReason({ toHash, kind }: Pick<Email, 'toHash' | 'kind'>): Promise<SuppressionReason | undefined> {
    const marks = await this.database.read.find(EmailSuppression, { where: { addressHash: toHash } });
    const reasons = marks.map(({ reason }) => reason);
    if (reasons.includes('bounced')) return 'bounced';
    return kindRow(kind).to !== 'customer' && reasons.includes('unsubscribed') ? 'unsubscribed' : undefined;
  }

  async list<T>(
    { merchantId, mode }: EmailOwner,
    { limit, cursor }: PageQuery,
    shape: (row: EmailSuppression) => T,
  ): Promise<Page<T>> {
    const binding = ['email_suppressions', merchantId, mode];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read.find(EmailSuppression, {
      where: { merchantId, mode, ...(after !== undefined && { id: LessThan(after) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return this.cursors.toPage(rows, limit, binding, shape);
  }

  /** Throws `not_found`. */
  async get({ merchantId, mode }: EmailOwner, id: string): Promise<EmailSuppression> {
    const row = await this.database.read.findOne(EmailSuppression, { where: { id, merchantId, mode } });
    if (!row) throw notFound();
    return row;
  }

  /** Mails go there again from now on; what was held back meanwhile can be resent. Throws `not_found`. */
  async lift({ merchantId, mode }: EmailOwner, id: string): Promise<void> {
    const { affected } = await this.database.write((tx) =>
      tx.manager.delete(EmailSuppression, { id, merchantId, mode }),
    );
    if (affected === 0) throw notFound();
  }
}
