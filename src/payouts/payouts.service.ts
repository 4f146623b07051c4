import { Injectable } from '@nestjs/common';
import type { MerchantCaller } from '../api-keys/caller.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { PayoutAdmission } from '../limits/payout-admission.js';
import type { Taken } from '../transactions/accepted-answers.js';
import { TransactionIntake } from '../transactions/transaction-intake.js';
import type { CreatePayoutDto } from './create-payout.dto.js';

// Nobody waits at a counter for a salary: a day lets it outlive a provider's bad night.
const DEFAULT_LIFE_S = 24 * 60 * 60;

/** Money out: pays a recipient. */
@Injectable()
export class PayoutsService {
  constructor(
    private readonly intake: TransactionIntake,
    private readonly admission: PayoutAdmission,
  ) {}

  /** Takes the request durably, or answers again what was answered before. Throws what the contract refuses. */
  create(caller: MerchantCaller, dto: CreatePayoutDto, idempotency: IdempotentRequest): Promise<Taken> {
    const { recipient, expiresInSeconds = DEFAULT_LIFE_S, ...movement } = dto;
    return this.intake.take(
      caller,
      { ...movement, kind: 'payout', party: recipient, expiresInSeconds, desk: this.admission },
      idempotency,
    );
  }
}
