import { Logger } from '@nestjs/common';
import type { Clock, IdSource } from '#libs/primitives';
import { notFound, Problem } from '../http/problem.js';
import type { EventFeed, EventFeeds } from './event-feeds.js';
import {
  findId,
  isSameSubject,
  readMessage,
  toEventMessage,
  type SubscribeMessage,
  type ToldEvent,
} from './realtime-messages.js';
import type { RealtimeSession, Subject } from './realtime-session.js';
import { toSubjectId } from './realtime-session.js';
import type { RealtimeSocket } from './realtime-socket.js';
import type { PastEvents } from './past-events.js';

const MOST_SUBSCRIPTIONS = 100;
const MOST_FAULTS = 20;
/** Messages in a window; a client that says more is not listening. */
const MOST_MESSAGES = 200;
const WINDOW_MS = 10_000;

/** What conversations need of the process. */
export interface ConversationDeps {
  readonly feeds: EventFeeds;
  readonly past: PastEvents;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** What a client listens to, and how far it was told. */
interface Subscription {
  readonly id: string;
  readonly subjectId: string | undefined;
  cursor: number;
  /** Gets what is new straight from the feed. Otherwise it is on its way there, through what is past. */
  isLive: boolean;
  isToldCaughtUp: boolean;
}

/**
 * One client: what it says, what it listens to and what it is told. Messages are answered one after the other. Each
 * subscription has a cursor that only rises, so nothing is told twice, and it is live only from the moment at which the cursor
 * has reached the feed, so nothing is left out.
 */
export class RealtimeConversation {
  private readonly logger = new Logger('Realtime');
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly openedAt: number;
  private feed: EventFeed | undefined;
  private answered: Promise<void> = Promise.resolve();
  private isOver = false;
  private faults = 0;
  private messages = 0;
  private windowEndsAt = 0;

  constructor(
    readonly session: RealtimeSession,
    readonly socket: RealtimeSocket,
    private readonly deps: ConversationDeps,
  ) {
    this.openedAt = deps.clock.now();
  }

  /** How long nothing was subscribed to, in ms; 0 where something is. */
  get idleMs(): number {
    return this.subscriptions.size > 0 ? 0 : this.deps.clock.now() - this.openedAt;
  }

  /** One frame of the client. */
  hear(text: string): void {
    if (this.mayGoOn()) this.inTurn(() => this.answer(text), text);
  }

  /** A ping of the protocol itself. */
  hearPing(data: Buffer): void {
    if (this.mayGoOn()) this.socket.pong(data);
  }

  /** Subscribes the customer of a payment page to its link: he need not know its id. */
  begin(): void {
    const [subject] = this.session.narrowed ?? [];
    if (this.session.audience === 'merchant' || !subject) return;
    this.inTurn(() => this.subscribe({ type: 'subscribe', id: 'link', ...subject }), '');
  }

  /** The socket is closed. */
  leave(): void {
    this.isOver = true;
    this.subscriptions.clear();
    this.feed?.delete(this);
  }

