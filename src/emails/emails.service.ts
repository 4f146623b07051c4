import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { Database } from '../database/database.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { notFound } from '../http/problem.js';
import type { EmailKind } from './email-kinds.js';
import { renderEmail, type RenderedEmail } from './email-renderer.js';
import type { EmailOwner } from './email-suppressions.js';
import { Email, toAddressHash, type EmailStatus } from './email.entity.js';
import { UnsubscribeLinks } from './unsubscribe-links.js';

/** What a list of mails is narrowed to. */
export interface EmailFilters {
  readonly kind?: EmailKind;
  readonly status?: EmailStatus;
  readonly transactionId?: string;
  readonly to?: string;
}

/** Shows merchants their mails. */
@Injectable()
export class EmailsService {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly links: UnsubscribeLinks,
  ) {}

  /** Throws `not_found`. */
  async get({ merchantId, mode }: EmailOwner, id: string): Promise<Email> {
    const email = await this.database.read.findOne(Email, { where: { id, merchantId, mode } });
    if (!email) throw notFound();
    return email;
  }

  async list<T>(
    owner: EmailOwner,
    { limit, cursor, kind, status, transactionId, to }: PageQuery & EmailFilters,
    shape: (email: Email) => T,
  ): Promise<Page<T>> {
    const { merchantId, mode } = owner;
    const toHash = to === undefined ? undefined : toAddressHash(owner, to);
    const binding = ['emails', merchantId, mode, kind ?? '', status ?? '', transactionId ?? '', toHash ?? ''];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read
      .createQueryBuilder(Email, 'email')
      // Left alone, the planner takes the primary key for a large merchant and reads everybody's rows.
      .useIndex(toIndex({ transactionId, to }))
      .where({
        merchantId,
        mode,
        ...(kind !== undefined && { kind }),
        ...(status !== undefined && { status }),
        ...(transactionId !== undefined && { subjectId: transactionId }),
        ...(toHash !== undefined && { toHash }),
        ...(after !== undefined && { id: LessThan(after) }),
      })
      .orderBy('email.id', 'DESC')
      .take(limit + 1)
      .getMany();
    return this.cursors.toPage(rows, limit, binding, shape);
  }

  /** The mail as it is or was sent, but for its link to unsubscribe, which is its reader's alone. Throws `not_found`. */
  async preview(owner: EmailOwner, id: string): Promise<RenderedEmail> {
    const email = await this.get(owner, id);
    return renderEmail(email, this.links.urlFor(email) === undefined ? undefined : this.links.placeholder);
  }
}

function toIndex({ transactionId, to }: EmailFilters): string {
  if (transactionId !== undefined) return 'emails_by_subject';
  return to === undefined ? 'emails_by_merchant' : 'emails_by_address';
}
