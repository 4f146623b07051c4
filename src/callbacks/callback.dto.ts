import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { Mode } from '#libs/provider-kit';
import { IsInstant, toIso } from '../http/instants.js';
import { PageQuery, PageResponse } from '../http/pages.js';
import type { Attempt } from '../transactions/attempt.entity.js';
import { CALLBACK_TRUSTS, type Callback, type CallbackTrustWord } from './callback.entity.js';

const STATES = ['received', 'applied', 'unmatched'] as const;

/** Filters of the list. Several together must all fit. */
export class ListCallbacksQuery extends PageQuery {
  @ApiPropertyOptional({
    description: 'Only messages about this transaction.',
    example: 'txn_01K9ZQ3V7F0000000000000000',
  })
  @IsOptional()
  @Matches(/^txn_[0-9A-HJKMNP-TV-Z]{26}$/, { message: 'transactionId must be the id of a transaction (txn_…)' })
  transactionId?: string;

  @ApiPropertyOptional({
    enum: STATES,
    description:
      '`received`: stored, and about to be applied. `unmatched`: about nothing that was sent through this account, as far as anybody could tell.',
  })
  @IsOptional()
  @IsIn(STATES)
  state?: (typeof STATES)[number];

  @ApiPropertyOptional({ enum: CALLBACK_TRUSTS })
  @IsOptional()
  @IsIn(CALLBACK_TRUSTS)
  trust?: CallbackTrustWord;

  @ApiPropertyOptional({ format: 'date-time', description: 'Received at this instant or later.' })
  @IsOptional()
  @IsInstant()
  receivedFrom?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Received before this instant.' })
  @IsOptional()
  @IsInstant()
  receivedTo?: string;
}

/** A message of a provider, as it came, and what it caused. */
export class CallbackResponse {
  @ApiProperty({ example: 'clb_01KA3X6V0C8Q5R9B2D4F6H8J0K' })
  id!: string;
  @ApiProperty({ enum: ['callback'] })
  object!: 'callback';
  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;
  @ApiProperty({ type: String, nullable: true, example: 'mpesa' })
  provider!: string | null;
  @ApiProperty({ type: String, nullable: true })
  providerAccountId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  transactionId!: string | null;
  @ApiProperty({ type: String, nullable: true })
  attemptId!: string | null;
  @ApiProperty({ enum: STATES })
  state!: (typeof STATES)[number];
  @ApiProperty({
    enum: CALLBACK_TRUSTS,
    type: String,
    nullable: true,
    description:
      'How it was authenticated: `signed` is evidence, and so is `path`: an answer that we asked for, on a path made for it, under an id that we know; `unsigned` is a hint that made us ask; `mismatch` does not fit the payment; `forged` carries a wrong signature; `unreadable` is no message of this provider. Null while it waits.',
  })
  trust!: CallbackTrustWord | null;
  @ApiProperty({ type: String, nullable: true, description: 'What it caused, a sentence for people.' })
  outcome!: string | null;
  @ApiProperty({ example: 'POST' })
  method!: string;
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, description: 'Lower-case names.' })
  headers!: Record<string, string>;
  @ApiProperty({ description: 'As it came. Bytes that are no UTF-8 text are given in base64.' })
  body!: string;
  @ApiProperty({ enum: ['utf8', 'base64'] })
  bodyEncoding!: 'utf8' | 'base64';
  @ApiProperty({ description: 'A soft signal, never proof.', example: '196.201.214.200' })
  sourceAddress!: string;
  @ApiProperty({ format: 'date-time' })
  receivedAt!: string;

  static from(row: Callback, attempt: Attempt | undefined): CallbackResponse {
    return {
      id: row.id,
      object: 'callback',
      mode: row.mode ?? 'test',
      provider: attempt?.provider ?? null,
      providerAccountId: attempt?.providerAccountId ?? row.providerAccountId,
      transactionId: attempt?.transactionId ?? null,
      attemptId: row.attemptId,
      state: row.state,
      trust: row.trust,
      outcome: row.outcome,
      method: row.httpMethod,
      headers: row.headers,
      ...toText(row.body),
      sourceAddress: row.sourceAddress,
      receivedAt: toIso(row.receivedAt),
    };
  }
}

export class CallbackPage extends PageResponse {
  @ApiProperty({ type: [CallbackResponse] })
  data!: CallbackResponse[];
}

function toText(bytes: Uint8Array): Pick<CallbackResponse, 'body' | 'bodyEncoding'> {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true }).decode(bytes), bodyEncoding: 'utf8' };
  } catch {
    // Not text: no error of ours, and not to be lost.
    return { body: Buffer.from(bytes).toString('base64'), bodyEncoding: 'base64' };
  }
}
