import { once } from 'node:events';
import { get } from 'node:http';
import { WebSocket } from 'ws';
import { createIdSource, systemClock } from '#libs/primitives';
import { Database } from '../../src/database/database.js';
import { EventSequencer } from '../../src/events/event-sequencer.js';
import type { EventStream } from '../../src/events/event-position.entity.js';
import { EventRecord, toNoticeRow } from '../../src/events/event.entity.js';

const PATIENCE_MS = 30_000;
const ids = createIdSource(systemClock);

/** How a client may come in. */
export interface Entrance {
  readonly key?: string;
  readonly ticket?: string;
}

/** A client of the real-time interface, which keeps all that it hears. */
export class RealtimeClient {
  readonly heard: any[] = [];
  /** The code it was closed with, once it is. */
  closedWith: number | undefined;
  private onNews: () => void = () => undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString('utf8')));
      this.onNews();
    });
    socket.on('close', (code) => {
      this.closedWith = code;
      this.onNews();
    });
    socket.on('error', () => undefined);
  }

  /** Rejects where the upgrade is refused. */
  static async open(baseUrl: string, entrance: Entrance): Promise<RealtimeClient> {
    const client = new RealtimeClient(connect(baseUrl, entrance));
    await once(client.socket, 'open');
    return client;
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Subscribes, and waits until all that is past was told. */
  async subscribe(message: object): Promise<this> {
    const count = this.of('caught_up').length;
    this.say({ type: 'subscribe', id: 'all', to: 'merchant', ...message });
    await this.until(() => this.of('caught_up').length > count, 'it caught up');
    return this;
  }

  of(type: string): any[] {
    return this.heard.filter((message) => message.type === type);
  }

  /** The positions of the events that one subscription told. */
  positions(id = 'all'): number[] {
    return this.of('event').flatMap((message) => (message.id === id ? [message.event.position] : []));
  }

  /** Says something and waits for the next message. */
  async ask(message: unknown): Promise<any> {
    const count = this.heard.length;
    this.say(message);
    await this.until(() => this.heard.length > count, 'an answer');
    return this.heard[count];
  }

  async until(holds: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`Never: ${what}. ${JSON.stringify(this.heard.slice(-3))} ${this.closedWith}`)),
          Math.max(0, deadline - Date.now()),
        );
        this.onNews = () => {
          clearTimeout(timer);
          resolve();
        };
        if (holds()) this.onNews();
      });
    }
  }

  async closed(): Promise<number> {
    await this.until(() => this.closedWith !== undefined, 'it was closed');
    return this.closedWith!;
  }
}

/** What an upgrade is answered with where it is refused. */
export async function refusalOf(baseUrl: string, entrance: Entrance & { query?: string }): Promise<any> {
  const socket = connect(baseUrl, entrance);
  const [, answer] = await Promise.race([
    once(socket, 'unexpected-response'),
    once(socket, 'open').then(() => Promise.reject(new Error('It was opened.'))),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return { status: answer.statusCode, headers: answer.headers, body };
}

/** A request that offers another protocol than a WebSocket, as some HTTP clients do with every first one. */
export function requestOfferingHttp2(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    get(url, { headers: { ...headers, ...offer } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).once('error', reject);
  });
}

/** Writes events that merchants are told, in one commit, as features do. Answers their ids. */
export async function tell(
  from: { get<T>(token: { readonly prototype: T }): T },
  stream: EventStream,
  count: number,
  given: Partial<EventRecord> = {},
): Promise<string[]> {
  const events = Array.from({ length: count }, () => toPing(stream, given));
  const sequencer = from.get(EventSequencer);
  await from.get(Database).write(async (tx) => {
    for (let start = 0; start < count; start += 500) await tx.insert(EventRecord, events.slice(start, start + 500));
    sequencer.follow(tx, events);
  });
  return events.map(({ id }) => id);
}

function toPing(stream: EventStream, given: Partial<EventRecord>): EventRecord {
  const endpointId = ids.next('whk');
  const notice = { ...stream, subjectId: endpointId, type: 'test.ping', data: { object: 'ping', endpointId } };
  return Object.assign(toNoticeRow(notice, { id: ids.next('evt'), createdAt: systemClock.now() }), given);
}

function connect(baseUrl: string, { key, ticket, query }: Entrance & { query?: string }): WebSocket {
  const search = query ?? (ticket === undefined ? '' : `?ticket=${ticket}`);
  return new WebSocket(`${baseUrl.replace(/^http/, 'ws')}/v1/realtime${search}`, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
}
