import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsInt, IsObject, Max, Min, ValidateNested } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { IsTextMap } from '../http/text-map.decorator.js';
import { CreateMovementDto, PartyDto } from '../transactions/movement.dto.js';

/** What a payout is for. */
export const PAYOUT_PURPOSES = ['salary', 'refund', 'rebate', 'supplier', 'other'] as const;

/** Who is paid. */
export class RecipientDto extends PartyDto {
  @IsTextMap({
    name: 'fields',
    description: "A method's own further fields, by the names that its `requiredFields` give beside those above.",
    example: { accountNumber: '0012345678' },
    mostKeys: 20,
    longestName: 40,
    longestValue: 200,
  })
  fields?: Record<string, string>;
}

export class CreatePayoutDto extends CreateMovementDto {
  @ApiProperty({ type: RecipientDto, description: 'Who is paid.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RecipientDto)
  recipient!: RecipientDto;

  @ApiProperty({ enum: [...PAYOUT_PURPOSES], description: 'What it is for.', example: 'salary' })
  @IsIn([...PAYOUT_PURPOSES])
  purpose!: (typeof PAYOUT_PURPOSES)[number];

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 60,
    maximum: 86_400,
    default: 86_400,
    description: 'How long it may wait to be sent. What was sent ends by the provider’s word alone.',
  })
  @IfGiven()
  @IsInt()
  @Min(60)
  @Max(86_400)
  expiresInSeconds?: number;
}
