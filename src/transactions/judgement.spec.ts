import { Money } from '#libs/primitives';
import type { StatusReport } from '#libs/provider-kit';
import type { CallbackHint } from './attempt.entity.js';
import { judge, nextInquiryAt, type Judgement, type Matter } from './judgement.js';

const SENT_AT = 1_000_000;
const PROVISIONAL_MS = 90_000;
const ABSENT_MS = 600_000;
const EXPECTED = Money.ofMinor(15_000n, 'KES');

const hint = (says: CallbackHint['says'], matches = true): CallbackHint => ({
  callbackId: 'cbk_1',
  says,
  matches,
  receipt: null,
  at: SENT_AT,
});

const REPORTS: Record<StatusReport['kind'], StatusReport> = {
  succeeded: { kind: 'succeeded' },
  failed: { kind: 'failed', reason: 'wrong_pin' },
  cancelled: { kind: 'cancelled', reason: 'cancelled_by_customer' },
  expired: { kind: 'expired', reason: 'customer_timeout' },
  reversed: { kind: 'reversed' },
  pending: { kind: 'pending' },
  absent: { kind: 'absent' },
  asked: { kind: 'asked' },
  unknown: { kind: 'unknown', cause: 'HTTP 500' },
};

const judgeAt = (
  kind: StatusReport['kind'],
  given: {
    hint?: CallbackHint | null;
    ageMs?: number;
    provisionalFailureMs?: number;
    absentAfterMs?: number | null;
  } = {},
): Judgement => {
  const { ageMs = PROVISIONAL_MS, provisionalFailureMs = PROVISIONAL_MS, absentAfterMs = ABSENT_MS } = given;
  const matter: Matter = {
    report: REPORTS[kind],
    expected: EXPECTED,
    hint: given.hint ?? null,
    facts: { provisionalFailureMs, absentAfterMs },
    sentAt: SENT_AT,
    now: SENT_AT + ageMs,
  };
  return judge(matter);
};

const settled = (event: string) => ({ kind: 'settled', event });
const open = (notAfterAgeMs: number | null) => ({
  kind: 'open',
  notAfter: notAfterAgeMs === null ? null : SENT_AT + notAfterAgeMs,
});
const NO = ['failed', 'cancelled', 'expired'] as const;
const NOISE = ['pending', 'asked', 'unknown'] as const;
const SAYINGS = Object.keys(REPORTS) as StatusReport['kind'][];

describe('A last word that is none', () => {
  it.each([null, ...SAYINGS.map((says) => hint(says))])(
    'goes to people at once, whatever a callback says: %j',
    (given) => {
      const report: StatusReport = { kind: 'unknown', cause: 'already_reversed', forReview: true };
      const facts = { provisionalFailureMs: PROVISIONAL_MS, absentAfterMs: ABSENT_MS };
      expect(judge({ report, expected: EXPECTED, hint: given, facts, sentAt: SENT_AT, now: SENT_AT })).toEqual({
        kind: 'undecidable',
      });
    },
  );
});

describe('Success, as the provider itself says', () => {
  it.each([null, ...SAYINGS.map((says) => hint(says))])(
    'is believed at once beside a fitting callback: %j',
    (given) => {
      expect(judgeAt('succeeded', { hint: given, ageMs: 0 })).toEqual(settled('succeeded'));
    },
  );

  it.each(SAYINGS)('goes to people beside a callback of %s that does not fit', (says) => {
    expect(judgeAt('succeeded', { hint: hint(says, false) })).toEqual({ kind: 'contradicted', reason: 'mismatch' });
  });
});

it('goes to people where the provider itself says that another amount was paid', () => {
  const judgePaid = (amount: Money): Judgement =>
    judge({
      report: { kind: 'succeeded', amount },
      expected: EXPECTED,
      hint: null,
      facts: { provisionalFailureMs: 0, absentAfterMs: null },
      sentAt: SENT_AT,
      now: SENT_AT,
    });
  expect(judgePaid(EXPECTED)).toEqual(settled('succeeded'));
  for (const other of [Money.ofMinor(14_999n, 'KES'), Money.ofMinor(15_000n, 'UGX')])
    expect(judgePaid(other)).toEqual({ kind: 'contradicted', reason: 'mismatch' });
});

