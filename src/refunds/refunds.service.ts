import { Injectable } from '@nestjs/common';
import { Money } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { notFound } from '../http/problem.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import type { Taken } from '../transactions/accepted-answers.js';
import { TransactionIntake } from '../transactions/transaction-intake.js';
import { TransactionReader } from '../transactions/transaction-reader.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import type { CreateRefundDto } from './create-refund.dto.js';
import { RefundDesk } from './refund-desk.js';

const LIFE_S = 24 * 60 * 60;

/** Money back: undoes a collection, or a part of it. */
@Injectable()
export class RefundsService {
  constructor(
    private readonly intake: TransactionIntake,
    private readonly transactions: TransactionReader,
    private readonly desk: RefundDesk,
  ) {}

  /** Takes the request durably, or answers again what was answered before. Throws what the contract refuses. */
  async create(caller: MerchantCaller, dto: CreateRefundDto, idempotency: IdempotentRequest): Promise<Taken> {
    const { transactionId, amount, reason, ...rest } = dto;
    const original = await this.getOwn(caller, transactionId);
    const { currency, method, payerPhone } = original;
    const party = { ...original.party, phone: payerPhone ?? original.phone };
    return this.intake.take(
      caller,
      {
        ...rest,
        ...{ kind: 'refund', parentId: original.id, currency, method, party, purpose: 'refund', desk: this.desk },
        amount: amount ?? toRest(original),
        description: reason,
        expiresInSeconds: LIFE_S,
      },
      idempotency,
    );
  }

  private async getOwn({ merchantId, mode }: MerchantCaller, id: string): Promise<Transaction> {
    const transaction = await this.transactions.find(id);
    if (transaction?.merchantId === merchantId && transaction.mode === mode) return transaction;
    throw notFound();
  }
}

// Who asks for the rest when nothing is left means the whole: the desk will say so.
function toRest({ amountMinor, refundedMinor, currency }: Transaction): string {
  const left = amountMinor - refundedMinor;
  return Money.ofMinor(left > 0n ? left : amountMinor, currency).format();
}
