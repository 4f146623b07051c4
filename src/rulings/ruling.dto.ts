import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, Length, Matches } from 'class-validator';
import { toIso } from '../http/instants.js';
import { TransactionResponse } from '../transactions/transaction.response.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { RULING_OUTCOMES, type RulingOutcome, type RulingProposal } from './ruling-proposal.entity.js';

/** What a person says about a transaction that nobody else can decide. */
export class RulingRequest {
  @ApiProperty({ enum: [...RULING_OUTCOMES], description: 'Whether the money moved.' })
  @IsIn([...RULING_OUTCOMES])
  outcome!: RulingOutcome;

  @ApiProperty({
    description: 'How you know, for whoever asks in a year. It stays in the timeline for ever.',
    minLength: 1,
    maxLength: 500,
    example: 'Receipt UKM4K7Q2ZP is on the paybill statement of 22 November.',
  })
  @IsString()
  @Length(1, 500)
  @Matches(/\S/, { message: 'note must say something' })
  note!: string;
}

/** Where a ruling stands. */
export class RulingResponse {
  @ApiProperty({ enum: ['ruling'] })
  object!: 'ruling';
  @ApiProperty({
    enum: ['none', 'proposed', 'confirmed'],
    description: '`proposed`: another principal must send the same outcome. `confirmed`: it took effect.',
  })
  state!: 'none' | 'proposed' | 'confirmed';
  @ApiProperty({ enum: [...RULING_OUTCOMES], type: String, nullable: true })
  outcome!: RulingOutcome | null;
  @ApiProperty({ type: String, nullable: true, description: 'The first person’s reason.' })
  note!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The first principal.' })
  proposedBy!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  proposedAt!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The second principal.' })
  confirmedBy!: string | null;
  @ApiProperty({ type: TransactionResponse })
  transaction!: TransactionResponse;

  static from(transaction: Transaction, proposal: RulingProposal | undefined, confirmedBy?: string): RulingResponse {
    return {
      object: 'ruling',
      state: proposal === undefined ? 'none' : confirmedBy === undefined ? 'proposed' : 'confirmed',
      outcome: proposal?.outcome ?? null,
      note: proposal?.note ?? null,
      proposedBy: proposal?.principalId ?? null,
      proposedAt: proposal === undefined ? null : toIso(proposal.proposedAt),
      confirmedBy: confirmedBy ?? null,
      transaction: TransactionResponse.from(transaction),
    };
  }
}
