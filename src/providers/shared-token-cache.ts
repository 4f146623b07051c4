import { Logger } from '@nestjs/common';
import { systemScheduler, type Clock } from '#libs/primitives';
import { toRefreshMarginMs, type TokenAnswer, type TokenCache } from '#libs/provider-kit';
import type { LivingToken, ProviderTokenStore, TokenClaim, TokenLease } from './provider-token-store.js';

/** A token at hand, with instants by this process's own clock. */
interface NearToken {
  readonly token: string;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** How long we wait for another process that is fetching a token: with an older one at hand, and without. */
export interface TokenWaits {
  readonly withPreviousMs: number;
  readonly withNoneMs: number;
}

// A call may ask twice: together well below a job's lease of 60 s, so that there is time left to send.
const WAITS: TokenWaits = { withPreviousMs: 2_000, withNoneMs: 10_000 };
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 250;

// While a token lives, a token service that is down is asked this often, by all processes together.
const PAUSE_AFTER_FAILURE_MS = 15_000;

/**
 * One access token for each account over all processes: every new one may kill the one before. A row in the database says
 * which it is and who fetches the next; a copy at hand serves in between. A database that is away throws nothing here:
 * without a token nothing is sent, and `deferred` says so.
 */
export class SharedTokenCache implements TokenCache {
  private readonly logger = new Logger('ProviderTokens');
  private readonly near = new Map<string, NearToken>();
  private readonly underWay = new Map<string, Promise<TokenAnswer>>();
  /** What the provider refused us last, by account: known here even if the database could not be told. */
  private readonly refused = new Map<string, string>();

  constructor(
    private readonly store: ProviderTokenStore,
    private readonly clock: Clock,
    private readonly waits: TokenWaits = WAITS,
  ) {}

  get(accountId: string, refresh: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    const near = this.near.get(accountId);
    if (near && this.clock.now() < near.refreshAt) return Promise.resolve(this.toAnswer(near));
    const underWay = this.underWay.get(accountId);
    if (underWay) return underWay;
    const finding = this.find(accountId, refresh).finally(() => this.underWay.delete(accountId));
    this.underWay.set(accountId, finding);
    return finding;
  }

  async drop(accountId: string, token: string): Promise<void> {
    this.refused.set(accountId, token);
    if (this.near.get(accountId)?.token === token) this.near.delete(accountId);
    // Where it fails, the other processes hear it from the provider as we did.
    await this.tell(accountId, () => this.store.drop(accountId, token));
  }

  private async find(accountId: string, refresh: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    let waitedMs = 0;
    for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(lookMs * 2, LONGEST_LOOK_MS)) {
      const claim = await this.claim(accountId);
      const answer = await this.answer(claim, accountId, refresh, waitedMs);
      if (answer) return answer;
      // On the machine's own timer: only a server holds us up, and its leases run on its own clock.
      await new Promise<void>((resolve) => systemScheduler.after(lookMs, resolve));
      waitedMs += lookMs;
    }
  }

  /** Undefined where it is worth waiting for another process. */
  private async answer(
    claim: TokenClaim | undefined,
    accountId: string,
    refresh: () => Promise<TokenAnswer>,
    waitedMs: number,
  ): Promise<TokenAnswer | undefined> {
    switch (claim?.kind) {
      case undefined:
        return this.makeDo(accountId);
      case 'token':
        return this.toAnswer(this.keep(accountId, claim.token));
      case 'leased':
        return this.renew(claim.lease, claim.previous, refresh);
      case 'held': {
        const { previous } = claim;
        if (waitedMs < (previous ? this.waits.withPreviousMs : this.waits.withNoneMs)) return undefined;
        return previous
          ? { kind: 'token', token: previous.value, expiresInMs: previous.expiresInMs }
          : { kind: 'deferred', cause: 'no access token: another process has been fetching one for too long' };
      }
    }
  }

  /** Undefined where the lease was lost meanwhile: the token is another process's now. */
  private async renew(
    lease: TokenLease,
    previous: LivingToken | undefined,
    refresh: () => Promise<TokenAnswer>,
  ): Promise<TokenAnswer | undefined> {
    const { accountKey } = lease;
    const askedAt = this.clock.now();
    const answer = await this.refreshUnder(lease, refresh);
    if (answer.kind !== 'token') {
      const serves = previous && previous.value !== this.refused.get(accountKey);
      const leftMs = serves ? previous.expiresInMs - (this.clock.now() - askedAt) : 0;
      // A bad moment of the token service is bridged; refused credentials are not hidden.
      return answer.kind === 'deferred' && serves && leftMs > 0
        ? { kind: 'token', token: previous.value, expiresInMs: leftMs }
        : answer;
    }
    const stored = await this.tell(accountKey, () => this.store.put(lease, answer.token, answer.expiresInMs));
    if (stored === false) return undefined;
    this.refused.delete(accountKey);
    // Kept here even if the database was away for it: asking again could only kill it.
    const lifeMs = Math.max(answer.expiresInMs, 0);
    const refreshAt = askedAt + lifeMs - toRefreshMarginMs(lifeMs);
    this.near.set(accountKey, { token: answer.token, refreshAt, expiresAt: askedAt + lifeMs });
    return answer;
  }

  /** Asks the provider. What did not bring a token gives the lease back, so that nobody waits for its end. */
  private async refreshUnder(lease: TokenLease, refresh: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    let pauseMs: number | undefined;
    let isToken = false;
    try {
      const answer = await refresh();
      isToken = answer.kind === 'token';
      if (answer.kind === 'deferred') pauseMs = Math.max(answer.retryAfterMs ?? 0, PAUSE_AFTER_FAILURE_MS);
      return answer;
    } finally {
      if (!isToken) await this.tell(lease.accountKey, () => this.store.release(lease, pauseMs));
    }
  }

  /** The database is away: the token at hand serves for as long as it lives. */
  private makeDo(accountId: string): TokenAnswer {
    const near = this.near.get(accountId);
    if (near && this.clock.now() < near.expiresAt) return this.toAnswer(near);
    return { kind: 'deferred', cause: 'no access token: the shared one could not be read' };
  }

  private async claim(accountId: string): Promise<TokenClaim | undefined> {
    try {
      return await this.store.claim(accountId, this.refused.get(accountId));
    } catch (error) {
      this.logger.error({ err: error, account: accountId }, 'The shared access token could not be read.');
      return undefined;
    }
  }

  /** Undefined where the database could not be told: what we know ourselves still holds. */
  private async tell<T>(accountId: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.logger.error({ err: error, account: accountId }, 'The shared access token could not be written.');
      return undefined;
    }
  }

  private keep(accountId: string, { value, refreshInMs, expiresInMs }: LivingToken): NearToken {
    const now = this.clock.now();
    const near = { token: value, refreshAt: now + refreshInMs, expiresAt: now + expiresInMs };
    this.near.set(accountId, near);
    return near;
  }

  private toAnswer({ token, expiresAt }: NearToken): TokenAnswer {
    return { kind: 'token', token, expiresInMs: expiresAt - this.clock.now() };
  }
}
