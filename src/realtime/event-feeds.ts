import { Injectable, Logger } from '@nestjs/common';
import { EventLog } from '../events/event-log.js';
import type { EventStream } from '../events/event-position.entity.js';
import type { StreamPosition } from '../events/position-news.js';
import { toToldEvent, type ToldEvent } from './realtime-messages.js';

/** Events that are read at once. */
export const PAGE = 100;

/** Gets what happens in a stream, in order. Must not wait. */
export interface FeedListener {
  take(events: readonly ToldEvent[]): void;
}

/** The new events of one merchant and mode: read once, however many sockets of this process listen. */
export class EventFeed {
  private readonly logger = new Logger('Realtime');
  private readonly listeners = new Set<FeedListener>();
  private known = 0;
  // Until it is opened nobody knows where to begin.
  private working = true;
  private handedOut = 0;

  constructor(
    readonly stream: EventStream,
    private readonly log: EventLog,
    private readonly onDeserted: () => void,
  ) {}

  /** Everything up to here was handed to whoever listened. */
  get position(): number {
    return this.handedOut;
  }

  /** Begins where the stream ends now. */
  async open(): Promise<this> {
    this.handedOut = (await this.log.getCounter(this.stream)).lastPosition;
    this.working = false;
    this.begin();
    return this;
  }

  add(listener: FeedListener): void {
    this.listeners.add(listener);
  }

  delete(listener: FeedListener): void {
    this.listeners.delete(listener);
    if (this.listeners.size === 0) this.onDeserted();
  }

  /** The stream is numbered up to here: what is new is handed out soon. Also tries again what could not be read. */
  note(position: number): void {
    this.known = Math.max(this.known, position);
    this.begin();
  }

  private begin(): void {
    if (this.working || this.listeners.size === 0 || this.handedOut >= this.known) return;
    this.working = true;
    void this.handOut();
  }

  private async handOut(): Promise<void> {
    try {
      while (this.listeners.size > 0 && this.handedOut < this.known) {
        const range = { from: this.handedOut + 1, to: Math.min(this.known, this.handedOut + PAGE) };
        const rows = await this.log.selectRange(this.stream, range).getMany();
        const told = rows.map(toToldEvent);
        // Nothing is awaited from here on: who finds himself at this position has got all of it.
        for (const listener of this.listeners) listener.take(told);
        this.handedOut = range.to;
      }
    } catch (error) {
      this.logger.warn({ err: error, ...this.stream }, 'New events could not be read; trying again in a moment.');
    } finally {
      this.working = false;
    }
  }
}

/** The feeds that somebody in this process listens to. */
@Injectable()
export class EventFeeds {
  private readonly feeds = new Map<string, { readonly feed: EventFeed; readonly opened: Promise<EventFeed> }>();

  constructor(private readonly log: EventLog) {}

  /** The feed of a stream, with one more who listens. */
  async join({ merchantId, mode }: EventStream, listener: FeedListener): Promise<EventFeed> {
    const key = `${merchantId} ${mode}`;
    const known = this.feeds.get(key) ?? this.open(key, { merchantId, mode });
    known.feed.add(listener);
    try {
      return await known.opened;
    } catch (error) {
      known.feed.delete(listener);
      throw error;
    }
  }

  /** Whose news are wanted here. */
  get streams(): EventStream[] {
    return [...this.feeds.values()].map(({ feed }) => feed.stream);
  }

  note({ merchantId, mode, position }: StreamPosition): void {
    this.feeds.get(`${merchantId} ${mode}`)?.feed.note(position);
  }

  private open(key: string, stream: EventStream): { readonly feed: EventFeed; readonly opened: Promise<EventFeed> } {
    const feed = new EventFeed(stream, this.log, () => {
      if (this.feeds.get(key)?.feed === feed) this.feeds.delete(key);
    });
    const entry = { feed, opened: feed.open() };
    this.feeds.set(key, entry);
    return entry;
  }
}
