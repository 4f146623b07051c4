import { Inject, Injectable } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { retryLater } from '../http/problem.js';
import { Metrics } from '../metrics/metrics.js';
import { Conversations, type OpenedSocket } from './conversations.js';
import type { RealtimeConversation } from './realtime-conversation.js';
import { toHolder, type RealtimeSession } from './realtime-session.js';

/** All sockets of a process, whoever opened them: each may have some hundred kilobytes unsent. */
const MOST_SOCKETS = 10_000;
/** A link is open on a phone or two. */
const MOST_OF_A_LINK = 20;
const COME_BACK_MS = 30_000;
/** How long clients may take to answer our farewell when the process stops. */
const FAREWELL_MS = 2_000;

/** The sockets that are open in this process. */
@Injectable()
export class RealtimeSockets {
  private readonly open = new Set<RealtimeConversation>();
  private readonly byHolder = new Map<string, number>();
  private onEmpty: () => void = () => undefined;
  private stopping = false;

  constructor(
    private readonly conversations: Conversations,
    private readonly metrics: Metrics,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'realtimeSockets'>,
  ) {}

  /** The process is about to end and takes no more. */
  get isDraining(): boolean {
    return this.stopping;
  }

  get all(): readonly RealtimeConversation[] {
    return [...this.open];
  }

  /** Throws `too_many_requests` or `unavailable` where there is no room for one more. */
  assertRoom(session: RealtimeSession): void {
    const most = session.audience === 'customer' ? MOST_OF_A_LINK : this.settings.realtimeSockets;
    if ((this.byHolder.get(toHolder(session)) ?? 0) >= most) {
      throw retryLater(
        'too_many_requests',
        `At most ${String(most)} sockets are open at once for one key (or payment page). Close one, or use one for several subscriptions.`,
        COME_BACK_MS,
      );
    }
    if (this.open.size >= MOST_SOCKETS) {
      throw retryLater(
        'unavailable',
        'This process has no room for another socket. Connect again in a moment.',
        COME_BACK_MS,
      );
    }
  }

  add(opened: OpenedSocket, session: RealtimeSession): void {
    const conversation = this.conversations.begin(opened, session, (reason) =>
      this.metrics.droppedSockets.inc({ reason }),
    );
    const { webSocket } = opened;
    this.open.add(conversation);
    this.count(session, 1);
    // The library has closed the connection with the code that fits (1007, 1009 …) when it tells of an error.
    webSocket.on('error', () => this.metrics.droppedSockets.inc({ reason: 'abusive' }));
    webSocket.once('close', () => {
      this.open.delete(conversation);
      this.count(session, -1);
      if (this.open.size === 0) this.onEmpty();
    });
    if (this.stopping) conversation.socket.end('stopping');
  }

  /** Tells every client to connect elsewhere, and waits a moment for their farewell. */
  async drain(scheduler: Scheduler): Promise<void> {
    this.stopping = true;
    if (this.open.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.onEmpty = resolve));
    const cancel = scheduler.after(FAREWELL_MS, () => {
      for (const conversation of this.open) conversation.socket.terminate();
    });
    for (const conversation of this.open) conversation.socket.end('stopping');
    await empty;
    cancel();
  }

  private count(session: RealtimeSession, change: 1 | -1): void {
    const holder = toHolder(session);
    const count = (this.byHolder.get(holder) ?? 0) + change;
    if (count === 0) this.byHolder.delete(holder);
    else this.byHolder.set(holder, count);
    this.metrics.sockets.inc(change);
  }
}
