import { ApiProperty } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';

/** The code that the customer got from the operator. It is handed on, and neither stored nor logged. */
export class OneTimeCodeRequest {
  @ApiProperty({
    description: 'As the customer reads it in the text message.',
    pattern: '^[0-9]{4,10}$',
    example: '482913',
  })
  @IsString()
  @Matches(/^[0-9]{4,10}$/, { message: 'otp must be 4 to 10 digits' })
  otp!: string;
}
