import { ApiProperty } from '@nestjs/swagger';
import type { Mode } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import { SUPPRESSION_REASONS, type EmailSuppression, type SuppressionReason } from './email-suppression.entity.js';

export class EmailSuppressionResponse {
  @ApiProperty({ example: 'sup_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['email_suppression'] })
  object!: 'email_suppression';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ format: 'email' })
  address!: string;
  @ApiProperty({
    enum: SUPPRESSION_REASONS,
    description:
      '`bounced`: a mail server said for good that there is no such mailbox, so nothing goes there. `unsubscribed`: its owner wants no notices; receipts still go there.',
  })
  reason!: SuppressionReason;
  @ApiProperty({ type: String, nullable: true, description: 'What the mail server said.' })
  detail!: string | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  static from(row: EmailSuppression): EmailSuppressionResponse {
    const { id, mode, address, reason, detail } = row;
    return { id, object: 'email_suppression', mode, address, reason, detail, createdAt: toIso(row.createdAt) };
  }
}

export class EmailSuppressionPage extends PageResponse {
  @ApiProperty({ type: [EmailSuppressionResponse] })
  data!: EmailSuppressionResponse[];
}
