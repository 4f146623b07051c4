import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsIn, IsOptional, Matches, MaxLength } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import { PageQuery, PageResponse } from '../http/pages.js';
import { EMAIL_KIND_NAMES, type EmailKind } from './email-kinds.js';
import { renderSubject } from './email-renderer.js';
import { EMAIL_LOCALES, EMAIL_STATUSES, type Email, type EmailStatus } from './email.entity.js';

/** Filters of the list. Several together must all fit. */
export class ListEmailsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: EMAIL_KIND_NAMES })
  @IsOptional()
  @IsIn(EMAIL_KIND_NAMES)
  kind?: EmailKind;

  @ApiPropertyOptional({ enum: EMAIL_STATUSES })
  @IsOptional()
  @IsIn(EMAIL_STATUSES)
  status?: EmailStatus;

  @ApiPropertyOptional({ example: 'txn_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  @IsOptional()
  @Matches(/^txn_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'transactionId must be the id of a transaction (txn_…)' })
  transactionId?: string;

  @ApiPropertyOptional({ format: 'email', maxLength: 254, description: 'The address, however it is capitalised.' })
  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  to?: string;
}

export const PREVIEW_FORMATS = ['html', 'text'] as const;

/** `GET /v1/emails/{id}/preview`. */
export class PreviewEmailQuery {
  @ApiPropertyOptional({ enum: PREVIEW_FORMATS, default: 'html' })
  @IsOptional()
  @IsIn(PREVIEW_FORMATS)
  format: (typeof PREVIEW_FORMATS)[number] = 'html';
}

export class EmailResponse {
  @ApiProperty({ example: 'eml_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['email'] })
  object!: 'email';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ enum: EMAIL_KIND_NAMES })
  kind!: EmailKind;
  @ApiProperty({
    enum: EMAIL_STATUSES,
    description:
      '`kept`: this gateway sends no mail, it can only be looked at. `failed`: refused for good, or not taken for two days. `bounced`: there is no such mailbox, and the address is marked. `suppressed`: not sent, because its address is marked.',
  })
  status!: EmailStatus;
  @ApiProperty({ format: 'email' })
  to!: string;
  @ApiProperty({ enum: EMAIL_LOCALES })
  locale!: string;
  @ApiProperty({ example: 'Your receipt: KES 150.00 to Duka la Achieng' })
  subject!: string;
  @ApiProperty({ type: String, nullable: true, description: 'Null where it is about something else.' })
  transactionId!: string | null;
  @ApiProperty({ example: 'evt_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  eventId!: string;
  @ApiProperty({ type: 'integer', description: 'Since it was written, or last resent.' })
  attempts!: number;
  @ApiProperty({ type: String, nullable: true, description: 'What the mail server said last, or why it said nothing.' })
  lastAnswer!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null where none will follow.' })
  nextAttemptAt!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the mail server took it.' })
  sentAt!: string | null;

  static from(row: Email): EmailResponse {
    return {
      id: row.id,
      object: 'email',
      mode: row.mode,
      kind: row.kind,
      status: row.status,
      to: row.toAddress,
      locale: row.locale,
      subject: renderSubject(row),
      transactionId: row.subjectId.startsWith('txn_') ? row.subjectId : null,
      eventId: row.eventId,
      attempts: row.attempts,
      lastAnswer: row.lastAnswer,
      nextAttemptAt: row.nextAttemptAt === null ? null : toIso(row.nextAttemptAt),
      createdAt: toIso(row.createdAt),
      sentAt: row.sentAt === null ? null : toIso(row.sentAt),
    };
  }
}

export class EmailPage extends PageResponse {
  @ApiProperty({ type: [EmailResponse] })
  data!: EmailResponse[];
}
