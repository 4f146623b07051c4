import { Inject, Injectable } from '@nestjs/common';
import { LessThan, MoreThan } from 'typeorm';
import type { Clock, RandomBytes } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK, RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { EventLog } from '../events/event-log.js';
import type { EventStream } from '../events/event-position.entity.js';
import { notFound, Problem } from '../http/problem.js';
import { hashOf } from '../secrets/hash.js';
import type { IssuedTicket, RealtimeSession, Subject } from './realtime-session.js';
import { RealtimeTicket } from './realtime-ticket.entity.js';
import type { TicketSubscriptionRequest } from './realtime-ticket.dto.js';
import { readSubject } from './realtime-subjects.js';

/** Long enough to open a socket, too short to be worth finding in a log. */
export const TICKET_MS = 60_000;

const SHAPE = /^rtt_[\w-]{43}$/;

/** Tickets that open one WebSocket each, once over all processes. */
@Injectable()
export class RealtimeTickets {
  constructor(
    private readonly database: Database,
    private readonly log: EventLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomBytes,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl'>,
  ) {}

  /** For a browser of the caller's. Throws `invalid_request`, or `not_found` for what is not the caller's. */
  async issue(caller: MerchantCaller, requested?: readonly TicketSubscriptionRequest[]): Promise<IssuedTicket> {
    const narrowed = requested?.map(readSubject) ?? null;
    for (const subject of narrowed ?? []) {
      if ('subject' in subject && !(await this.log.isKnown(caller, subject.subject))) throw notFound();
    }
    return this.insert({ merchantId: caller.merchantId, mode: caller.mode, keyId: caller.keyId, narrowed });
  }

  /**
   * For the customer on a link's payment page: its socket is subscribed to that link at once, sees types and statuses of the
   * link's events and nothing else, and may subscribe to nothing else. Whoever calls knows that the link is the stream's.
   */
  issueForLink({ merchantId, mode }: EventStream, linkId: string): Promise<IssuedTicket> {
    return this.insert({ merchantId, mode, keyId: null, narrowed: [{ to: 'link', subject: linkId }] });
  }

  /** What the ticket would open; undefined where it was used, is over, or never was. It stays as it is. */
  async find(ticket: string): Promise<RealtimeSession | undefined> {
    if (!SHAPE.test(ticket)) return undefined;
    const where = { ticketHash: toHash(ticket), endsAt: MoreThan(this.clock.now()) };
    const row = await this.database.read.findOne(RealtimeTicket, { where });
    if (!row) return undefined;
    const { merchantId, mode, keyId, narrowed } = row;
    return { merchantId, mode, keyId, narrowed, audience: keyId === null ? 'customer' : 'merchant' };
  }

  /** Uses it up. Of many who try at once, in whichever processes, one is answered true. */
  use(ticket: string): Promise<boolean> {
    return this.database.write(async (tx) => {
      const { affected } = await tx.manager.delete(RealtimeTicket, { ticketHash: toHash(ticket) });
      return affected === 1;
    });
  }

  /** Forgets tickets that nobody used. */
  async sweep(): Promise<void> {
    const now = this.clock.now();
    await this.database.write((tx) => tx.manager.delete(RealtimeTicket, { endsAt: LessThan(now) }));
  }

  private async insert(given: {
    readonly merchantId: string;
    readonly mode: EventStream['mode'];
    readonly keyId: string | null;
    readonly narrowed: readonly Subject[] | null;
  }): Promise<IssuedTicket> {
    const ticket = `rtt_${this.random(32).toString('base64url')}`;
    const endsAt = this.clock.now() + TICKET_MS;
    await this.database.write((tx) => tx.insert(RealtimeTicket, [{ ticketHash: toHash(ticket), ...given, endsAt }]));
    return { ticket, url: `${this.settings.publicUrl.replace(/^http/, 'ws')}/v1/realtime?ticket=${ticket}`, endsAt };
  }
}

/** The refusal of a ticket: the same for all that is wrong with one. */
export function ticketRefused(): Problem {
  return new Problem(
    'unauthenticated',
    'The ticket was used, is older than a minute, or never existed. Get a new one.',
    {
      headers: { 'www-authenticate': 'Bearer realm="malipo"' },
    },
  );
}

function toHash(ticket: string): string {
  return hashOf('realtime ticket', ticket);
}
