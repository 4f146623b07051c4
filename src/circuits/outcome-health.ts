import type { SubmissionOutcome } from '#libs/provider-kit';

/** Whether the provider did its part: it served us, it was not available, or its answer says nothing about that. */
export type Service = 'served' | 'unavailable' | 'tells_nothing';

/** What one submit tells about the provider. What a customer is refused for is service; silence and "not now" are none. */
export function toService(outcome: SubmissionOutcome): Service {
  switch (outcome.kind) {
    case 'accepted':
    case 'completed':
      return 'served';
    case 'deferred':
    case 'unknown':
      return 'unavailable';
    case 'rejected':
      // Wrong credentials are the merchant's matter.
      if (outcome.reason === 'provider_misconfigured') return 'tells_nothing';
      return outcome.reason === 'provider_unavailable' ? 'unavailable' : 'served';
  }
}
