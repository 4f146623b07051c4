import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsDefined, IsInt, IsObject, IsUrl, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { IfGiven } from '../http/if-given.js';
import { CreateMovementDto, PartyDto } from '../transactions/movement.dto.js';

/** Who pays. */
export class CustomerDto extends PartyDto {}

export class CreateCollectionDto extends CreateMovementDto {
  @ApiProperty({ type: CustomerDto, description: 'Who pays.' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => CustomerDto)
  customer!: CustomerDto;

  @ApiPropertyOptional({
    format: 'uri',
    maxLength: 2000,
    description:
      'Where a hosted page returns the customer to; required by methods whose flow is `redirect`. It is given `transactionId` and no status: read the transaction.',
  })
  @IfGiven()
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  @MaxLength(2000)
  returnUrl?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 60,
    maximum: 86_400,
    default: 900,
    description: 'How long it may wait to be sent.',
  })
  @IfGiven()
  @IsInt()
  @Min(60)
  @Max(86_400)
  expiresInSeconds?: number;
}
