import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { isDuplicate } from '../database/database-errors.js';
import { Database } from '../database/database.js';
import { toNumberCase } from '../database/number-case.js';
import type { Tx } from '../database/tx.js';
import { EventPosition, type EventStream } from './event-position.entity.js';
import { AWAITS_POSITION, EventRecord } from './event.entity.js';
import { PositionNews } from './position-news.js';

/** How many events get their positions in one transaction. */
const EVENTS_AT_ONCE = 250;

const TRANSACTIONS_A_ROUND = 8;

/** Under load events gather for so long: one transaction for many costs the requests beside it little. */
const PAUSE_MS = 25;

/**
 * Gives events their positions: for each merchant and mode 1, 2, 3 … in one transaction that holds the stream's counter, so
 * that two sequencers, in whichever processes, never interleave. Ids are made before the commit and by many processes: who
 * reads on from the highest id he has seen would miss one that was committed later. Positions are given after the commit, so
 * whoever has read position n has seen all below it. Killed in the middle, everything is as before.
 */
@Injectable()
export class EventSequencer implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Events');
  private readonly news = new Map<string, EventStream>();
  private working: Promise<void> | undefined;
  private restsUntil = 0;
  private cancelTimer: (() => void) | undefined;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly positions: PositionNews,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  /** Numbers these events soon after the commit. What a crash leaves behind is found by a job (SequenceEventsHandler). */
  follow(tx: Pick<Tx, 'afterCommit'>, events: readonly EventRecord[]): void {
    const streams = events
      .filter(({ position }) => position === AWAITS_POSITION)
      .map(({ merchantId, mode }) => ({ merchantId, mode }));
    if (streams.length > 0) tx.afterCommit(() => this.note(streams));
  }

  /** Numbers what waits in the stream at this moment, up to a number of transactions. Answers whether all of it was done. */
  async sequence(stream: EventStream, mostTransactions = Infinity): Promise<boolean> {
    for (let count = 0; count < mostTransactions; count++) {
      if ((await this.sequenceSome(stream)) < EVENTS_AT_ONCE) return true;
    }
    return false;
  }

  /** Waits until nothing of this process's own commits is left to number. */
  async settled(): Promise<void> {
    while (this.working) await this.working;
  }

  /** Takes no more news: what is committed from now on is numbered by another process, or by the next start. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.settled();
  }

  private note(streams: readonly EventStream[]): void {
    for (const stream of streams) this.news.set(toKey(stream), stream);
    this.begin();
  }

  private begin(): void {
    if (this.stopped || this.working || this.cancelTimer || this.news.size === 0) return;
    const restMs = this.restsUntil - this.clock.now();
    if (restMs > 0) {
      this.cancelTimer = this.scheduler.after(restMs, () => {
        this.cancelTimer = undefined;
        this.begin();
      });
      return;
    }
    this.working = this.work().finally(() => {
      this.working = undefined;
      this.restsUntil = this.clock.now() + PAUSE_MS;
      this.begin();
    });
  }

  private async work(): Promise<void> {
    const streams = [...this.news.values()];
    this.news.clear();
    for (const stream of streams) {
      try {
        // The rest, after a crash there may be much, with the next round: requests have their turn between.
        if (!(await this.sequence(stream, TRANSACTIONS_A_ROUND))) this.news.set(toKey(stream), stream);
      } catch (error) {
        this.logger.warn({ err: error, ...stream }, 'Events could not be numbered now; the sweep does it later.');
      }
    }
  }

  private sequenceSome(stream: EventStream): Promise<number> {
    return this.database.write(async (tx) => {
      const lastPosition = await this.lock(tx, stream);
      // Only now: what is committed is seen, and nobody else numbers it.
      const waiting = await this.findWaiting(tx, stream);
      const told = inOrderOfVersions(waiting.filter(({ type }) => type !== null));
      await this.number(tx, told, lastPosition);
      const untold = waiting.filter(({ type }) => type === null).map(({ id }) => id);
      if (untold.length > 0) await tx.manager.update(EventRecord, { id: In(untold) }, { position: null });
      const { merchantId, mode } = stream;
      if (told.length > 0) {
        const reached = lastPosition + told.length;
        await tx.manager.update(EventPosition, { merchantId, mode }, { lastPosition: reached });
        tx.afterCommit(() => this.positions.announce({ merchantId, mode, position: reached }));
      }
      return waiting.length;
    });
  }

  private async number(tx: Tx, events: readonly Pick<EventRecord, 'id'>[], lastPosition: number): Promise<void> {
    if (events.length === 0) return;
    const numbers = new Map(events.map(({ id }, index) => [id, lastPosition + 1 + index]));
    const { sql, parameters } = toNumberCase('id', numbers);
    const { affected } = await tx.manager
      .createQueryBuilder()
      .update(EventRecord)
      .set({ position: () => sql })
      .where('position = :waiting AND id IN (:...ids)', { waiting: AWAITS_POSITION, ids: [...numbers.keys()] })
      .setParameters(parameters)
      .execute();
    // A position is for ever. If somebody had given one meanwhile, the lock would not be one.
    if (affected !== events.length) throw new Error('Events were numbered twice at once.');
  }

  private findWaiting(tx: Tx, { merchantId, mode }: EventStream): Promise<EventRecord[]> {
    return (
      tx.manager
        .createQueryBuilder(EventRecord, 'event')
        .select(['event.id', 'event.type', 'event.subjectId', 'event.version'])
        // Left alone, the planner takes the primary key for its order and reads everybody's events.
        .useIndex('events_by_position')
        .where({ merchantId, mode, position: AWAITS_POSITION })
        .orderBy('event.id')
        .limit(EVENTS_AT_ONCE)
        .getMany()
    );
  }

  /** Holds the stream's counter until the end of the transaction; answers the last position given. */
  private async lock(tx: Tx, { merchantId, mode }: EventStream): Promise<number> {
    const query = tx.manager.createQueryBuilder(EventPosition, 'counter').where({ merchantId, mode });
    // On SQLite there is one writer anyway.
    if (this.database.kind === 'mysql') query.setLock('pessimistic_write');
    const counter =
      (await query.getOne()) ?? (await this.insertCounter(tx, { merchantId, mode }, () => query.getOne()));
    return counter.lastPosition;
  }

  private async insertCounter(
    tx: Tx,
    stream: EventStream,
    find: () => Promise<EventPosition | null>,
  ): Promise<EventPosition> {
    const counter: EventPosition = { ...stream, lastPosition: 0, firstPosition: 1 };
    try {
      await tx.insert(EventPosition, [counter]);
      return counter;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      const others = await find();
      if (!others) throw error;
      return others;
    }
  }
}

function toKey({ merchantId, mode }: EventStream): string {
  return `${merchantId} ${mode}`;
}

/**
 * In the order of ids, but for events of one subject, which keep the order of its versions: two processes whose clocks differ
 * make ids that do not.
 */
export function inOrderOfVersions<E extends Pick<EventRecord, 'subjectId' | 'version'>>(events: readonly E[]): E[] {
  const ordered = new Map<string, E[]>();
  const versioned = events.filter(({ version }) => version !== null);
  for (const event of versioned) ordered.set(event.subjectId, [...(ordered.get(event.subjectId) ?? []), event]);
  for (const own of ordered.values()) own.sort((a, b) => (a.version ?? 0) - (b.version ?? 0));
  return events.map((event) => (event.version === null ? event : (ordered.get(event.subjectId)?.shift() ?? event)));
}