describe.each(NO)('%s, as an inquiry says', (kind) => {
  it('is not believed before its time', () => {
    expect(judgeAt(kind, { ageMs: 0 })).toEqual(open(PROVISIONAL_MS));
    expect(judgeAt(kind, { ageMs: PROVISIONAL_MS - 1 })).toEqual(open(PROVISIONAL_MS));
  });

  it('is believed from then on', () => {
    expect(judgeAt(kind, { ageMs: PROVISIONAL_MS })).toEqual(settled(kind));
  });

  it('is believed at once where the provider is never premature', () => {
    expect(judgeAt(kind, { ageMs: 0, provisionalFailureMs: 0 })).toEqual(settled(kind));
  });

  it.each(NO)('is believed at once beside a fitting callback of %s', (says) => {
    expect(judgeAt(kind, { hint: hint(says), ageMs: 0 })).toEqual(settled(kind));
  });

  it.each(NO)('is not hastened by a callback of %s that does not fit', (says) => {
    expect(judgeAt(kind, { hint: hint(says, false), ageMs: 0 })).toEqual(open(PROVISIONAL_MS));
    expect(judgeAt(kind, { hint: hint(says, false) })).toEqual(settled(kind));
  });

  it('goes to people where a fitting callback says paid, and not before it stands by itself', () => {
    expect(judgeAt(kind, { hint: hint('succeeded'), ageMs: PROVISIONAL_MS - 1 })).toEqual(open(PROVISIONAL_MS));
    expect(judgeAt(kind, { hint: hint('succeeded') })).toEqual({ kind: 'contradicted', reason: 'contradiction' });
  });

  it('stands against a callback that says paid and does not fit', () => {
    expect(judgeAt(kind, { hint: hint('succeeded', false) })).toEqual(settled(kind));
  });

  it.each(NOISE)('is not hastened by a callback of %s', (says) => {
    expect(judgeAt(kind, { hint: hint(says), ageMs: 0 })).toEqual(open(PROVISIONAL_MS));
  });
});

describe('Noise', () => {
  it.each(NOISE.flatMap((kind) => [null, ...SAYINGS].map((says) => [kind, says] as const)))(
    'of %s beside a callback of %s decides nothing, however old',
    (kind, says) => {
      for (const matches of [true, false]) {
        const given = { hint: says && hint(says, matches), ageMs: 10 * 86_400_000 };
        expect(judgeAt(kind, given)).toEqual(open(null));
      }
    },
  );
});

describe('Absence', () => {
  it('proves nothing where the provider forgets, or may not know yet', () => {
    expect(judgeAt('absent', { absentAfterMs: null, ageMs: 10 * 86_400_000 })).toEqual(open(null));
  });

  it('proves something from its age on', () => {
    expect(judgeAt('absent', { ageMs: ABSENT_MS - 1 })).toEqual(open(ABSENT_MS));
    expect(judgeAt('absent', { ageMs: ABSENT_MS })).toEqual({ kind: 'absent' });
  });
});

it('believes a reversal', () => {
  expect(judgeAt('reversed', { ageMs: 0 })).toEqual(settled('reversed'));
});

it('never fails on the word of a callback alone', () => {
  for (const kind of [...NOISE, 'absent'] as const) {
    for (const says of SAYINGS) {
      for (const ageMs of [0, PROVISIONAL_MS, ABSENT_MS, 10 * 86_400_000]) {
        const { kind: verdict } = judgeAt(kind, { hint: hint(says), ageMs });
        expect(kind === 'absent' ? ['open', 'absent'] : ['open']).toContain(verdict);
      }
    }
  }
});

describe('The next inquiry', () => {
  const schedule = [10_000, 30_000, 120_000];

  it.each([
    [0, 10_000],
    [9_999, 10_000],
    [10_000, 30_000],
    [29_999, 30_000],
    [30_000, 120_000],
    [119_999, 120_000],
    [120_000, undefined],
    [1e9, undefined],
  ])('at an age of %d ms is at %s', (ageMs, expected) => {
    const at = nextInquiryAt(schedule, SENT_AT, SENT_AT + ageMs);
    expect(at).toBe(expected === undefined ? undefined : SENT_AT + expected);
  });

  it('is none where there is no schedule', () => {
    expect(nextInquiryAt([], SENT_AT, SENT_AT)).toBeUndefined();
  });
});
