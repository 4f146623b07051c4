import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { Inserts, Tx } from '../database/tx.js';
import type { EventRecord } from '../events/event.entity.js';
import { Jobs } from '../jobs/jobs.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { hashOf } from '../secrets/hash.js';
import { toNews, type EmailNews } from './email-facts.js';
import { findKinds, kindRow, type EmailKind } from './email-kinds.js';
import { toOneLine } from './email-format.js';
import { Email, toAddressHash, type EmailLocale } from './email.entity.js';
import { defaultSettings, NotificationSettings } from './notification-settings.entity.js';

const LONGEST_SENDER = 78;

/** The merchant as its mails show it. */
interface Sender {
  readonly merchant: Merchant;
  readonly settings: NotificationSettings;
}

/** An event that mails are to be written about. */
interface Notice {
  readonly event: EventRecord;
  readonly kinds: readonly EmailKind[];
  readonly news: EmailNews;
}

/** Writes the mails that events lead to: one row and one job each, in the transaction that made the events. */
@Injectable()
export class EmailFanout {
  constructor(
    private readonly jobs: Jobs,
    @Inject(SETTINGS) private readonly gateway: Pick<Settings, 'smtp'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Events that lead to no mail, which are nearly all, cost no statement. */
  async announce(tx: Tx, events: readonly EventRecord[]): Promise<void> {
    const notices = toNotices(events);
    if (notices.length === 0) return;
    const senders = await findSenders(
      tx,
      notices.map(({ event }) => event),
    );
    const emails = notices.flatMap((notice) => {
      const sender = senders.get(keyOf(notice.event));
      return sender ? this.toEmails(notice, sender) : [];
    });
    await tx.insert(Email, emails);
    await this.jobs.add(
      tx,
      emails
        .filter(({ status }) => status === 'queued')
        .map(({ id, createdAt }) => ({ kind: 'send_email', subjectId: id, runAt: createdAt })),
    );
  }

  /** For those who can only add rows: a job writes the mails a moment later. Durable in the same transaction. */
  async announceLater(tx: Inserts, events: readonly EventRecord[]): Promise<void> {
    const runAt = this.clock.now();
    const jobs = toNotices(events).map(
      ({ event }) => ({ kind: 'announce_emails', subjectId: event.id, runAt }) as const,
    );
    if (jobs.length > 0) await this.jobs.add(tx, jobs);
  }

  private toEmails(notice: Notice, sender: Sender): Email[] {
    const { switches } = sender.settings;
    return notice.kinds
      .filter((kind) => switches[kind] ?? kindRow(kind).byDefault)
      .flatMap((kind) => findAddresses(kind, notice, sender).map((to) => this.toEmail(kind, to, notice, sender)));
  }

  private toEmail(kind: EmailKind, to: string, { event, news }: Notice, { merchant, settings }: Sender): Email {
    const now = this.clock.now();
    const sends = this.gateway.smtp !== undefined;
    const isCustomer = kindRow(kind).to === 'customer';
    return {
      id: this.ids.next('eml'),
      merchantId: event.merchantId,
      mode: event.mode,
      kind,
      eventId: event.id,
      subjectId: event.subjectId,
      toAddress: to,
      toHash: toAddressHash(event, to),
      locale: toLocale(isCustomer ? news.customer.locale : undefined, merchant.locale),
      content: {
        merchant: {
          name: toOneLine(merchant.name, 120),
          colour: merchant.colour,
          logoUrl: settings.logoUrl ?? merchant.logoUrl,
          supportUrl: merchant.supportUrl,
        },
        senderName: toOneLine(settings.senderName ?? merchant.name, LONGEST_SENDER),
        replyTo: settings.replyTo,
        facts: news.facts,
      },
      status: sends ? 'queued' : 'kept',
      attempts: 0,
      round: 1,
      lastAnswer: null,
      nextAttemptAt: sends ? now : null,
      dedupeHash: hashOf(event.id, kind, to.toLowerCase()),
      createdAt: now,
      sentAt: null,
    };
  }
}

function toNotices(events: readonly EventRecord[]): Notice[] {
  return events.flatMap((event) => {
    const kinds = findKinds(event.type).filter((kind) => hasStatus(event, kindRow(kind).status));
    // Most events end here: what their object says is read only where somebody is to be told of it.
    const news = kinds.length === 0 ? undefined : toNews(event);
    return !news || isOwnDoing(news) ? [] : [{ event, kinds, news }];
  });
}

function hasStatus({ data }: EventRecord, wanted: string | undefined): boolean {
  return wanted === undefined || (data !== null && 'status' in data && data.status === wanted);
}

// Nobody needs a mail about what they did themselves: a cancellation by the merchant has no reason, the customer's has.
function isOwnDoing({ status, facts }: EmailNews): boolean {
  return status === 'cancelled' && facts.failure === undefined;
}

async function findSenders(tx: Tx, events: readonly EventRecord[]): Promise<ReadonlyMap<string, Sender>> {
  const ids = In([...new Set(events.map(({ merchantId }) => merchantId))]);
  const merchants = await tx.manager.find(Merchant, { where: { id: ids } });
  const settings = await tx.manager.find(NotificationSettings, { where: { merchantId: ids } });
  const byMerchant = new Map(merchants.map((merchant) => [merchant.id, merchant]));
  const byKey = new Map(settings.map((row) => [keyOf(row), row]));
  return new Map(
    events.flatMap((event) => {
      const merchant = byMerchant.get(event.merchantId);
      if (!merchant) return [];
      const key = keyOf(event);
      return [[key, { merchant, settings: byKey.get(key) ?? defaultSettings(event.merchantId, event.mode) }]];
    }),
  );
}

function keyOf({ merchantId, mode }: Pick<EventRecord, 'merchantId' | 'mode'>): string {
  return `${merchantId} ${mode}`;
}

/** Each address once, however it is written. */
function findAddresses(kind: EmailKind, { news }: Notice, { merchant, settings }: Sender): string[] {
  const own = [merchant.notificationEmail].filter((address) => address !== null);
  const recipients = settings.recipients.length > 0 ? settings.recipients : own;
  const found = {
    customer: [news.customer.email].filter((address) => address !== undefined),
    merchant: recipients,
    approvers: settings.approvers.length > 0 ? settings.approvers : recipients,
  }[kindRow(kind).to];
  return [...new Map(found.map((address) => [address.toLowerCase(), address])).values()];
}

function toLocale(...wishes: readonly (string | undefined)[]): EmailLocale {
  const wish = wishes.find((locale) => locale !== undefined);
  return wish === 'fr' ? 'fr' : 'en';
}