  /** From the feed: what is new, in order. */
  take(events: readonly ToldEvent[]): void {
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.isLive) continue;
      this.tell(subscription, events);
      subscription.cursor = Math.max(subscription.cursor, events.at(-1)?.position ?? 0);
    }
    if (!this.socket.isBehind) return;
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.isLive) continue;
      subscription.isLive = false;
      void this.catchUp(subscription);
    }
  }

  /** Counts one more message, and ends the socket of a client that says too much. */
  private mayGoOn(): boolean {
    const now = this.deps.clock.now();
    if (now >= this.windowEndsAt) {
      this.windowEndsAt = now + WINDOW_MS;
      this.messages = 0;
    }
    if (++this.messages > MOST_MESSAGES) this.socket.end('abusive');
    return this.messages <= MOST_MESSAGES;
  }

  private inTurn(work: () => Promise<void>, text: string): void {
    this.answered = this.answered.then(async () => {
      if (this.isOver) return;
      try {
        await work();
      } catch (error) {
        this.refuse(error, findId(text));
      }
    });
  }

  private async answer(text: string): Promise<void> {
    const message = readMessage(text);
    switch (message.type) {
      case 'ping':
        return this.say({ type: 'pong', id: message.id });
      case 'unsubscribe':
        if (!this.subscriptions.delete(message.id)) {
          throw new Problem('not_found', 'There is no subscription with this id on this socket.');
        }
        return this.say({ type: 'unsubscribed', id: message.id });
      case 'subscribe':
        return this.subscribe(message);
    }
  }

  private async subscribe({ id, after, ...subject }: SubscribeMessage): Promise<void> {
    if (this.subscriptions.has(id))
      throw new Problem('conflict', 'This id is in use: unsubscribe first, or take another.');
    if (this.subscriptions.size >= MOST_SUBSCRIPTIONS) {
      throw new Problem('conflict', `A socket has at most ${String(MOST_SUBSCRIPTIONS)} subscriptions.`);
    }
    const subjectId = await this.findAllowed(subject);
    const cursor = await this.deps.past.findCursor(this.session, after);
    this.feed ??= await this.join();
    if (this.isOver) return;
    const subscription = { id, subjectId, cursor, isLive: false, isToldCaughtUp: false };
    this.subscriptions.set(id, subscription);
    this.say({ type: 'subscribed', id, position: this.toShown(cursor) });
    void this.catchUp(subscription);
  }

  /** The id of what may be listened to; undefined for everything. Throws `forbidden` or `not_found`. */
  private async findAllowed(subject: Subject): Promise<string | undefined> {
    const { narrowed, audience } = this.session;
    if (narrowed && !narrowed.some((allowed) => isSameSubject(allowed, subject))) {
      throw new Problem('forbidden', 'The ticket of this socket was narrowed to other subscriptions.');
    }
    const subjectId = toSubjectId(subject);
    if (subjectId === undefined || audience === 'customer') return subjectId;
    if (!(await this.deps.past.isKnown(this.session, subjectId))) throw notFound();
    return subjectId;
  }

  private async join(): Promise<EventFeed> {
    const feed = await this.deps.feeds.join(this.session, this);
    if (this.isOver) feed.delete(this);
    return feed;
  }

  /** Tells what is past, at the pace of the client, until the feed can take over. */
  private async catchUp(subscription: Subscription): Promise<void> {
    const { feed } = this;
    if (!feed) return;
    try {
      while (this.has(subscription) && (await this.socket.drained())) {
        if (subscription.cursor >= feed.position) return this.goLive(subscription);
        const { events, cursor } = await this.deps.past.read(this.session, subscription, feed.position);
        if (!this.has(subscription)) return;
        this.tell(subscription, events);
        subscription.cursor = cursor;
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'Past events could not be read for a socket; it is closed, to resume.');
      this.socket.end('failed');
    }
  }

  private goLive(subscription: Subscription): void {
    subscription.isLive = true;
    if (subscription.isToldCaughtUp) return;
    subscription.isToldCaughtUp = true;
    this.say({ type: 'caught_up', id: subscription.id, position: this.toShown(subscription.cursor) });
  }

  private tell({ id, subjectId, cursor }: Subscription, events: readonly ToldEvent[]): void {
    const isPublic = this.session.audience === 'customer';
    this.socket.together(() => {
      for (const event of events) {
        if (event.position <= cursor || (subjectId !== undefined && event.subjectId !== subjectId)) continue;
        this.socket.send(toEventMessage(id, isPublic ? event.publicText : event.text));
      }
    });
  }

  private has(subscription: Subscription): boolean {
    return !this.isOver && this.subscriptions.get(subscription.id) === subscription;
  }

  // How many events a merchant has is none of his customers' business.
  private toShown(position: number): number | undefined {
    return this.session.audience === 'merchant' ? position : undefined;
  }

  private refuse(error: unknown, id: string | undefined): void {
    if (!(error instanceof Problem)) {
      this.logger.warn({ err: error }, 'A message on a socket could not be answered; it is closed, to resume.');
      return this.socket.end('failed');
    }
    this.say({ type: 'error', id, problem: error.toBody(this.deps.ids.next('req')) });
    if (++this.faults >= MOST_FAULTS) this.socket.end('abusive');
  }

  private say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
}
