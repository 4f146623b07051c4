import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import type { OpenSecret } from './signing-secrets.service.js';

/** `POST /v1/signing-secret/rotate`. */
export class RotateSigningSecretRequest {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 168,
    default: 24,
    description: 'How many hours the old secret still signs notices beside the new one. 0: it ends at once.',
  })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(168)
  overlapHours = 24;
}

export class SigningSecretResponse {
  @ApiProperty({ enum: ['signing_secret'] })
  object!: 'signing_secret';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({
    description:
      'Notices to the `callbackUrl` of a payment link are signed with it as Standard Webhooks 1.0.0 says. On the way back to your shop `signature` is the hex HMAC-SHA256 of `linkId.status.expires`, with this whole text, `whsec_` included, as its key.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  })
  secret!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until then notices carry a second signature, made with the secret before the rotation.',
  })
  previousSecretEndsAt!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  static from({ secret, row }: OpenSecret): SigningSecretResponse {
    return {
      object: 'signing_secret',
      mode: row.mode,
      secret,
      previousSecretEndsAt: row.previousSecretEndsAt === null ? null : toIso(row.previousSecretEndsAt),
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
    };
  }
}
