import { Entity, Index } from 'typeorm';
import { IdColumn, ReferenceColumn } from '../database/columns.js';

/** That a collection is a try to pay a link: a table of its own, so that no other insert pays for finding them. */
@Entity('link_attempts')
@Index('link_attempts_by_link', ['paymentLinkId', 'transactionId'])
export class LinkAttempt {
  @IdColumn()
  transactionId!: string;

  @ReferenceColumn()
  paymentLinkId!: string;
}
