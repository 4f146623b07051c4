import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Money } from '#libs/primitives';
import type { Mode, NextAction } from '#libs/provider-kit';
import type { Approvals, Doubt, Failure, StoredParty, Transaction } from './transaction.entity.js';
import { TRANSACTION_STATUSES, type TransactionKind, type TransactionStatus } from './transaction-states.js';

export class CustomerResponse {
  @ApiProperty({ description: 'E.164.', example: '+254708374149' })
  phone!: string;
  @ApiProperty({ required: false })
  name?: string;
  @ApiProperty({ required: false })
  firstName?: string;
  @ApiProperty({ required: false })
  lastName?: string;
  @ApiProperty({ required: false })
  email?: string;
  @ApiProperty({ required: false })
  locale?: string;
  @ApiProperty({ required: false })
  address?: string;
  @ApiProperty({ required: false })
  city?: string;
  @ApiProperty({ required: false })
  state?: string;
  @ApiProperty({ required: false })
  country?: string;
  @ApiProperty({ required: false })
  postalCode?: string;
}

export class RecipientResponse extends CustomerResponse {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: "The method's own further fields.",
  })
  fields?: Record<string, string>;
}

export class FailureResponse {
  @ApiProperty({ description: 'Why, in words that are the same for every provider.', example: 'insufficient_funds' })
  code!: string;
  @ApiProperty({ description: 'A sentence for people.' })
  message!: string;
  @ApiProperty({ type: String, nullable: true })
  providerCode!: string | null;
  @ApiProperty({ type: String, nullable: true })
  providerMessage!: string | null;
  @ApiProperty({ description: 'Whether the same request may succeed later.' })
  retryable!: boolean;
}

export class DoubtResponse {
  @ApiProperty({
    enum: [
      'answer_lost',
      'worker_lost',
      'no_lookup_possible',
      'exhausted',
      'contradiction',
      'mismatch',
      'over_refunded',
    ],
  })
  reason!: string;
  @ApiProperty({ format: 'date-time' })
  since!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextInquiryAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When people are asked to rule.' })
  deadline!: string | null;
}

export class NextActionResponse {
  @ApiProperty({ enum: ['approve_on_phone', 'redirect', 'enter_otp'] })
  type!: string;
  @ApiProperty({ required: false, description: 'Where to send the customer, for `redirect`.' })
  url?: string;
}

export class ApprovalResponse {
  @ApiProperty({ description: 'Who, as a principal: two keys of one principal are one person.' })
  principalId!: string;
  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class ApprovalsResponse {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'How many principals must agree.' })
  required!: number;
  @ApiProperty({
    enum: ['amount', 'new_number'],
    isArray: true,
    description: 'Which rules held it. `new_number`: no payout to this number has succeeded yet.',
  })
  reasons!: string[];
  @ApiProperty({ type: [ApprovalResponse], description: 'Who agreed so far, in order.' })
  given!: ApprovalResponse[];
  @ApiProperty({ type: ApprovalResponse, nullable: true, description: 'Who declined it.' })
  declined!: ApprovalResponse | null;
}

