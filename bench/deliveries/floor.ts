import { createHmac, randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import axios from 'axios';
import Bull from 'bull';
import { nextId } from '../servers/rows.js';
import type { Deliverer, DelivererPlace } from './deliverer.js';
import { toData, typeOf } from './messages.js';

interface Message {
  readonly id: string;
  readonly body: string;
}

const AT_ONCE = 64;
const ADDED_AT_ONCE = 500;

/**
 * What is usually written by hand: Bull carries the whole message through Redis, a processor signs it and posts it with
 * axios over connections that are kept. Nothing is durable, and nothing remembers what became of it.
 */
export async function startFloor({ sinkUrl, redisUrl }: DelivererPlace): Promise<Deliverer> {
  const queue = new Bull<Message>(`bench-${process.pid}`, redisUrl, { prefix: 'malipo-bench' });
  const key = randomBytes(32);
  const httpAgent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let open = 0;
  let onDone: () => void = () => undefined;
  await queue.isReady();
  await queue.pause(true, true);
  const deliver = async ({ data: { id, body } }: { data: Message }): Promise<void> => {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    await axios.post(sinkUrl, body, {
      httpAgent,
      timeout: 15_000,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
    });
  };
  queue.on('completed', () => {
    if (--open === 0) onDone();
  });
  void queue.process(AT_ONCE, deliver);
  return {
    load: async (count) => {
      open = count;
      for (let first = 0; first < count; first += ADDED_AT_ONCE) {
        const numbers = Array.from({ length: Math.min(ADDED_AT_ONCE, count - first) }, (_, index) => first + index);
        await queue.addBulk(numbers.map((number) => ({ data: toMessage(number), opts: OPTIONS })));
      }
    },
    drain: async () => {
      const done = new Promise<void>((resolve) => (onDone = resolve));
      await queue.resume(true);
      await done;
      await queue.pause(true, true);
    },
    close: async () => {
      await queue.obliterate({ force: true });
      await queue.close(true);
    },
  };
}

const OPTIONS = { attempts: 10, backoff: { type: 'exponential', delay: 5_000 }, removeOnComplete: true } as const;

function toMessage(number: number): Message {
  const now = Date.now();
  const timestamp = new Date(now).toISOString();
  return { id: nextId('evt'), body: JSON.stringify({ type: typeOf(number), timestamp, data: toData(number, now) }) };
}
