import * as fc from 'fast-check';
import {
  FINAL_STATUSES,
  isFinal,
  isLateSuccess,
  nextState,
  TRANSACTION_EVENTS,
  TRANSACTION_STATUSES,
  TRANSITIONS,
  type TransactionEventName,
  type TransactionKind,
  type TransactionStatus,
  type TransitionFacts,
} from './transaction-states.js';

const USUAL: TransitionFacts = { kind: 'collection', everSent: true, doubtReason: null, hasRefunds: false };
const KINDS: readonly TransactionKind[] = ['collection', 'payout', 'refund'];
const DISPUTES = ['contradiction', 'mismatch', 'over_refunded'];
const OPEN_DOUBTS = ['answer_lost', 'worker_lost', 'no_lookup_possible', 'exhausted'];

/** Written from the design by hand: every move a sent collection without refunds can make. Whatever is not here moves nothing. */
const DESIGN: Record<TransactionStatus, Partial<Record<TransactionEventName, TransactionStatus>>> = {
  awaiting_approval: {
    approved: 'created',
    updated: 'awaiting_approval',
    declined: 'cancelled',
    cancelled: 'cancelled',
    lapsed: 'expired',
  },
  created: {
    claimed: 'submitting',
    cancelled: 'cancelled',
    refused: 'failed',
    lapsed: 'expired',
    succeeded: 'succeeded',
    contradicted: 'review',
  },
  submitting: {
    accepted: 'pending',
    rejected: 'failed',
    deferred: 'created',
    unknown: 'unconfirmed',
    succeeded: 'succeeded',
    failed: 'failed',
    cancelled: 'cancelled',
    expired: 'expired',
    exhausted: 'review',
    contradicted: 'review',
  },
  unconfirmed: {
    accepted: 'pending',
    rejected: 'failed',
    succeeded: 'succeeded',
    failed: 'failed',
    cancelled: 'cancelled',
    expired: 'expired',
    resent: 'submitting',
    absentRetry: 'created',
    absentFinal: 'failed',
    exhausted: 'review',
    contradicted: 'review',
  },
  pending: {
    succeeded: 'succeeded',
    failed: 'failed',
    cancelled: 'cancelled',
    expired: 'expired',
    reversed: 'reversed',
    exhausted: 'review',
    contradicted: 'review',
  },
  review: {
    ruled_succeeded: 'succeeded',
    ruled_failed: 'failed',
    succeeded: 'succeeded',
    failed: 'failed',
    cancelled: 'cancelled',
    expired: 'expired',
    reversed: 'reversed',
  },
  succeeded: { reversed: 'reversed', contradicted: 'review', updated: 'succeeded' },
  failed: { succeeded: 'succeeded', contradicted: 'review' },
  cancelled: { succeeded: 'succeeded', contradicted: 'review' },
  expired: { succeeded: 'succeeded', contradicted: 'review' },
  reversed: { contradicted: 'review' },
};

const everyPair = TRANSACTION_STATUSES.flatMap((status) =>
  TRANSACTION_EVENTS.map((event) => [status, event, DESIGN[status][event]] as const),
);

describe('The life of a transaction', () => {
  it.each(everyPair)('%s, %s → %s', (status, event, target) => {
    expect(nextState(status, event, USUAL)).toBe(target);
  });

  it('names no status and no event that the design does not', () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual(Object.keys(DESIGN).sort());
    expect(everyPair).toHaveLength(TRANSACTION_STATUSES.length * TRANSACTION_EVENTS.length);
  });

  it.each(['succeeded', 'contradicted'] as const)('takes no word of %s about what was never sent', (event) => {
    for (const kind of KINDS) {
      expect(nextState('created', event, { ...USUAL, kind, everSent: false })).toBeUndefined();
      expect(nextState('awaiting_approval', event, { ...USUAL, kind, everSent: false })).toBeUndefined();
    }
  });

  it.each(['failed', 'cancelled', 'expired'] as const)(
    'lets late success out of %s by itself only where money came in',
    (status) => {
      expect(KINDS.map((kind) => nextState(status, 'succeeded', { ...USUAL, kind }))).toEqual([
        'succeeded',
        'review',
        'review',
      ]);
    },
  );

  it.each(DISPUTES)('leaves a review for %s by a ruling alone', (doubtReason) => {
    const left = TRANSACTION_EVENTS.filter((event) => nextState('review', event, { ...USUAL, doubtReason }));
    expect(left).toEqual(['ruled_succeeded', 'ruled_failed']);
  });

  it.each(OPEN_DOUBTS)('leaves a review for %s by definite evidence too', (doubtReason) => {
    const left = TRANSACTION_EVENTS.filter((event) => nextState('review', event, { ...USUAL, doubtReason }));
    expect(left.sort()).toEqual(
      ['ruled_succeeded', 'ruled_failed', 'succeeded', 'failed', 'cancelled', 'expired', 'reversed'].sort(),
    );
  });

  it('asks people about a reversal of what we refunded ourselves', () => {
    expect(nextState('succeeded', 'reversed', { ...USUAL, hasRefunds: true })).toBe('review');
    expect(nextState('succeeded', 'reversed', { ...USUAL, hasRefunds: false })).toBe('reversed');
  });

  it('knows which statuses are final, and what is late', () => {
    expect(TRANSACTION_STATUSES.filter(isFinal).sort()).toEqual([...FINAL_STATUSES].sort());
    const late = TRANSACTION_STATUSES.flatMap((from) =>
      TRANSACTION_STATUSES.filter((to) => isLateSuccess(from, to)).map((to) => `${from} → ${to}`),
    );
    expect(late.sort()).toEqual(['cancelled → succeeded', 'expired → succeeded', 'failed → succeeded']);
  });

  it('can reach every status from its two beginnings, and an end from every status', () => {
    const targets = (status: TransactionStatus) =>
      TRANSACTION_EVENTS.flatMap((event) => nextState(status, event, USUAL) ?? []);
    const reach = (from: readonly TransactionStatus[]) => {
      const seen = new Set<TransactionStatus>(from);
      for (const status of seen) for (const next of targets(status)) seen.add(next);
      return seen;
    };
    expect([...reach(['awaiting_approval'])].sort()).toEqual([...TRANSACTION_STATUSES].sort());
    for (const status of TRANSACTION_STATUSES) {
      expect(
        [...reach([status])].some(
          (reached) => reached === 'succeeded' || reached === 'failed' || reached === 'reversed',
        ),
      ).toBe(true);
    }
  });

  it('never names an event twice for the same move from doubt: silence alone never fails it', () => {
    for (const event of ['unknown', 'exhausted', 'lapsed', 'updated', 'accepted'] as const) {
      for (const status of ['submitting', 'unconfirmed', 'pending', 'review'] as const) {
        const next = nextState(status, event, USUAL);
        expect(['failed', 'cancelled', 'expired', 'succeeded', 'created']).not.toContain(next);
      }
    }
  });
});

