import { Entity } from 'typeorm';
import { IdColumn, InstantColumn, TextColumn } from '../database/columns.js';

/** A business that uses this gateway. Everything else belongs to exactly one. */
@Entity('merchants')
export class Merchant {
  @IdColumn()
  id!: string;

  @TextColumn(120)
  name!: string;

  /** `fr` or `en`: the language of mails and pages where the customer's own is not known. */
  @TextColumn(8)
  locale!: string;

  @TextColumn(16)
  status!: 'active' | 'suspended';

  /** `#rrggbb`, for pages and mails. */
  @TextColumn(7, { nullable: true })
  colour!: string | null;

  @TextColumn(500, { nullable: true })
  logoUrl!: string | null;

  @TextColumn(254, { nullable: true })
  notificationEmail!: string | null;

  @TextColumn(500, { nullable: true })
  supportUrl!: string | null;

  @InstantColumn()
  createdAt!: number;

  @InstantColumn()
  updatedAt!: number;
}
