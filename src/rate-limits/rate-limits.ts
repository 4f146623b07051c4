import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { retryLater } from '../http/problem.js';
import { RedisLink } from '../redis/redis-link.js';
import { SharedWindows, type Verdict } from './shared-windows.js';

/** Short enough that whoever is refused is soon let in again, long enough that a burst passes. */
const WINDOW_S = 10;
const POLICY = 'key';

/** Whatever takes headers of an answer, such as a FastifyReply. */
export interface HeaderSink {
  header(name: string, value: string): unknown;
}

/** How many requests one API key may make. The headers are those of the IETF's draft-ietf-httpapi-ratelimit-headers. */
@Injectable()
export class RateLimits {
  private readonly windows: SharedWindows | undefined;
  private readonly policy: string;

  constructor(
    @Inject(SETTINGS) { rateLimit }: Settings,
    redis: RedisLink,
    @Inject(CLOCK) clock: Clock,
    @Inject(SCHEDULER) scheduler: Scheduler,
  ) {
    const limit = rateLimit * WINDOW_S;
    this.policy = `"${POLICY}";q=${String(limit)};w=${String(WINDOW_S)}`;
    const quota = { name: POLICY, limit, windowMs: WINDOW_S * 1_000 };
    this.windows = rateLimit === 0 ? undefined : new SharedWindows(quota, redis, clock, scheduler);
  }

  /** Takes one request of this key and says in the answer's headers what is left. Throws `too_many_requests`. */
  take(keyId: string, reply: HeaderSink): void {
    const verdict = this.windows?.take(keyId);
    if (!verdict) return;
    reply.header('RateLimit-Policy', this.policy);
    reply.header('RateLimit', toField(verdict));
    if (verdict.admitted) return;
    throw retryLater(
      'too_many_requests',
      'This API key makes more requests than the operator of this gateway allows. Slow down and try again after the time in Retry-After.',
      verdict.resetMs,
    );
  }
}

function toField({ remaining, resetMs }: Verdict): string {
  return `"${POLICY}";r=${String(remaining)};t=${String(Math.ceil(resetMs / 1_000))}`;
}
