import { Entity, PrimaryColumn } from 'typeorm';
import { ID_LENGTH } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { InstantColumn, JsonColumn, TextColumn } from '../database/columns.js';
import type { EmailKind } from './email-kinds.js';

/** What a merchant wants of e-mails in one mode. Without a row everything is as `defaultSettings` says. */
@Entity('notification_settings')
export class NotificationSettings {
  @PrimaryColumn({ type: 'varchar', length: ID_LENGTH })
  merchantId!: string;

  @PrimaryColumn({ type: 'varchar', length: 4 })
  mode!: Mode;

  /** Kinds that the merchant turned on or off; those it never named are as the table of kinds says. */
  @JsonColumn()
  switches!: Partial<Record<EmailKind, boolean>>;

  /** Who mails are from, as people read it; the merchant's name if null. */
  @TextColumn(120, { nullable: true })
  senderName!: string | null;

  @TextColumn(254, { nullable: true })
  replyTo!: string | null;

  /** Shown at the top of mails; the merchant's logo if null. */
  @TextColumn(500, { nullable: true })
  logoUrl!: string | null;

  /** Where notices to the merchant go; to its notification e-mail if empty. */
  @JsonColumn()
  recipients!: string[];

  /** Who is asked to approve; the recipients if empty. */
  @JsonColumn()
  approvers!: string[];

  @InstantColumn()
  updatedAt!: number;
}

/** Of a merchant that never changed any. */
export function defaultSettings(merchantId: string, mode: Mode): NotificationSettings {
  const nothing = { senderName: null, replyTo: null, logoUrl: null };
  return { merchantId, mode, switches: {}, ...nothing, recipients: [], approvers: [], updatedAt: 0 };
}
