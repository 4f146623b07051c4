import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import { isSameLimit, LowBalanceResponse } from '../provider-accounts/low-balance.dto.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { REFRESH_STATES, type ProviderBalance } from './provider-balance.entity.js';

/** `POST /v1/balances/refresh`. */
export class RefreshBalancesRequest {
  @ApiPropertyOptional({ description: 'Only this account.', example: 'pac_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @IfGiven()
  @IsString()
  @MaxLength(64)
  providerAccountId?: string;
}

export class AccountBalanceResponse {
  @ApiProperty({ description: 'The provider’s own name of it.', example: 'Utility Account' })
  account!: string;
  @ApiProperty({ description: 'Major units. Some accounts can be below zero.', example: '228000.00' })
  available!: string;
  @ApiProperty({ description: 'ISO 4217.', example: 'KES' })
  currency!: string;
}

export class BalanceRefreshResponse {
  @ApiProperty({
    enum: ['never', ...REFRESH_STATES],
    description: '`never`: nobody has asked for it yet. `failed`: the provider did not answer; see `detail`.',
  })
  state!: 'never' | ProviderBalance['refresh'];
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startedAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finishedAt!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'What went wrong, a sentence for people.' })
  detail!: string | null;
}

/** What one provider account holds. */
export class BalanceResponse {
  @ApiProperty({ enum: ['balance'] })
  object!: 'balance';
  @ApiProperty({ example: 'pac_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  providerAccountId!: string;
  @ApiProperty({ example: 'mpesa' })
  provider!: string;
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ type: [AccountBalanceResponse], description: 'Empty until the provider has told for the first time.' })
  balances!: AccountBalanceResponse[];
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the provider told it.' })
  asOf!: string | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'How old that is now.' })
  ageSeconds!: number | null;
  @ApiProperty({ type: BalanceRefreshResponse, description: 'The last refresh.' })
  refresh!: BalanceRefreshResponse;
  @ApiProperty({
    type: LowBalanceResponse,
    nullable: true,
    description: 'The limit of the provider account. Where there is one, the balance is looked at every 15 minutes.',
  })
  lowBalance!: LowBalanceResponse | null;
  @ApiProperty({ description: 'Whether it was below that limit when we last knew.' })
  isLow!: boolean;

  static from(account: ProviderAccount, row: ProviderBalance | undefined, now: number): BalanceResponse {
    const asOf = row?.asOf ?? null;
    return {
      object: 'balance',
      providerAccountId: account.id,
      provider: account.provider,
      mode: account.mode,
      balances: (row?.balances ?? []).map(({ account: name, available, currency }) => ({
        ...{ account: name, available, currency },
      })),
      asOf: asOf === null ? null : toIso(asOf),
      ageSeconds: asOf === null ? null : Math.max(0, Math.floor((now - asOf) / 1000)),
      refresh: toRefresh(row),
      lowBalance: account.lowBalance && LowBalanceResponse.from(account.lowBalance),
      // What was seen below an earlier limit says nothing about this one.
      isLow: account.lowBalance !== null && isSameLimit(account.lowBalance, row?.belowLimit ?? null),
    };
  }
}

export class BalanceList extends PageResponse {
  @ApiProperty({ type: [BalanceResponse] })
  data!: BalanceResponse[];
}

function toRefresh(row: ProviderBalance | undefined): BalanceRefreshResponse {
  if (!row) return { state: 'never', startedAt: null, finishedAt: null, detail: null };
  return {
    state: row.refresh,
    startedAt: toIso(row.startedAt),
    finishedAt: row.finishedAt === null ? null : toIso(row.finishedAt),
    detail: row.trouble,
  };
}
