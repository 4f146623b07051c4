import { Inject, Injectable } from '@nestjs/common';
import { Money, Msisdn, type Clock, type IdSource } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK, IDS } from '../config/config.module.js';
import { Problem } from '../http/problem.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { findMethod } from '../providers/registry.js';
import { hashOf } from '../secrets/hash.js';
import { AcceptWriter, type Accepted, type AcceptRequest } from '../transactions/accept-writer.js';
import { PhoneGuards } from '../transactions/phone-guards.js';
import { toReferenceHash } from '../transactions/reference-key.entity.js';
import { Routes } from '../transactions/routes.js';
import type { Routing } from '../transactions/routing.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import type { CreateCollectionDto } from './create-collection.dto.js';

const DEFAULT_LIFE_S = 15 * 60;

/** Money in: asks a customer to pay. */
@Injectable()
export class CollectionsService {
  constructor(
    private readonly routes: Routes,
    private readonly guards: PhoneGuards,
    private readonly writer: AcceptWriter,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Takes the request durably, or answers again what was answered before. Throws what the contract refuses. */
  async create(
    caller: MerchantCaller,
    dto: CreateCollectionDto,
    idempotency: IdempotentRequest,
  ): Promise<Exclude<Accepted, { kind: 'refused' }>> {
    const amount = readAmount(dto);
    const phone = readPhone(dto);
    const transaction = this.toTransaction(caller, dto, amount, phone);
    const routing = await this.routes.find(caller, {
      kind: 'collection',
      method: dto.method,
      amount,
      phone,
      party: transaction.party,
      provider: transaction.forcedProvider,
    });
    const accepted = await this.writer.accept(this.toRequest(transaction, routing, idempotency));
    if (accepted.kind === 'refused') throw accepted.problem;
    return accepted;
  }

  private toRequest(transaction: Transaction, routing: Routing, idempotency: IdempotentRequest): AcceptRequest {
    const { merchantId, mode } = transaction;
    const request = {
      idempotency: {
        keyHash: hashOf('idempotency', merchantId, mode, idempotency.key),
        requestHash: idempotency.requestHash,
      },
      referenceHash: toReferenceHash(transaction),
    };
    if (routing.kind === 'refused') return { ...request, transaction, guards: [], refusal: routing.problem };
    const { definition, operation } = routing.routes[0];
    const routed = { ...transaction, provider: definition.id };
    return {
      ...request,
      transaction: routed,
      guards: this.guards.toClaims(routed, operation.phoneGuards, operation.promptLifeMs),
    };
  }

  private toTransaction(caller: MerchantCaller, dto: CreateCollectionDto, amount: Money, phone: Msisdn): Transaction {
    const now = this.clock.now();
    return {
      id: this.ids.next('txn'),
      merchantId: caller.merchantId,
      mode: caller.mode,
      kind: 'collection',
      status: 'created',
      late: false,
      version: 1,
      amountMinor: amount.amountMinor,
      currency: amount.currency,
      refundedMinor: 0n,
      feeMinor: null,
      reference: dto.reference,
      description: dto.description ?? null,
      purpose: null,
      method: dto.method,
      provider: null,
      forcedProvider: dto.provider ?? null,
      attemptId: null,
      firstSentAt: null,
      providerReference: null,
      receipt: null,
      party: { ...dto.customer, phone: phone.e164 },
      phone: phone.e164,
      returnUrl: dto.returnUrl ?? null,
      nextAction: null,
      failure: null,
      doubt: null,
      parentId: null,
      batchId: null,
      paymentLinkId: null,
      metadata: dto.metadata ?? {},
      createdBy: caller.principalId,
      createdAt: now,
      updatedAt: now,
      completedAt: null,
      expiresAt: now + (dto.expiresInSeconds ?? DEFAULT_LIFE_S) * 1000,
    };
  }
}

function readAmount({ amount: given, currency }: CreateCollectionDto): Money {
  const amount = Money.parse(given, currency);
  switch (amount) {
    case 'unknown_currency':
      throw fieldProblem('invalid_request', '/currency', `${currency} is no ISO 4217 currency.`);
    case 'not_exact':
      throw fieldProblem(
        'amount_not_exact',
        '/amount',
        'Send amount as a decimal string such as "150.00", or as a JSON integer.',
      );
    case 'too_many_decimals':
      throw fieldProblem('amount_granularity', '/amount', `${currency} has fewer decimals than this amount.`);
    case 'out_of_range':
      throw fieldProblem('amount_out_of_range', '/amount', 'The amount is larger than any that can be moved.');
    default:
      if (!amount.isPositive())
        throw fieldProblem('amount_out_of_range', '/amount', 'The amount must be more than zero.');
      return amount;
  }
}

function readPhone({ customer, method }: CreateCollectionDto): Msisdn {
  const country = customer.country ?? findMethod(method)?.country;
  const phone = Msisdn.parse(customer.phone, country);
  if (phone) return phone;
  throw fieldProblem(
    'recipient_invalid',
    '/customer/phone',
    'This is no phone number. Send it as E.164, such as +254708374149.',
  );
}

function fieldProblem(
  code: 'invalid_request' | 'amount_not_exact' | 'amount_granularity' | 'amount_out_of_range' | 'recipient_invalid',
  pointer: string,
  detail: string,
): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