/** The transaction as clients see it. */
export class TransactionResponse {
  @ApiProperty({ example: 'txn_01K9ZQ3V7F0000000000000000' })
  id!: string;
  @ApiProperty({ enum: ['transaction'] })
  object!: 'transaction';
  @ApiProperty({ enum: ['collection', 'payout', 'refund'] })
  kind!: TransactionKind;
  @ApiProperty({ enum: [...TRANSACTION_STATUSES] })
  status!: TransactionStatus;
  @ApiProperty({ description: 'The proof of success came after `failed`, `cancelled` or `expired`.' })
  late!: boolean;
  @ApiProperty({ type: 'integer', description: 'Rises with every change.' })
  version!: number;
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ description: "Major units, with exactly the currency's decimals.", example: '150.00' })
  amount!: string;
  @ApiProperty({ example: '0.00' })
  amountRefunded!: string;
  @ApiProperty({ example: 'KES' })
  currency!: string;
  @ApiProperty({ type: String, nullable: true, description: "The provider's fee, where it tells." })
  fee!: string | null;
  @ApiProperty({ description: "The merchant's own.", example: 'INV-118' })
  reference!: string;
  @ApiProperty({ type: String, nullable: true })
  description!: string | null;
  @ApiProperty({ type: String, nullable: true })
  purpose!: string | null;
  @ApiProperty({ example: 'mpesa_ke' })
  method!: string;
  @ApiProperty({ type: String, nullable: true, example: 'mpesa' })
  provider!: string | null;
  @ApiProperty({ type: String, nullable: true, description: "The provider's own id." })
  providerReference!: string | null;
  @ApiProperty({ type: String, nullable: true, description: "The network's receipt number." })
  receipt!: string | null;
  @ApiProperty({ type: CustomerResponse, required: false, description: 'Who pays, for collections.' })
  customer?: CustomerResponse;
  @ApiProperty({ type: RecipientResponse, required: false, description: 'Who is paid, for payouts and refunds.' })
  recipient?: RecipientResponse;
  @ApiProperty({ type: NextActionResponse, nullable: true, description: 'What the customer must do now.' })
  nextAction!: NextAction | null;
  @ApiProperty({ type: FailureResponse, nullable: true })
  failure!: Failure | null;
  @ApiProperty({ type: DoubtResponse, nullable: true, description: 'Why we do not know, and what happens next.' })
  doubt!: DoubtResponse | null;
  @ApiProperty({
    type: ApprovalsResponse,
    nullable: true,
    description: 'Who had to agree before it was sent, and who did; null where nobody had to.',
  })
  approvals!: ApprovalsResponse | null;
  @ApiProperty({ type: String, nullable: true })
  parentId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  batchId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  paymentLinkId!: string | null;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  metadata!: Record<string, string>;
  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;
  @ApiProperty({ format: 'date-time', description: 'Until then it may be sent; what was sent ends by the provider.' })
  expiresAt!: string;

  static from(row: Transaction): TransactionResponse {
    return {
      id: row.id,
      object: 'transaction',
      kind: row.kind,
      status: row.status,
      late: row.late,
      version: row.version,
      mode: row.mode,
      amount: Money.ofMinor(row.amountMinor, row.currency).format(),
      amountRefunded: Money.ofMinor(row.refundedMinor, row.currency).format(),
      currency: row.currency,
      fee: row.feeMinor === null ? null : Money.ofMinor(row.feeMinor, row.currency).format(),
      reference: row.reference,
      description: row.description,
      purpose: row.purpose,
      method: row.method,
      provider: row.provider,
      providerReference: row.providerReference,
      receipt: row.receipt,
      [row.kind === 'collection' ? 'customer' : 'recipient']: toParty(row.party),
      nextAction: row.nextAction,
      failure: row.failure,
      doubt: row.doubt && toDoubt(row.doubt),
      approvals: row.approvals && toApprovals(row.approvals),
      parentId: row.parentId,
      batchId: row.batchId,
      paymentLinkId: row.paymentLinkId,
      metadata: row.metadata,
      createdAt: toIso(row.createdAt),
      updatedAt: toIso(row.updatedAt),
      completedAt: row.completedAt === null ? null : toIso(row.completedAt),
      expiresAt: toIso(row.expiresAt),
    };
  }
}

/** Epoch ms as the API writes instants. */
export function toIso(instant: number): string {
  return new Date(instant).toISOString();
}

function toParty(party: StoredParty): RecipientResponse {
  return { ...party };
}

function toApprovals({ required, reasons, given, declined }: Approvals): ApprovalsResponse {
  const shape = ({ principalId, at }: Approvals['given'][number]) => ({ principalId, at: toIso(at) });
  return { required, reasons, given: given.map(shape), declined: declined && shape(declined) };
}

function toDoubt(doubt: Doubt): DoubtResponse {
  return {
    reason: doubt.reason,
    since: toIso(doubt.since),
    nextInquiryAt: doubt.nextInquiryAt === null ? null : toIso(doubt.nextInquiryAt),
    deadline: doubt.deadline === null ? null : toIso(doubt.deadline),
  };
}
