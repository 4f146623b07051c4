import { ApiProperty } from '@nestjs/swagger';
import type { Mode, Operation } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import type { CallFigures } from './recent-calls.js';

/** What `provider.degraded` and `provider.recovered` are about. */
export class ProviderConditionResponse {
  @ApiProperty({ enum: ['provider_condition'] })
  object!: 'provider_condition';
  @ApiProperty({ example: 'mpesa' })
  provider!: string;
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ enum: ['collections', 'payouts', 'reversals', 'links'], description: 'The kind of movement.' })
  operation!: Operation;
  @ApiProperty({ enum: ['degraded', 'recovered'] })
  state!: 'degraded' | 'recovered';
  @ApiProperty({ type: [String], description: 'Your accounts that it concerns.' })
  providerAccountIds!: string[];
  @ApiProperty({ format: 'date-time', description: 'When we noticed the trouble.' })
  since!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  recoveredAt!: string | null;
  @ApiProperty({ description: 'What happened, a sentence for people.' })
  detail!: string;

  /** `figures`: of the listener's own account. Those of somebody else are nobody's business. */
  static degraded(
    { provider, mode, operation, since }: About & { readonly since: number },
    accountIds: readonly string[],
    figures: CallFigures | undefined,
  ): ProviderConditionResponse {
    const seen = figures
      ? `${String(figures.failures)} of the last ${String(figures.calls)} requests were not taken, or had no answer that tells what became of them.`
      : 'Requests through this provider are not taken, or have no answer that tells what became of them.';
    return {
      ...{ object: 'provider_condition', provider, mode, operation, state: 'degraded' },
      providerAccountIds: [...accountIds],
      since: toIso(since),
      recoveredAt: null,
      detail: `${seen} ${CONSEQUENCES[operation]} What was sent is still asked about.`,
    };
  }

  static recovered(
    { provider, mode, operation }: About,
    accountIds: readonly string[],
    { since, recoveredAt }: { readonly since: number; readonly recoveredAt: number },
  ): ProviderConditionResponse {
    return {
      ...{ object: 'provider_condition', provider, mode, operation, state: 'recovered' },
      providerAccountIds: [...accountIds],
      since: toIso(since),
      recoveredAt: toIso(recoveredAt),
      detail: 'The provider takes requests again.',
    };
  }
}

interface About {
  readonly provider: string;
  readonly mode: Mode;
  readonly operation: Operation;
}

const CONSEQUENCES: Readonly<Record<Operation, string>> = {
  collections: 'Collections take another route; where there is none they are refused for now.',
  payouts: 'Payouts take another route; where there is none they wait.',
  reversals: 'Refunds wait.',
  links: 'Payment pages cannot be made for now.',
};
