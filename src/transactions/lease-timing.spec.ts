import type { OperationFacts } from '#libs/provider-kit';
import { mpesa } from '#libs/providers/mpesa';
import { LEASE_MS } from '../jobs/job-store.js';
import { PROVIDER_REQUEST_TIMEOUT_MS } from '../providers/provider-ports.js';
import { checkLeaseTiming, UnsafeTimingError } from './lease-timing.js';

describe('The timing of leases', () => {
  const timing = { leaseMs: 60_000, requestTimeoutMs: 30_000 };
  const provider = (absentAfterMs: number | null) => {
    const payouts: OperationFacts = {
      dedupe: 'queryable',
      inquireBy: 'attemptId',
      inquirySchedule: [10_000],
      provisionalFailureMs: 0,
      absentAfterMs,
      promptLifeMs: null,
      callbackPurposes: [],
      inquiryCallbackPurposes: [],
      phoneGuards: null,
    };
    return { id: 'acme', operations: { payouts } };
  };

  it('is safe as we ship it', () => {
    expect(() =>
      checkLeaseTiming({ leaseMs: LEASE_MS, requestTimeoutMs: PROVIDER_REQUEST_TIMEOUT_MS }, [mpesa]),
    ).not.toThrow();
  });

  it.each([29_999, 30_000])('refuses a lease of %i ms under requests of 30 s', (leaseMs) => {
    expect(() => checkLeaseTiming({ ...timing, leaseMs }, [])).toThrow(UnsafeTimingError);
  });

  it.each([
    [210_000, false],
    [210_001, true],
    [null, true],
  ])('believes in "absent" after %s ms: %s', (absentAfterMs, isSafe) => {
    const check = () => checkLeaseTiming(timing, [provider(null), provider(absentAfterMs)]);
    if (isSafe) expect(check).not.toThrow();
    else expect(check).toThrow(/acme.*payouts.*more than 210000 ms/);
  });
});
