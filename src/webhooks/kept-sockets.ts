import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

// undici tells which socket each request is written to here, and nowhere else.
const REQUEST_BEGINS = 'undici:client:sendHeaders';

/**
 * Tells a connection that was kept, and that the receiver closed while it was idle, from one that failed at its first message.
 * Bytes read say nothing of it: half an answer on a new connection has bytes too.
 */
export class KeptSockets {
  private readonly requests = new WeakMap<object, number>();
  private readonly failures = new WeakSet<object>();

  constructor() {
    subscribe(REQUEST_BEGINS, this.count);
  }

  watch(socket: Socket): void {
    this.requests.set(socket, 0);
    socket.on('error', (failure: Error) => {
      if ((this.requests.get(socket) ?? 0) > 1) this.failures.add(failure);
    });
  }

  /** Whether it is the end of a socket that had carried a message before. */
  hasFailed(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.failures.has(error);
  }

  close(): void {
    unsubscribe(REQUEST_BEGINS, this.count);
  }

  // Of every client in the process: those that are not watched are none of ours.
  private readonly count = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return;
    const { socket } = message;
    if (typeof socket !== 'object' || socket === null) return;
    const before = this.requests.get(socket);
    if (before !== undefined) this.requests.set(socket, before + 1);
  };
}
