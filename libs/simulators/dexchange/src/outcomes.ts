import type { Plan, Status } from './book.js';
import type { World } from './world.js';

const SECOND = 1000;

/** How a collection or a payout goes on. `ignore` waits for a person, until its time runs out. */
export type Outcome =
  | 'success'
  | 'failed'
  | 'cancelled'
  | 'expired'
  | 'slow'
  | 'gateway_timeout'
  | 'no_webhook'
  | 'webhook_storm'
  | 'forged'
  | 'late'
  | 'identical'
  | 'ignore';

/** The last two digits of a number, and what they do (§12, our assumption). Every other number succeeds. */
export const MAGIC_ENDINGS: Readonly<Record<string, Outcome>> = {
  '01': 'success',
  '02': 'failed',
  '03': 'cancelled',
  '04': 'expired',
  '05': 'slow',
  '06': 'gateway_timeout',
  '07': 'no_webhook',
  '08': 'webhook_storm',
  '09': 'forged',
  '10': 'late',
  '11': 'identical',
};

interface Script {
  readonly steps: readonly (readonly [afterMs: number | 'ttl', status: Status])[];
  readonly telling?: Plan['telling'];
}

const SCRIPTS: Readonly<Record<Exclude<Outcome, 'ignore'>, Script>> = {
  success: { steps: [[2 * SECOND, 'SUCCESS']] },
  failed: { steps: [[3 * SECOND, 'FAILED']] },
  cancelled: { steps: [[5 * SECOND, 'CANCELLED']] },
  expired: { steps: [['ttl', 'EXPIRED']] },
  slow: {
    steps: [
      [0, 'PROCESSING'],
      [20 * SECOND, 'SUCCESS'],
    ],
  },
  gateway_timeout: { steps: [[2 * SECOND, 'SUCCESS']] },
  no_webhook: { steps: [[2 * SECOND, 'SUCCESS']], telling: 'never' },
  webhook_storm: { steps: [[2 * SECOND, 'SUCCESS']], telling: 'storm' },
  forged: { steps: [[2 * SECOND, 'FAILED']], telling: 'forged' },
  late: {
    steps: [
      ['ttl', 'EXPIRED'],
      [60 * SECOND, 'SUCCESS'],
    ],
  },
  identical: { steps: [[2 * SECOND, 'SUCCESS']] },
};

/** What this number does: by the faults, or by its ending. */
export function findOutcome({ faults }: World, number: string): Outcome {
  const told = faults.get('outcomeByNumber')[number] ?? faults.get('outcome');
  if (told !== null && isOutcome(told)) return told;
  return MAGIC_ENDINGS[number.slice(-2)] ?? 'success';
}

/** What happens from now on, and when. Null where nothing does by itself. */
export function toPlan(
  { settings, time }: World,
  outcome: Outcome,
  payer: { readonly service: string; readonly number: string; readonly expiresAt: number | null },
): Plan | null {
  if (outcome === 'ignore') return null;
  const { steps, telling = 'once' } = SCRIPTS[outcome];
  const speed = settings.get('speed');
  let at = time.now();
  const planned = steps.map(([after, status]) => {
    // Money out has no lifetime of its own: it is given up after as long as a collection.
    const endOfLife = payer.expiresAt ?? time.now() + settings.get('directTtlSec') * SECOND;
    at = after === 'ttl' ? endOfLife : at + after / speed;
    return { at, status };
  });
  return { service: payer.service, number: payer.number, steps: planned, telling };
}

const isOutcome = (word: string): word is Outcome => word === 'ignore' || Object.hasOwn(SCRIPTS, word);
