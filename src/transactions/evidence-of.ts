import type { ProviderWords, StatusReport, SubmissionOutcome } from '#libs/provider-kit';
import type { Evidence } from './evidence.js';

/** A submit's outcome as evidence. */
export function toSubmissionEvidence(outcome: SubmissionOutcome): Evidence {
  const says = outcome.kind === 'completed' ? outcome.report.kind : outcome.kind;
  const cause = 'cause' in outcome ? { detail: outcome.cause } : {};
  return {
    source: 'submission',
    says,
    ...cause,
    ...toWords(outcome.said, 'providerCode' in outcome ? outcome.providerCode : undefined),
  };
}

/** A provider's statement as evidence, from an inquiry or a callback. */
export function toStatusEvidence(source: 'inquiry' | 'callback', report: StatusReport): Evidence {
  return {
    source,
    says: report.kind,
    ...('cause' in report && { detail: report.cause }),
    ...(report.kind === 'succeeded' && report.receipt !== undefined && { receipt: report.receipt }),
    ...toWords(report.said, 'providerCode' in report ? report.providerCode : undefined),
  };
}

function toWords(said: ProviderWords = {}, providerCode = said.providerCode): Partial<Evidence> {
  return {
    ...(said.httpStatus !== undefined && { httpStatus: said.httpStatus }),
    ...(providerCode !== undefined && { providerCode }),
    ...(said.providerMessage !== undefined && { providerMessage: said.providerMessage }),
  };
}
