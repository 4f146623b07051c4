import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../../config/config.module.js';
import { ClientAddresses } from '../../http/client-addresses.js';
import { retryLater } from '../../http/problem.js';
import { SharedWindows } from '../../rate-limits/shared-windows.js';
import { RedisLink } from '../../redis/redis-link.js';

const MINUTE_MS = 60_000;

// A page that waits asks 24 times a minute, and a family may share an address.
const VISITS = { name: 'link-visit', limit: 240, windowMs: MINUTE_MS } as const;
const ATTEMPTS = { name: 'link-attempt', limit: 10, windowMs: 10 * MINUTE_MS } as const;

/** How much one address may do with one link: look often, and ring few phones. */
@Injectable()
export class PageLimits {
  private readonly visits: SharedWindows;
  private readonly attempts: SharedWindows;

  constructor(
    private readonly addresses: ClientAddresses,
    redis: RedisLink,
    @Inject(CLOCK) clock: Clock,
    @Inject(SCHEDULER) scheduler: Scheduler,
  ) {
    this.visits = new SharedWindows(VISITS, redis, clock, scheduler);
    this.attempts = new SharedWindows(ATTEMPTS, redis, clock, scheduler);
  }

  /** Throws `too_many_requests`. Without a link it is one of the addresses that open nothing. */
  takeVisit(linkId: string | undefined, request: IncomingMessage): void {
    take(this.visits, `${linkId ?? 'none'} ${this.addresses.of(request)}`);
  }

  /** Throws `too_many_requests`. */
  takeAttempt(linkId: string, request: IncomingMessage): void {
    take(this.attempts, `${linkId} ${this.addresses.of(request)}`);
  }
}

function take(windows: SharedWindows, id: string): void {
  const { admitted, resetMs } = windows.take(id);
  if (!admitted) throw retryLater('too_many_requests', 'Wait a little before you open this page again.', resetMs);
}
