import { Column, Entity } from 'typeorm';
import { HashKeyColumn, InstantColumn, ReferenceColumn, TextColumn } from '../database/columns.js';

/** The rules of a network about one phone, kept over all merchants of a mode. */
export type PhoneGuardKind = 'open_prompt' | 'repeat_amount' | 'unfinished';

/** That a phone is taken until an instant. Says nothing of whose transaction took it. */
@Entity('phone_guards')
export class PhoneGuard {
  /** SHA-256 of kind, mode, provider, phone and, for `repeat_amount`, the amount. */
  @HashKeyColumn()
  guardHash!: string;

  @TextColumn(16)
  kind!: PhoneGuardKind;

  /** The transaction that claimed it last. */
  @ReferenceColumn()
  transactionId!: string;

  /** Refuses others before this instant. */
  @InstantColumn()
  until!: number;

  /** Prompts in a row that nobody finished; used by `unfinished` alone. */
  @Column({ type: 'int' })
  count!: number;
}
