import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { EventRecord } from '../events/event.entity.js';
import { PageResponse } from '../http/pages.js';
import type { Evidence, EvidenceSource } from './evidence.js';
import type { Transaction } from './transaction.entity.js';
import { TransactionResponse, toIso } from './transaction.response.js';

/** One statement about a transaction. */
export class EvidenceResponse {
  @ApiProperty({ enum: ['submission', 'callback', 'inquiry', 'ruling'] })
  source!: EvidenceSource;
  @ApiProperty({ description: 'Our reading of it: a status word, or `unknown`.', example: 'succeeded' })
  says!: string;
  @ApiProperty({ format: 'date-time' })
  at!: string;
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: "The provider's own words and how far they were believed.",
  })
  detail!: object;

  static from({ evidence: { source, says, ...detail }, at }: Statement): EvidenceResponse {
    return { source, says, at: toIso(at), detail };
  }
}

/** A line of a list: while people must decide, with what they decide by. */
export class ListedTransactionResponse extends TransactionResponse {
  @ApiPropertyOptional({
    type: [EvidenceResponse],
    description: 'Everything that was said, oldest first. Only where the list is asked for `status=review`.',
  })
  evidence?: EvidenceResponse[];

  static withEvidence(transaction: TransactionResponse, events: readonly EventRecord[]): ListedTransactionResponse {
    return { ...transaction, evidence: listStatements(events).map((statement) => EvidenceResponse.from(statement)) };
  }
}

/** What the provider says now, and whether its statements agree. */
export class VerificationResponse {
  @ApiProperty({ type: TransactionResponse })
  transaction!: TransactionResponse;
  @ApiProperty({ type: [EvidenceResponse], description: 'Oldest first.' })
  evidence!: EvidenceResponse[];
  @ApiProperty({
    enum: ['agree', 'single_source', 'conflict'],
    description: '`agree`: two independent sources gave the same definite word. `conflict`: they gave different ones.',
  })
  agreement!: 'agree' | 'single_source' | 'conflict';

  static from(transaction: Transaction, events: readonly EventRecord[]): VerificationResponse {
    const statements = listStatements(events);
    return {
      transaction: TransactionResponse.from(transaction),
      evidence: statements.map((statement) => EvidenceResponse.from(statement)),
      agreement: findAgreement(statements.map(({ evidence }) => evidence)),
    };
  }
}

/** One line of the timeline. */
export class TransactionEventResponse {
  @ApiProperty({ example: 'evt_01K9ZQ3V7F0000000000000000' })
  id!: string;
  @ApiProperty({ enum: ['event'] })
  object!: 'event';
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'As webhooks name it; null for lines that merchants are not told.',
    example: 'collection.succeeded',
  })
  type!: string | null;
  @ApiProperty({ description: 'What was reported; `noted` where it moved nothing.', example: 'succeeded' })
  event!: string;
  @ApiProperty({ example: 'pending' })
  from!: string;
  @ApiProperty({ example: 'succeeded' })
  to!: string;
  @ApiProperty({ type: 'integer', description: "The transaction's version after it." })
  version!: number;
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Who said what.' })
  evidence!: object;
  @ApiProperty({ format: 'date-time' })
  at!: string;

  static from(row: EventRecord): TransactionEventResponse {
    return {
      id: row.id,
      object: 'event',
      type: row.type,
      event: row.reported ?? 'noted',
      from: row.fromStatus ?? '',
      to: row.toStatus ?? '',
      version: row.version ?? 0,
      evidence: row.evidence ?? {},
      at: toIso(row.createdAt),
    };
  }
}

export class TransactionPage extends PageResponse {
  @ApiProperty({ type: [ListedTransactionResponse] })
  data!: ListedTransactionResponse[];
}

export class TransactionEventPage extends PageResponse {
  @ApiProperty({ type: [TransactionEventResponse] })
  data!: TransactionEventResponse[];
}

const STATEMENTS: readonly EvidenceSource[] = ['submission', 'callback', 'inquiry', 'ruling'];

/** What somebody said, and when. Epoch ms. */
interface Statement {
  readonly evidence: Evidence;
  readonly at: number;
}

function listStatements(events: readonly EventRecord[]): Statement[] {
  return events.flatMap(({ evidence, createdAt }) =>
    evidence && STATEMENTS.includes(evidence.source) ? [{ evidence, at: createdAt }] : [],
  );
}

/** Compares the latest definite word of each source. What says "not paid" agrees, whatever the reason. */
function findAgreement(statements: readonly Evidence[]): VerificationResponse['agreement'] {
  const words = new Map<EvidenceSource, string>();
  for (const { source, says, trust } of statements) {
    const word = toDefiniteWord(says);
    if (word !== undefined && trust !== 'mismatch' && trust !== 'forged') words.set(source, word);
  }
  if (new Set(words.values()).size > 1) return 'conflict';
  return words.size > 1 ? 'agree' : 'single_source';
}

function toDefiniteWord(says: string): string | undefined {
  if (says === 'succeeded' || says === 'reversed') return says;
  return ['failed', 'cancelled', 'expired', 'rejected'].includes(says) ? 'unpaid' : undefined;
}
