import { Injectable } from '@nestjs/common';
import { EventLog } from '../events/event-log.js';
import type { EventStream } from '../events/event-position.entity.js';
import { PAGE } from './event-feeds.js';
import { toToldEvent, type ToldEvent } from './realtime-messages.js';

/** Many sockets may come back at the same moment: the database serves requests too. */
const READS_AT_ONCE = 4;

/** Some events, and how far they lead. */
export interface PastPage {
  readonly events: readonly ToldEvent[];
  /** Nothing more is there up to this position. */
  readonly cursor: number;
}

/** What sockets catch up with, from the database, a few reads at once. */
@Injectable()
export class PastEvents {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(private readonly log: EventLog) {}

  /** The position after which a subscription begins: that of the event, or the end of the stream. Throws `invalid_cursor`. */
  async findCursor(stream: EventStream, after: string | undefined): Promise<number> {
    const counter = await this.log.getCounter(stream);
    return after === undefined ? counter.lastPosition : (await this.log.getStart(stream, after, counter)) - 1;
  }

  isKnown(stream: EventStream, subjectId: string): Promise<boolean> {
    return this.log.isKnown(stream, subjectId);
  }

  /** The next page after the cursor, up to a position that is numbered. */
  read(
    { merchantId, mode }: EventStream,
    { cursor, subjectId }: { readonly cursor: number; readonly subjectId: string | undefined },
    end: number,
  ): Promise<PastPage> {
    const stream = { merchantId, mode };
    const from = cursor + 1;
    return this.inLane(async () => {
      if (subjectId === undefined) {
        const to = Math.min(end, cursor + PAGE);
        const rows = await this.log.selectRange(stream, { from, to }).getMany();
        return { events: rows.map(toToldEvent), cursor: to };
      }
      const { events, hasMore } = await this.log.listSubject(stream, { from, to: end }, PAGE, subjectId);
      const told = events.map(toToldEvent);
      return { events: told, cursor: hasMore ? (told.at(-1)?.position ?? end) : end };
    });
  }

  private async inLane<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= READS_AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      return await work();
    } finally {
      // The place goes to who waits; only where nobody does it is free.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
