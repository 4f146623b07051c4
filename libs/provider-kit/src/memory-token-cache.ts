import type { Clock } from '#libs/primitives';
import { toRefreshMarginMs, type TokenAnswer, type TokenCache } from './token-cache.js';

interface KeptToken {
  readonly token: string;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** Tokens of one process, in memory. Several processes share theirs through a cache in the database. */
export function createTokenCache({ clock }: { readonly clock: Clock }): TokenCache {
  const kept = new Map<string, KeptToken>();
  const refreshing = new Map<string, Promise<TokenAnswer>>();

  async function renew(accountId: string, refresh: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
    const previous = kept.get(accountId);
    const askedAt = clock.now();
    const answer = await refresh();
    if (answer.kind === 'token') {
      const { token, expiresInMs } = answer;
      // Counted from before the call: the provider's clock started somewhere inside it.
      const expiresAt = askedAt + Math.max(expiresInMs, 0);
      kept.set(accountId, { token, expiresAt, refreshAt: expiresAt - toRefreshMarginMs(expiresInMs) });
      return answer;
    }
    // Refreshing early leaves time for a bad moment: the old token serves as long as it lives, unless it was refused.
    const stillGood = previous && kept.get(accountId) === previous && clock.now() < previous.expiresAt;
    return answer.kind === 'deferred' && stillGood ? toAnswer(previous, clock) : answer;
  }

  return {
    get(accountId, refresh) {
      const current = kept.get(accountId);
      if (current && clock.now() < current.refreshAt) return Promise.resolve(toAnswer(current, clock));
      const underWay = refreshing.get(accountId);
      if (underWay) return underWay;
      const renewal = renew(accountId, refresh).finally(() => refreshing.delete(accountId));
      refreshing.set(accountId, renewal);
      return renewal;
    },
    async drop(accountId, token) {
      if (kept.get(accountId)?.token === token) kept.delete(accountId);
    },
  };
}

function toAnswer({ token, expiresAt }: KeptToken, clock: Clock): TokenAnswer {
  return { kind: 'token', token, expiresInMs: expiresAt - clock.now() };
}
