import { ApiProperty } from '@nestjs/swagger';
import { Money } from '#libs/primitives';
import { IsAmountOrNull, IsCurrency } from '../http/amount.decorator.js';
import { toIso } from '../http/instants.js';
import { CAP_NAMES, type CapName, type Caps } from './caps.js';
import type { MerchantUsage } from './limit-usages.js';

/** `PATCH /v1/limits` and `PATCH /v1/merchants/{id}/limits`: caps of one currency. */
export class UpdateLimitsRequest implements Partial<Record<CapName, string | number | null>> {
  @IsCurrency('ISO 4217. Each currency has caps of its own.')
  currency!: string;

  @IsAmountOrNull('The most that one payout may be.')
  perPayout?: string | number | null;

  @IsAmountOrNull('The sum of all payouts of a clock hour, UTC.')
  perHour?: string | number | null;

  @IsAmountOrNull('The sum of all payouts of a calendar day, UTC.')
  perDay?: string | number | null;

  @IsAmountOrNull('What one phone number gets in a calendar day, UTC.')
  perRecipientPerDay?: string | number | null;

  @IsAmountOrNull('What one API key may ask for in a calendar day, UTC; the same cap for each key.')
  perKeyPerDay?: string | number | null;

  @IsAmountOrNull('The sum of one payout batch.')
  perBatch?: string | number | null;
}

const ApiCap = (): PropertyDecorator =>
  ApiProperty({ type: String, nullable: true, description: 'Major units; null: no cap.', example: '50000.00' });

/** Caps of one currency. */
export class CapsResponse implements Record<CapName, string | null> {
  @ApiCap()
  perPayout!: string | null;
  @ApiCap()
  perHour!: string | null;
  @ApiCap()
  perDay!: string | null;
  @ApiCap()
  perRecipientPerDay!: string | null;
  @ApiCap()
  perKeyPerDay!: string | null;
  @ApiCap()
  perBatch!: string | null;

  static from(caps: Caps | undefined, currency: string): CapsResponse {
    const shown = CAP_NAMES.map((name) => {
      const minor = caps?.[name];
      return [name, minor === undefined ? null : Money.ofMinor(minor, currency).format()];
    });
    return Object.fromEntries(shown) as CapsResponse;
  }
}

export class LimitUsageResponse {
  @ApiProperty({ description: 'What was taken of it so far, in major units.', example: '12000.00' })
  used!: string;
  @ApiProperty({ format: 'date-time', description: 'When the counting begins anew.' })
  renewsAt!: string;
}

export class CurrencyLimitsResponse {
  @ApiProperty({ example: 'KES' })
  currency!: string;
  @ApiProperty({ type: CapsResponse, description: 'Your own caps.' })
  caps!: CapsResponse;
  @ApiProperty({
    type: CapsResponse,
    description: 'Those of the platform, for both modes. The lower of the two holds.',
  })
  maxima!: CapsResponse;
  @ApiProperty({ type: LimitUsageResponse, description: 'The clock hour, UTC.' })
  hour!: LimitUsageResponse;
  @ApiProperty({ type: LimitUsageResponse, description: 'The calendar day, UTC.' })
  day!: LimitUsageResponse;

  static from(
    currency: string,
    { caps, maxima, usage }: { readonly caps?: Caps; readonly maxima?: Caps; readonly usage: MerchantUsage },
  ): CurrencyLimitsResponse {
    const shape = ({ usedMinor, renewsAt }: MerchantUsage['day']): LimitUsageResponse => ({
      used: Money.ofMinor(usedMinor, currency).format(),
      renewsAt: toIso(renewsAt),
    });
    return {
      currency,
      caps: CapsResponse.from(caps, currency),
      maxima: CapsResponse.from(maxima, currency),
      hour: shape(usage.hour),
      day: shape(usage.day),
    };
  }
}

export class LimitsResponse {
  @ApiProperty({ enum: ['limits'] })
  object!: 'limits';
  @ApiProperty({ type: [CurrencyLimitsResponse], description: 'The currencies that have caps. Others have none.' })
  currencies!: CurrencyLimitsResponse[];
}
