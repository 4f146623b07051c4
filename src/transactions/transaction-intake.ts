import { Inject, Injectable } from '@nestjs/common';
import { Msisdn, type Clock, type IdSource, type Money } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK, IDS } from '../config/config.module.js';
import { fieldProblem, retryLater, type Problem } from '../http/problem.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { findMethod } from '../providers/registry.js';
import { hashOf } from '../secrets/hash.js';
import type { AcceptRequest } from './accept-request.js';
import { AcceptWriter } from './accept-writer.js';
import type { AdmissionDesk } from './admission.js';
import type { Taken } from './accepted-answers.js';
import { readAmount } from './given-amount.js';
import type { CreateMovementDto } from './movement.dto.js';
import { toNewTransaction } from './new-transaction.js';
import { PhoneGuards } from './phone-guards.js';
import { toReferenceHash } from './reference-key.entity.js';
import { Routes, type RoutingNow } from './routes.js';
import { PARTY_FIELDS } from './routing.js';
import type { StoredParty, Transaction } from './transaction.entity.js';
import type { TransactionKind } from './transaction-states.js';

/** A merchant's wish to move money, whichever way. Its fields are checked one by one, and not yet against each other. */
export interface Movement extends CreateMovementDto {
  readonly kind: TransactionKind;
  /** The collection that a refund undoes. */
  readonly parentId?: string;
  /** Who pays or is paid; the phone as the merchant wrote it. */
  readonly party: StoredParty;
  /** How long it may wait to be sent. */
  readonly expiresInSeconds: number;
  readonly purpose?: string;
  readonly returnUrl?: string;
  /** Who judges it last of all, where it is stored. */
  readonly desk?: AdmissionDesk;
}

/** Takes in what merchants ask for: checks it, finds its route, and stores it before anybody is answered. */
@Injectable()
export class TransactionIntake {
  constructor(
    private readonly routes: Routes,
    private readonly guards: PhoneGuards,
    private readonly writer: AcceptWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Takes the request durably, or answers again what was answered before. Throws what the contract refuses. */
  async take(caller: MerchantCaller, movement: Movement, idempotency: IdempotentRequest): Promise<Taken> {
    const amount = readAmount(movement);
    const phone = readPhone(movement);
    const transaction = this.toTransaction(caller, movement, amount, phone);
    const routing = await this.routes.findFor(transaction, caller.accountsStamp);
    const request = this.toRequest(transaction, routing, idempotency);
    const { desk } = movement;
    const application = desk && { desk, keyId: caller.keyId };
    const accepted = await this.writer.accept({ ...request, ...(application && { application }) });
    if (accepted.kind === 'refused') throw accepted.problem;
    return accepted;
  }

  private toRequest(transaction: Transaction, routing: RoutingNow, idempotency: IdempotentRequest): AcceptRequest {
    const { merchantId, mode } = transaction;
    const request = {
      idempotency: {
        keyHash: hashOf('idempotency', merchantId, mode, idempotency.key),
        requestHash: idempotency.requestHash,
      },
      referenceHash: toReferenceHash(transaction),
    };
    if (routing.kind === 'refused') return { ...request, transaction, guards: [], refusal: routing.problem };
    // A payout is worth waiting for; a customer at the till is not helped by a prompt that comes when the provider is back.
    if (routing.kind === 'resting' && transaction.kind === 'collection') {
      return { ...request, transaction, guards: [], refusal: providerUnavailable(transaction, routing.until) };
    }
    const { definition, operation } = routing.routes[0];
    const routed = { ...transaction, provider: definition.id };
    return {
      ...request,
      transaction: routed,
      guards: this.guards.toClaims(routed, operation.phoneGuards, operation.promptLifeMs),
    };
  }

  private toTransaction(caller: MerchantCaller, movement: Movement, amount: Money, phone: Msisdn): Transaction {
    const { kind, reference, description, purpose, method, returnUrl, parentId, metadata } = movement;
    const now = this.clock.now();
    return toNewTransaction({
      ...{ id: this.ids.next('txn'), merchantId: caller.merchantId, mode: caller.mode },
      ...{ kind, amountMinor: amount.amountMinor, currency: amount.currency },
      ...{ reference, description, purpose, method, returnUrl, parentId, metadata },
      forcedProvider: movement.provider,
      party: { ...movement.party, phone: phone.e164 },
      createdBy: caller.principalId,
      createdAt: now,
      expiresAt: now + movement.expiresInSeconds * 1000,
    });
  }
}

function readPhone({ kind: given, party, method }: Movement): Msisdn {
  const kind = given === 'collection' ? 'collection' : 'payout';
  const country = party.country ?? findMethod(method, kind)?.country;
  const phone = Msisdn.parse(party.phone, country);
  if (phone) return phone;
  throw fieldProblem(
    'recipient_invalid',
    `/${PARTY_FIELDS[kind]}/phone`,
    'This is no phone number. Send it as E.164, such as +254708374149.',
  );
}

function providerUnavailable({ method, createdAt }: Transaction, until: number): Problem {
  const detail = `The provider behind ${method} does not take requests now. Nothing was stored: send the same request again later, or offer another method.`;
  return retryLater('provider_unavailable', detail, until - createdAt);
}
