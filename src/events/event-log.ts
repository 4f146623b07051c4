import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Database } from '../database/database.js';
import { notFound, Problem } from '../http/problem.js';
import { EventPosition, type EventStream } from './event-position.entity.js';
import { AWAITS_POSITION, EventRecord } from './event.entity.js';

/** How many positions a list of some types looks at in one request. */
export const WINDOW = 5_000;

const MOST_DISORDER_MS = 60 * 60_000;

/** What a list of events is narrowed to. */
export interface EventFilters {
  /** Exact types; undefined for all. */
  readonly types?: readonly string[];
  readonly transactionId?: string;
}

/** Events in order, and where to go on. */
export interface EventPage {
  readonly events: readonly EventRecord[];
  readonly hasMore: boolean;
  /** The id to go on after; null where there is nothing yet. */
  readonly next: string | null;
}

/** What a list can show: a part of the stream, both ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The events of a merchant in their order, as far as they are numbered and kept. */
@Injectable()
export class EventLog {
  constructor(private readonly database: Database) {}

  /** Throws `not_found`. */
  async get({ merchantId, mode }: EventStream, id: string): Promise<EventRecord> {
    const event = await this.database.read.findOne(EventRecord, { where: { id, merchantId, mode } });
    const { firstPosition } = await this.getCounter({ merchantId, mode });
    if (!event || !isShown(event) || event.position < firstPosition) throw notFound();
    return event;
  }

  /** At most `limit` events after that one, oldest first. Throws `invalid_cursor`. */
  async list(stream: EventStream, after: string | undefined, limit: number, filters: EventFilters): Promise<EventPage> {
    // First how far the stream goes: what is numbered while we read belongs to the next page.
    const counter = await this.getCounter(stream);
    const from = after === undefined ? counter.firstPosition : await this.getStart(stream, after, counter);
    const range = { from, to: counter.lastPosition };
    const page = await this.listRange(stream, range, limit, filters);
    return { ...page, next: page.next ?? after ?? null };
  }

  /** How far the stream is numbered, and from where it is kept. */
  async getCounter({ merchantId, mode }: EventStream): Promise<EventPosition> {
    const counter = await this.database.read.findOne(EventPosition, { where: { merchantId, mode } });
    return counter ?? { merchantId, mode, lastPosition: 0, firstPosition: 1 };
  }

  /** The rows of a range in order, which the index alone finds. */
  selectRange({ merchantId, mode }: EventStream, { from, to }: Range): SelectQueryBuilder<EventRecord> {
    return (
      this.database.read
        .createQueryBuilder(EventRecord, 'event')
        // Left alone, the planner may take another index and read everybody's events.
        .useIndex('events_by_position')
        .where({ merchantId, mode })
        .andWhere('event.position BETWEEN :from AND :to', { from, to })
        .orderBy('event.position')
    );
  }

  /** What a range holds about one subject, oldest first: a transaction, a link, a batch … */
  listSubject(stream: EventStream, range: Range, limit: number, subjectId: string): Promise<EventPage> {
    return this.listTransaction(stream, range, limit, { types: undefined, transactionId: subjectId });
  }

  /** Whether the stream has an event about that. Whatever events are about begins with one. */
  async isKnown({ merchantId, mode }: EventStream, subjectId: string): Promise<boolean> {
    return this.database.read.exists(EventRecord, { where: { subjectId, merchantId, mode } });
  }

  private listRange(stream: EventStream, range: Range, limit: number, filters: EventFilters): Promise<EventPage> {
    const { types, transactionId } = filters;
    if (transactionId !== undefined) return this.listTransaction(stream, range, limit, { types, transactionId });
    return types === undefined ? this.listAll(stream, range, limit) : this.listTypes(stream, range, limit, types);
  }

  /**
   * A position that all events from the instant on come after, and not many others. Events are numbered as they are
   * committed, which is not quite the order of `createdAt`; so it stays an hour away.
   */
  findPositionBefore(stream: EventStream, instant: number): Promise<number> {
    return this.halve(stream, instant - MOST_DISORDER_MS);
  }

