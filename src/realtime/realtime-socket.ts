import type { Duplex } from 'node:stream';
import type { Scheduler } from '#libs/primitives';
import { WebSocket } from 'ws';

// A socket that has more than this unsent reads on at its own pace; below the second it goes on.
const BEHIND_BYTES = 256 * 1024;
const DRAINED_BYTES = 64 * 1024;
/** How long a client may take for what is unsent before it is dropped. */
export const SLOW_MS = 15_000;

/** Why we end a socket: the word in the metrics, the close code and the reason that goes with it. docs/realtime.md. */
export const ENDINGS = {
  abusive: [1008, 'too many faulty messages, or too many messages'],
  binary: [1003, 'text frames only'],
  failed: [1011, 'our fault; connect again and resume'],
  stopping: [1012, 'this process stops; connect again and resume'],
  ended: [4001, 'the key was revoked, or the merchant suspended'],
  slow: [4002, 'you read too slowly; connect again and resume'],
  idle: [4003, 'nothing was subscribed to'],
} as const satisfies Record<string, readonly [number, string]>;

export type Ending = keyof typeof ENDINGS;

/** What a socket needs of its process. */
export interface SocketSurroundings {
  readonly scheduler: Scheduler;
  /** Hears of it where we end the socket, and not the client. */
  readonly noteEnding: (reason: Ending | 'silent') => void;
}

/** One open socket: what is sent to it is bounded in bytes and in time. */
export class RealtimeSocket {
  private readonly waiting = new Set<(drained: boolean) => void>();
  private isAlive = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly connection: Duplex,
    private readonly surroundings: SocketSurroundings,
  ) {
    // What it says proves nothing: only who reads all that we sent finds our ping behind it.
    socket.on('pong', () => (this.isAlive = true));
    socket.once('close', () => this.tell(false));
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Whether the client does not keep up: send no more before `drained`. */
  get isBehind(): boolean {
    return this.socket.bufferedAmount > BEHIND_BYTES;
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.socket.send(text, () => {
      if (this.waiting.size > 0 && this.socket.bufferedAmount <= DRAINED_BYTES) this.tell(true);
    });
  }

  /** Sends all that the work sends with one write: a frame by itself costs a call into the system. */
  together(work: () => void): void {
    this.connection.cork();
    try {
      work();
    } finally {
      this.connection.uncork();
    }
  }

  /** True as soon as the client has taken most of what was sent; false where it is gone, or was dropped as too slow. */
  async drained(): Promise<boolean> {
    if (!this.isOpen || !this.isBehind) return this.isOpen;
    const cancel = this.surroundings.scheduler.after(SLOW_MS, () => this.end('slow'));
    try {
      return await new Promise((resolve) => this.waiting.add(resolve));
    } finally {
      cancel();
    }
  }

  /** Answers a ping of the client. */
  pong(data: Buffer): void {
    if (this.isOpen) this.socket.pong(data);
  }

  /** Asks whether the client is still there. One that did not answer the last time is gone: nobody would read a reason. */
  beat(): void {
    if (!this.isAlive) {
      this.surroundings.noteEnding('silent');
      this.socket.terminate();
      return;
    }
    this.isAlive = false;
    if (this.isOpen) this.socket.ping();
  }

  end(reason: Ending): void {
    if (!this.isOpen) return;
    this.surroundings.noteEnding(reason);
    const [code, text] = ENDINGS[reason];
    this.socket.close(code, text);
    this.tell(false);
  }

  /** Without a farewell. */
  terminate(): void {
    this.socket.terminate();
  }

  private tell(drained: boolean): void {
    for (const resolve of this.waiting) resolve(drained);
    this.waiting.clear();
  }
}
