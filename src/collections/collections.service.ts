import { Injectable } from '@nestjs/common';
import type { MerchantCaller } from '../api-keys/caller.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import type { Taken } from '../transactions/accepted-answers.js';
import { TransactionIntake } from '../transactions/transaction-intake.js';
import type { CreateCollectionDto } from './create-collection.dto.js';

// A customer who is asked to pay expects the prompt now.
const DEFAULT_LIFE_S = 15 * 60;

/** Money in: asks a customer to pay. */
@Injectable()
export class CollectionsService {
  constructor(private readonly intake: TransactionIntake) {}

  /** Takes the request durably, or answers again what was answered before. Throws what the contract refuses. */
  create(caller: MerchantCaller, dto: CreateCollectionDto, idempotency: IdempotentRequest): Promise<Taken> {
    const { customer, expiresInSeconds = DEFAULT_LIFE_S, returnUrl, ...movement } = dto;
    return this.intake.take(
      caller,
      { ...movement, kind: 'collection', party: customer, expiresInSeconds, returnUrl },
      idempotency,
    );
  }
}