  /** The same for the end: everything before the instant is at this position or before it. */
  findPositionAfter(stream: EventStream, instant: number): Promise<number> {
    return this.halve(stream, instant + MOST_DISORDER_MS);
  }

  /** A position whose event is older than the instant, where the next one's is not; the one before the first if there is none. */
  private async halve(stream: EventStream, instant: number): Promise<number> {
    const { firstPosition, lastPosition } = await this.getCounter(stream);
    let older = firstPosition - 1;
    let notOlder = lastPosition + 1;
    while (notOlder - older > 1) {
      const middle = Math.floor((older + notOlder) / 2);
      const event = await this.selectRange(stream, { from: middle, to: middle }).getOne();
      if (event && event.createdAt < instant) older = middle;
      else notOlder = middle;
    }
    return older;
  }

  /** There are no gaps: a page of everything is a range of positions. */
  private async listAll(stream: EventStream, { from, to }: Range, limit: number): Promise<EventPage> {
    const end = Math.min(to, from + limit - 1);
    const events = await this.selectRange(stream, { from, to: end }).getMany();
    return { events, hasMore: end < to, next: events.at(-1)?.id ?? null };
  }

  /** No more than a window of positions is looked at, whatever is in it: a page may be short. */
  private async listTypes(
    stream: EventStream,
    { from, to }: Range,
    limit: number,
    types: readonly string[],
  ): Promise<EventPage> {
    const end = Math.min(to, from + WINDOW - 1);
    const query = this.selectRange(stream, { from, to: end }).andWhere('event.type IN (:...types)', { types });
    const rows = await query.limit(limit + 1).getMany();
    const events = rows.slice(0, limit);
    if (rows.length > limit) return { events, hasMore: true, next: events.at(-1)?.id ?? null };
    // Nothing more up to the end of the window: who comes back need not look there again.
    const last = await this.selectRange(stream, { from: end, to: end }).getOne();
    return { events, hasMore: end < to, next: end < from ? null : (last?.id ?? null) };
  }

  /** A transaction has few lines: the index by subject finds them all. */
  private async listTransaction(
    { merchantId, mode }: EventStream,
    { from, to }: Range,
    limit: number,
    { types, transactionId }: { readonly types: readonly string[] | undefined; readonly transactionId: string },
  ): Promise<EventPage> {
    const query = this.database.read
      .createQueryBuilder(EventRecord, 'event')
      .useIndex('events_by_subject')
      .where({ subjectId: transactionId, merchantId, mode })
      .andWhere('event.position BETWEEN :from AND :to', { from, to })
      .orderBy('event.position')
      .limit(limit + 1);
    if (types !== undefined) query.andWhere('event.type IN (:...types)', { types });
    const rows = await query.getMany();
    const events = rows.slice(0, limit);
    return { events, hasMore: rows.length > limit, next: events.at(-1)?.id ?? null };
  }

  /** The position that comes right after that event. Throws `invalid_cursor`. */
  async getStart({ merchantId, mode }: EventStream, after: string, counter: EventPosition): Promise<number> {
    const event =
      EVENT_ID.test(after) &&
      (await this.database.read.findOne(EventRecord, {
        where: { id: after, merchantId, mode },
        select: { id: true, type: true, position: true },
      }));
    if (!event || !isShown(event)) {
      throw new Problem('invalid_cursor', 'after must be the id of an event that this list has shown you.');
    }
    // What stood right before the first that is kept leaves no gap.
    if (event.position < counter.firstPosition - 1) {
      throw new Problem(
        'invalid_cursor',
        'Events that came after this one are past the time that we keep them. Begin without after, and compare GET /v1/transactions with your own records for the time between.',
      );
    }
    return event.position + 1;
  }
}

// Exactly: MariaDB's collations would take `EVT_01…` for `evt_01…`.
const EVENT_ID = /^evt_[0-9A-HJKMNP-TV-Z]{26}$/;

function isShown(event: EventRecord): event is EventRecord & { readonly position: number; readonly type: string } {
  return event.type !== null && event.position !== null && event.position !== AWAITS_POSITION;
}
