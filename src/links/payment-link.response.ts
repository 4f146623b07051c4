import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Money } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { toIso } from '../http/instants.js';
import { PageResponse } from '../http/pages.js';
import type { Failure } from '../transactions/transaction.entity.js';
import { CustomerResponse, FailureResponse } from '../transactions/transaction.response.js';
import {
  LINK_EXECUTIONS,
  LINK_LOCALES,
  LINK_STATUSES,
  type LinkCustomer,
  type LinkExecution,
  type LinkLocale,
  type LinkStatus,
  type PaymentLink,
} from './payment-link.entity.js';

class LinkCustomerResponse extends PartialType(CustomerResponse) {}

/** A link as events tell of it: all but its address, which is as good as a key and is only shown on request. */
export class PaymentLinkData {
  @ApiProperty({ example: 'lnk_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['payment_link'] })
  object!: 'payment_link';
  @ApiProperty({
    enum: LINK_STATUSES,
    description:
      '`active`: it can be paid. `paid`: it was, by `paidBy`. `failed`: people ruled that what had been taken for its payment was none; an attempt that fails before leaves it `active`. `expired`, `cancelled`: nobody can begin to pay any more; money that was on its way still makes it `paid`.',
  })
  status!: LinkStatus;
  @ApiProperty({ description: 'The money came after the link had expired or was cancelled.' })
  late!: boolean;
  @ApiProperty({ type: 'integer', description: 'Rises with every change.' })
  version!: number;
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ example: 'INV-118' })
  reference!: string;
  @ApiProperty({ example: 'Two sacks of maize' })
  itemName!: string;
  @ApiProperty({ example: '150.00' })
  amount!: string;
  @ApiProperty({ example: 'KES' })
  currency!: string;
  @ApiProperty({ format: 'uri' })
  successUrl!: string;
  @ApiProperty({ format: 'uri' })
  failureUrl!: string;
  @ApiProperty({ type: String, format: 'uri', nullable: true })
  callbackUrl!: string | null;
  @ApiProperty({ type: String, nullable: true })
  customData!: string | null;
  @ApiProperty({ type: LinkCustomerResponse, nullable: true })
  customer!: LinkCustomer | null;
  @ApiProperty({ type: [String], nullable: true, description: 'Null: all that fit.', example: ['mpesa_ke'] })
  methods!: string[] | null;
  @ApiProperty({ enum: LINK_LOCALES, type: String, nullable: true })
  locale!: LinkLocale | null;
  @ApiProperty({ enum: LINK_EXECUTIONS })
  execution!: LinkExecution;
  @ApiProperty({ type: String, nullable: true, description: 'The collection that paid it.' })
  paidBy!: string | null;
  @ApiProperty({
    type: [String],
    description: 'Collections that succeeded although it was paid already. Refund them.',
  })
  duplicates!: string[];
  @ApiProperty({ type: 'integer', description: 'How often a customer began to pay.' })
  attempts!: number;
  @ApiProperty({ type: String, nullable: true, description: 'The latest collection, decided or not.' })
  lastTransactionId!: string | null;
  @ApiProperty({ type: FailureResponse, nullable: true, description: 'Of the latest collection that failed.' })
  lastFailure!: Failure | null;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When its status became what it is.' })
  completedAt!: string | null;
  @ApiProperty({ format: 'date-time', description: 'From then on nobody can begin to pay.' })
  expiresAt!: string;

  static from(row: PaymentLink): PaymentLinkData {
    return {
      id: row.id,
      object: 'payment_link',
      status: row.status,
      late: row.late,
      version: row.version,
      mode: row.mode,
      reference: row.reference,
      itemName: row.itemName,
      amount: Money.ofMinor(row.amountMinor, row.currency).format(),
      currency: row.currency,
      successUrl: row.successUrl,
      failureUrl: row.failureUrl,
      callbackUrl: row.callbackUrl,
      customData: row.customData,
      customer: row.customer,
      methods: row.methods,
      locale: row.locale,
      execution: row.execution,
      paidBy: row.paidBy,
      duplicates: row.duplicates,
      attempts: row.attempts,
      lastTransactionId: row.lastTransactionId,
      lastFailure: row.lastFailure,
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
      completedAt: row.completedAt === null ? null : toIso(row.completedAt),
      expiresAt: toIso(row.expiresAt),
    };
  }
}

export class PaymentLinkResponse extends PaymentLinkData {
  @ApiProperty({
    format: 'uri',
    description: 'The page where it is paid. Whoever has this address can pay.',
    example: 'https://pay.example/l/Zl2pQ0XxU7mB4kC9sT1vR5nW8yE3hJ6d',
  })
  url!: string;

  static withUrl(data: PaymentLinkData, url: string): PaymentLinkResponse {
    return { ...data, url };
  }
}

export class PaymentLinkPage extends PageResponse {
  @ApiProperty({ type: [PaymentLinkResponse] })
  data!: PaymentLinkResponse[];
}
