import type { Clock, Scheduler } from '#libs/primitives';
import type { RedisLink } from '../redis/redis-link.js';

/** So many in each window of time. Windows begin at the same instants in all processes. */
export interface Quota {
  /** Tells this quota's counts from those of others. */
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** Whether one more may pass, and what is left of the window. */
export interface Verdict {
  readonly admitted: boolean;
  readonly remaining: number;
  /** Until the next window begins. */
  readonly resetMs: number;
}

interface Count {
  /** What all processes had taken together when we last heard, ours included as far as it was told. */
  known: number;
  /** What we told and are waiting to hear about. */
  telling: number;
  /** What we took and did not tell yet. */
  untold: number;
}

// Processes hear of each other this late, and for so long each may admit what the others took already.
const TELL_EVERY_MS = 20;
// Bounds memory and the size of one message to Redis; the one that began to count first is forgotten first.
const MOST_IDS = 10_000;

/**
 * Counts in fixed windows. Each process decides by itself at once, and processes tell each other through Redis in the
 * background: nobody ever waits for Redis, and without it each process counts for itself alone.
 */
export class SharedWindows {
  private startedAt = 0;
  private counts = new Map<string, Count>();
  private dirty = new Map<string, Count>();
  private waitsToTell = false;

  constructor(
    private readonly quota: Quota,
    private readonly redis: Pick<RedisLink, 'state' | 'use'>,
    private readonly clock: Clock,
    private readonly scheduler: Scheduler,
  ) {}

  /** Takes one, if there is one left. What is refused is not counted. */
  take(id: string): Verdict {
    const now = this.clock.now();
    this.turnTo(now - (now % this.quota.windowMs));
    const resetMs = this.startedAt + this.quota.windowMs - now;
    const count = this.find(id);
    const used = count.known + count.telling + count.untold;
    if (used >= this.quota.limit) return { admitted: false, remaining: 0, resetMs };
    count.untold++;
    this.tellSoon(id, count);
    return { admitted: true, remaining: this.quota.limit - used - 1, resetMs };
  }

  private turnTo(startedAt: number): void {
    if (startedAt === this.startedAt) return;
    this.startedAt = startedAt;
    this.counts = new Map();
    this.dirty = new Map();
  }

  private find(id: string): Count {
    const known = this.counts.get(id);
    if (known) return known;
    const count = { known: 0, telling: 0, untold: 0 };
    this.counts.set(id, count);
    if (this.counts.size > MOST_IDS) {
      const [oldest = id] = this.counts.keys();
      this.counts.delete(oldest);
      this.dirty.delete(oldest);
    }
    return count;
  }

  private tellSoon(id: string, count: Count): void {
    if (this.redis.state === 'absent') return;
    this.dirty.set(id, count);
    if (this.waitsToTell) return;
    this.waitsToTell = true;
    this.scheduler.after(TELL_EVERY_MS, () => void this.tell());
  }

  /** Adds what we took to the common counts, and learns what they come to. Never rejects. */
  private async tell(): Promise<void> {
    const told = [...this.dirty];
    this.dirty = new Map();
    for (const [, count] of told) {
      count.telling = count.untold;
      count.untold = 0;
    }
    const totals = await this.add(told);
    for (const [index, [, count]] of told.entries()) {
      // Where Redis is away, what we know of is what we took ourselves.
      count.known = Math.max(totals?.[index] ?? 0, count.known + count.telling);
      count.telling = 0;
    }
    this.waitsToTell = false;
    for (const [id, count] of this.dirty) this.tellSoon(id, count);
  }

  private add(told: readonly (readonly [string, Count])[]): Promise<number[] | undefined> {
    const { name, windowMs } = this.quota;
    const startedAt = this.startedAt;
    return this.redis.use(async (client, prefix) => {
      const pipeline = client.pipeline();
      for (const [id, { telling }] of told) {
        const key = `${prefix}:rate:${name}:${String(startedAt)}:${id}`;
        pipeline.incrby(key, telling).pexpire(key, 2 * windowMs);
      }
      const answers = (await pipeline.exec()) ?? [];
      return told.map((_, index) => {
        const [error, total] = answers[2 * index] ?? [];
        if (error) throw error;
        return Number(total);
      });
    });
  }
}
