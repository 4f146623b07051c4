import { Column, Entity, Index } from 'typeorm';
import type { Mode } from '#libs/provider-kit';
import { HashColumn, IdColumn, InstantColumn, JsonColumn, ReferenceColumn, TextColumn } from '../database/columns.js';
import { hashOf } from '../secrets/hash.js';
import type { EmailFacts } from './email-facts.js';
import type { EmailKind } from './email-kinds.js';

export const EMAIL_STATUSES = [
  'queued', //     waits for its first or next attempt
  'sent', //       the mail server took it
  'kept', //       this gateway sends no mail (no SMTP_URL): it can only be looked at
  'failed', //     the mail server refused it for good, or did not take it for two days
  'bounced', //    the mail server said for good that there is no such mailbox
  'suppressed', // its address bounced before, or its owner unsubscribed
] as const;

export type EmailStatus = (typeof EMAIL_STATUSES)[number];

/** Languages that we write mails in. */
export const EMAIL_LOCALES = ['fr', 'en'] as const;

export type EmailLocale = (typeof EMAIL_LOCALES)[number];

/** Everything that a mail says, as it was when it was written: rendering it again gives the same mail. */
export interface EmailContent {
  merchant: { name: string; colour: string | null; logoUrl: string | null; supportUrl: string | null };
  /** Who it is from, as people read it. */
  senderName: string;
  replyTo: string | null;
  facts: EmailFacts;
}

/** One mail to one person about one event. */
@Entity('emails')
@Index('emails_by_merchant', ['merchantId', 'mode', 'id'])
@Index('emails_by_subject', ['subjectId', 'id'])
@Index('emails_by_address', ['toHash', 'id'])
@Index('emails_once', ['dedupeHash'], { unique: true })
export class Email {
  @IdColumn()
  id!: string;

  @ReferenceColumn()
  merchantId!: string;

  @TextColumn(4)
  mode!: Mode;

  @TextColumn(32)
  kind!: EmailKind;

  @ReferenceColumn()
  eventId!: string;

  /** What it is about: a transaction, a link, an endpoint. */
  @ReferenceColumn()
  subjectId!: string;

  @TextColumn(254)
  toAddress!: string;

  @HashColumn()
  toHash!: string;

  @TextColumn(2)
  locale!: EmailLocale;

  @JsonColumn()
  content!: EmailContent;

  @TextColumn(12)
  status!: EmailStatus;

  /** How many attempts its present round had. */
  @Column({ type: 'int' })
  attempts!: number;

  /** Rises with every resend. It is part of the Message-ID, so that mailboxes do not take a resend for a duplicate. */
  @Column({ type: 'int' })
  round!: number;

  /** What the mail server said last, or why there was no answer. */
  @TextColumn(500, { nullable: true })
  lastAnswer!: string | null;

  @InstantColumn({ nullable: true })
  nextAttemptAt!: number | null;

  /** Of event, kind and address: the same mail is written once. */
  @HashColumn()
  dedupeHash!: string;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn({ nullable: true })
  sentAt!: number | null;
}

/** How an address is found again. By merchant and mode, so that nobody learns of addresses through another merchant. */
export function toAddressHash(owner: { readonly merchantId: string; readonly mode: Mode }, address: string): string {
  return hashOf(owner.merchantId, owner.mode, address.toLowerCase());
}