describe('Whatever is reported, in whatever order', () => {
  const facts = fc.record({
    kind: fc.constantFrom(...KINDS),
    everSent: fc.boolean(),
    doubtReason: fc.constantFrom(null, ...DISPUTES, ...OPEN_DOUBTS),
    hasRefunds: fc.boolean(),
  });
  const story = fc.array(fc.record({ event: fc.constantFrom(...TRANSACTION_EVENTS), facts }), { maxLength: 40 });
  const beginning = fc.constantFrom<TransactionStatus>('awaiting_approval', 'created');

  interface Step {
    readonly from: TransactionStatus;
    readonly event: TransactionEventName;
    readonly to: TransactionStatus;
    readonly facts: TransitionFacts;
  }

  const tell = (start: TransactionStatus, events: readonly Pick<Step, 'event' | 'facts'>[]): Step[] => {
    let from = start;
    return events.map(({ event, facts: given }) => {
      const to = nextState(from, event, given) ?? from;
      const step = { from, event, to, facts: given };
      from = to;
      return step;
    });
  };

  const check = (rule: (steps: readonly Step[]) => void) =>
    fc.assert(
      fc.property(beginning, story, (start, events) => rule(tell(start, events))),
      { numRuns: 3_000, seed: 20_261_122 },
    );

  it('its status is one of ours', () => {
    check((steps) => steps.forEach(({ to }) => expect(TRANSACTION_STATUSES).toContain(to)));
  });

  it('success is sticky: only a reversal or people end it', () => {
    check((steps) => {
      for (const { from, event, to } of steps) {
        if (from !== 'succeeded' || to === 'succeeded') continue;
        expect([`reversed → reversed`, 'reversed → review', 'contradicted → review']).toContain(`${event} → ${to}`);
      }
    });
  });

  it('it succeeds by the word of a provider or of two persons, and by no other', () => {
    check((steps) => {
      for (const { from, event, to } of steps) {
        if (to === 'succeeded' && from !== 'succeeded') expect(['succeeded', 'ruled_succeeded']).toContain(event);
      }
    });
  });

  it('it ends unpaid by a definite word, or before anything was sent', () => {
    const definite = ['rejected', 'failed', 'cancelled', 'expired', 'absentFinal', 'ruled_failed'];
    const ours = ['declined', 'refused', 'lapsed', 'cancelled'];
    check((steps) => {
      for (const { from, event, to } of steps) {
        if (from === to || !['failed', 'cancelled', 'expired'].includes(to)) continue;
        expect(['awaiting_approval', 'created'].includes(from) ? ours : definite).toContain(event);
      }
    });
  });

  it('nothing is sent twice: it goes back to be sent only by proof that it was not taken', () => {
    check((steps) => {
      for (const { from, event, to } of steps) {
        if (to === 'created' && from !== 'created') expect(['approved', 'deferred', 'absentRetry']).toContain(event);
        if (to === 'submitting' && from !== 'submitting') expect(['claimed', 'resent']).toContain(event);
      }
    });
  });

  it('a dispute ends by a ruling alone', () => {
    check((steps) => {
      for (const { from, event, to, facts: given } of steps) {
        if (from === 'review' && to !== 'review' && DISPUTES.includes(given.doubtReason ?? ''))
          expect(['ruled_succeeded', 'ruled_failed']).toContain(event);
      }
    });
  });

  it('no one rules outside of a review', () => {
    check((steps) => {
      for (const { from, event, to } of steps) {
        if (event.startsWith('ruled_') && from !== to) expect(from).toBe('review');
      }
    });
  });
});
