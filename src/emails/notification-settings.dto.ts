import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsEmail,
  IsObject,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IfGiven } from '../http/if-given.js';
import { toIso } from '../http/instants.js';
import { EMAIL_KIND_NAMES, kindRow, type EmailKind } from './email-kinds.js';
import type { NotificationSettings } from './notification-settings.entity.js';

/** Gives a class a property for each line of the table of kinds. */
function EachKind(decorate: (description: string) => PropertyDecorator[]): ClassDecorator {
  return (target) => {
    for (const kind of EMAIL_KIND_NAMES) {
      const { to, on, byDefault } = kindRow(kind);
      const types = on.map((type) => `\`${type}\``).join(', ');
      const description = `To the ${to}, after ${types}. ${byDefault ? 'On' : 'Off'} unless you say otherwise.`;
      for (const decorator of decorate(description)) decorator(target.prototype as object, kind);
    }
  };
}

/** Each kind that is to be turned on or off; the others stay. */
@EachKind((description) => [ApiPropertyOptional({ type: Boolean, description }), IsBoolean(), IfGiven()])
export class EmailKindSwitches {}

/** Every kind, and whether it is on. */
@EachKind((description) => [ApiProperty({ type: Boolean, description })])
export class EmailKindStates {}

const RECIPIENTS_DESCRIPTION =
  'Where notices to you go, at most 10 addresses. Where there are none they go to your `notificationEmail`.';
const APPROVERS_DESCRIPTION =
  'Who is told that something waits for approval, at most 20 addresses. Where there are none: the recipients.';
const LOGO_DESCRIPTION = 'https only. Null: your logo (`PATCH /v1/merchant`).';

/** `PATCH /v1/notification-settings`. What is left out stays; null clears. */
export class UpdateNotificationSettingsRequest {
  @ApiPropertyOptional({ type: EmailKindSwitches })
  @IfGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => EmailKindSwitches)
  kinds?: Partial<Record<EmailKind, boolean>>;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: 120,
    description: 'Who mails are from, as people read it. Null: your name.',
    example: 'Duka la Achieng',
  })
  @IsOptional()
  @IsString()
  @MaxLength(120)
  @Matches(/^[^\p{Cc}\p{Zl}\p{Zp}]*\S[^\p{Cc}\p{Zl}\p{Zp}]*$/u, { message: 'senderName must be text on one line' })
  senderName?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 254, description: 'Where answers to mails go.' })
  @IsOptional()
  @IsEmail()
  @MaxLength(254)
  replyTo?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, description: LOGO_DESCRIPTION })
  @IsOptional()
  @MaxLength(500)
  @IsUrl({ protocols: ['https'], require_protocol: true }, { message: 'logoUrl must be an https address' })
  logoUrl?: string | null;

  @ApiPropertyOptional({ type: [String], maxItems: 10, description: RECIPIENTS_DESCRIPTION })
  @IfGiven()
  @IsEmail({}, { each: true })
  @MaxLength(254, { each: true })
  @ArrayMaxSize(10)
  @IsArray()
  recipients?: string[];

  @ApiPropertyOptional({ type: [String], maxItems: 20, description: APPROVERS_DESCRIPTION })
  @IfGiven()
  @IsEmail({}, { each: true })
  @MaxLength(254, { each: true })
  @ArrayMaxSize(20)
  @IsArray()
  approvers?: string[];
}

export class NotificationSettingsResponse {
  @ApiProperty({ enum: ['notification_settings'] })
  object!: 'notification_settings';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ type: EmailKindStates })
  kinds!: Record<EmailKind, boolean>;
  @ApiProperty({ type: String, nullable: true })
  senderName!: string | null;
  @ApiProperty({ type: String, nullable: true })
  replyTo!: string | null;
  @ApiProperty({ type: String, nullable: true, description: LOGO_DESCRIPTION })
  logoUrl!: string | null;
  @ApiProperty({ type: [String], description: RECIPIENTS_DESCRIPTION })
  recipients!: string[];
  @ApiProperty({ type: [String], description: APPROVERS_DESCRIPTION })
  approvers!: string[];
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null where nothing was changed yet.',
  })
  updatedAt!: string | null;

  static from(row: NotificationSettings): NotificationSettingsResponse {
    const { mode, switches, senderName, replyTo, logoUrl, recipients, approvers, updatedAt } = row;
    const states = EMAIL_KIND_NAMES.map((kind) => [kind, switches[kind] ?? kindRow(kind).byDefault]);
    return {
      object: 'notification_settings',
      mode,
      kinds: Object.fromEntries(states) as Record<EmailKind, boolean>,
      ...{ senderName, replyTo, logoUrl, recipients, approvers },
      updatedAt: updatedAt === 0 ? null : toIso(updatedAt),
    };
  }
}
