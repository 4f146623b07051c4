import type { Duplex } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource, Scheduler } from '#libs/primitives';
import type { RawData, WebSocket } from 'ws';
import { CLOCK, IDS, SCHEDULER } from '../config/config.module.js';
import { EventFeeds } from './event-feeds.js';
import { PastEvents } from './past-events.js';
import { RealtimeConversation } from './realtime-conversation.js';
import type { RealtimeSession } from './realtime-session.js';
import { RealtimeSocket, type Ending } from './realtime-socket.js';

/** A WebSocket, and the connection under it. */
export interface OpenedSocket {
  readonly webSocket: WebSocket;
  readonly connection: Duplex;
}

/** Begins conversations on sockets that were just opened. */
@Injectable()
export class Conversations {
  constructor(
    private readonly feeds: EventFeeds,
    private readonly past: PastEvents,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  /** `noteEnding` hears of it where we end the socket, and not the client. */
  begin(
    { webSocket, connection }: OpenedSocket,
    session: RealtimeSession,
    noteEnding: (reason: Ending | 'silent') => void,
  ): RealtimeConversation {
    const { feeds, past, clock, ids } = this;
    const socket = new RealtimeSocket(webSocket, connection, { scheduler: this.scheduler, noteEnding });
    const conversation = new RealtimeConversation(session, socket, { feeds, past, clock, ids });
    webSocket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary || !Buffer.isBuffer(data)) socket.end('binary');
      else conversation.hear(data.toString('utf8'));
    });
    webSocket.on('ping', (data: Buffer) => conversation.hearPing(data));
    webSocket.once('close', () => conversation.leave());
    conversation.begin();
    return conversation;
  }
}
