import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Msisdn, Money, type Clock, type IdSource } from '#libs/primitives';
import type { MethodFacts, Party, ProviderReferences, SentAttempt } from '#libs/provider-kit';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { hashOf } from '../secrets/hash.js';
import { Attempt } from './attempt.entity.js';
import type { Route } from './routing.js';
import type { StoredParty, Transaction } from './transaction.entity.js';

/** The tries of a transaction. */
@Injectable()
export class Attempts {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Oldest first. */
  list(transactionId: string): Promise<Attempt[]> {
    return this.database.read.find(Attempt, { where: { transactionId }, order: { id: 'ASC' } });
  }

  async find(id: string): Promise<Attempt | undefined> {
    return (await this.database.read.findOne(Attempt, { where: { id } })) ?? undefined;
  }

  /** The attempt of this account that the provider knows under this id. */
  async findByReference(accountId: string, providerReference: string): Promise<Attempt | undefined> {
    const providerReferenceHash = toReferenceHash(accountId, providerReference);
    return (await this.database.read.findOne(Attempt, { where: { providerReferenceHash } })) ?? undefined;
  }

  /** Those of these ids that exist, in no order. */
  findAll(ids: readonly string[]): Promise<Attempt[]> {
    return this.database.read.find(Attempt, { where: { id: In([...ids]) } });
  }

  /** For ids that we stored ourselves. */
  get(id: string): Promise<Attempt> {
    return this.database.read.findOneOrFail(Attempt, { where: { id } });
  }

  /** A new attempt, not stored yet. Its id is the provider key. */
  open(transaction: Transaction, route: Route): Attempt {
    const now = this.clock.now();
    return {
      id: this.ids.next('att'),
      transactionId: transaction.id,
      merchantId: transaction.merchantId,
      mode: transaction.mode,
      providerAccountId: route.account.id,
      provider: route.definition.id,
      operation: route.capability,
      sentAt: now,
      resentAt: null,
      verdict: null,
      providerReference: null,
      providerReferenceHash: null,
      otherReferences: null,
      hint: null,
      answeredCallbackId: null,
      inquiries: 0,
      askedAt: null,
      createdAt: now,
    };
  }

  /**
   * Binds the provider's references to the attempt. False where the main one is bound to another attempt of the account:
   * then the two cannot both be right, and nothing is written.
   */
  async bindReferences(tx: Tx, attempt: Attempt, references: ProviderReferences): Promise<boolean> {
    const providerReference = references.providerReference ?? attempt.providerReference;
    if (attempt.providerReference !== null && providerReference !== attempt.providerReference) return false;
    const otherReferences = { ...attempt.otherReferences, ...references.others };
    try {
      await tx.manager.update(
        Attempt,
        { id: attempt.id },
        {
          providerReference,
          providerReferenceHash:
            providerReference === null ? null : toReferenceHash(attempt.providerAccountId, providerReference),
          otherReferences,
        },
      );
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** The attempt as adapters see it. */
  toSent(
    attempt: Attempt,
    transaction: Transaction,
    method: MethodFacts,
    callbackUrls: Readonly<Record<string, string>>,
  ): SentAttempt {
    return {
      attemptId: attempt.id,
      references: toReferences(attempt),
      sentAt: attempt.sentAt,
      amount: Money.ofMinor(transaction.amountMinor, transaction.currency),
      party: toParty(transaction.party),
      method,
      callbackUrls,
    };
  }
}

function toReferenceHash(accountId: string, providerReference: string): string {
  return hashOf('provider reference', accountId, providerReference);
}

export function toReferences(attempt: Attempt): ProviderReferences {
  return {
    ...(attempt.providerReference !== null && { providerReference: attempt.providerReference }),
    ...(attempt.otherReferences && { others: attempt.otherReferences }),
  };
}

/** The stored party as adapters see it. The phone was checked when it was stored. */
export function toParty({ phone, ...rest }: StoredParty): Party {
  const msisdn = Msisdn.parse(phone);
  if (!msisdn) throw new TypeError('A stored phone number cannot be read.');
  return { phone: msisdn, ...rest };
}
