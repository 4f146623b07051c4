import { createHash } from 'node:crypto';

/** Who a line of the story is about. */
export type Actor = 'merchant' | 'gateway' | 'provider' | 'network' | 'callback' | 'receiver' | 'fault' | 'world';

/** What happened in a run, line by line, and a hash over all of it: equal runs have equal hashes. */
export class Story {
  readonly lines: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly begunAt = now(),
  ) {}

  tell(actor: Actor, text: string): void {
    this.lines.push(`${toOffset(this.now() - this.begunAt)}  ${actor.padEnd(8)}  ${text}`);
  }

  /** SHA-256 over every line. */
  hash(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex');
  }
}

/** `+1d 02:03:04.567` since the beginning. */
function toOffset(elapsedMs: number): string {
  const days = Math.floor(elapsedMs / 86_400_000);
  const clock = new Date(elapsedMs).toISOString().slice(11, 23);
  return `+${days > 0 ? `${days}d ` : ''}${clock}`;
}
