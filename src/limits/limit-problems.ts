import { Money } from '#libs/primitives';
import { toIso } from '../http/instants.js';
import { Problem } from '../http/problem.js';
import type { CapName, Excess } from './caps.js';
import type { Stop } from './payout-control.entity.js';

const WORDS: Readonly<Record<CapName, string>> = {
  perPayout: 'one payout',
  perHour: 'the payouts of this hour',
  perDay: 'the payouts of this day',
  perRecipientPerDay: 'the payouts to this number in this day',
  perKeyPerDay: 'the payouts of this API key in this day',
  perBatch: 'one batch',
};

/** Names the cap, what it still allows and when it renews. */
export function limitExceeded({ cap, capMinor, leftMinor, renewsAt }: Excess, currency: string): Problem {
  const limit = Money.ofMinor(capMinor, currency);
  const left = Money.ofMinor(leftMinor, currency);
  const renewal = renewsAt === null ? '' : ` It renews at ${toIso(renewsAt)}.`;
  return new Problem(
    'limit_exceeded',
    `${cap} caps ${WORDS[cap]} at ${limit.toString()}; ${left.toString()} is left.${renewal} GET /v1/limits shows all caps.`,
    {
      members: {
        ...{ limit: cap, limitAmount: limit.format(), left: left.format(), currency },
        ...(renewsAt !== null && { renewsAt: toIso(renewsAt) }),
      },
    },
  );
}

/** Says since when and why, so that nobody looks for a fault of the gateway. */
export function payoutsStopped({ at, reason }: Stop): Problem {
  return new Problem(
    'payouts_stopped',
    'Payouts and refunds of this merchant are stopped. What was taken before waits; ask again when they are started (POST /v1/payouts/start).',
    { members: { stoppedAt: toIso(at), stopReason: reason } },
  );
}
