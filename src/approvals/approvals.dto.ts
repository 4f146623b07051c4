import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { IfGiven } from '../http/if-given.js';

/** What a person says about a payout that waits for them. */
export class DecisionRequest {
  @ApiPropertyOptional({ minLength: 1, maxLength: 500, description: 'Stays in the timeline for ever.' })
  @IfGiven()
  @IsString()
  @Length(1, 500)
  note?: string;
}
