import { Inject, Injectable } from '@nestjs/common';
import { Msisdn, type Clock, type IdSource } from '#libs/primitives';
import { HOSTED_PAGE, type MethodFacts } from '#libs/provider-kit';
import { CLOCK, IDS } from '../config/config.module.js';
import { fieldProblem, Problem, retryLater } from '../http/problem.js';
import { findHostedPage, findMethod } from '../providers/registry.js';
import { hashOf } from '../secrets/hash.js';
import { AcceptWriter } from '../transactions/accept-writer.js';
import { toFailure } from '../transactions/failures.js';
import { toNewTransaction } from '../transactions/new-transaction.js';
import { PhoneGuards } from '../transactions/phone-guards.js';
import { Routes } from '../transactions/routes.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import type { StoredParty, Transaction } from '../transactions/transaction.entity.js';
import { LinkClaim } from './link-claim.js';
import type { LinkCustomer, PaymentLink } from './payment-link.entity.js';

// As for any collection: how long it may wait to be sent.
const ATTEMPT_LIFE_MS = 15 * 60_000;

/** What a customer sends to pay. */
export interface PaymentWish {
  /** Makes two presses of one button one payment. */
  readonly nonce: string;
  readonly method: string;
  /** As typed; the merchant's word counts where nothing was. */
  readonly phone: string;
  /** What the method needs beside a phone. */
  readonly extra: LinkCustomer;
  /** Where a provider's own page sends the customer back to. */
  readonly pageUrl: string;
}

/** Turns a customer's wish to pay a link into a collection: an ordinary one, which takes the link's only place. */
@Injectable()
export class LinkPaymentsService {
  constructor(
    private readonly routes: Routes,
    private readonly guards: PhoneGuards,
    private readonly writer: AcceptWriter,
    private readonly lifecycle: TransactionLifecycle,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * Accepts the collection, or finds that this very wish was accepted before. Throws what stands against it: `conflict` where
   * the link has another payment under way or is over.
   */
  async start(link: PaymentLink, wish: PaymentWish): Promise<void> {
    const party = toParty(link, wish);
    const transaction = this.toTransaction(link, wish, party);
    const routing = await this.routes.findFor(transaction);
    if (routing.kind === 'refused') throw routing.problem;
    if (routing.kind === 'resting') {
      const detail = 'The provider behind this method does not take requests now.';
      throw retryLater('provider_unavailable', detail, routing.until - transaction.createdAt);
    }
    const { definition, operation } = routing.routes[0];
    const routed = { ...transaction, provider: definition.id };
    const accepted = await this.writer.accept({
      transaction: routed,
      idempotency: {
        keyHash: hashOf('payment link form', link.id, wish.nonce),
        requestHash: hashOf(wish.method, party.phone),
      },
      // A link's collections share its reference, so the keys of their own kind are their ids.
      referenceHash: hashOf('payment link attempt', transaction.id),
      guards: this.guards.toClaims(routed, operation.phoneGuards, operation.promptLifeMs),
      claim: new LinkClaim(link.id, transaction.id, transaction.createdAt),
    });
    if (accepted.kind === 'refused') throw accepted.problem;
  }

  /** Stops the payment under way if nothing was sent yet. False where it is too late. */
  async stop({ activeTransactionId }: PaymentLink): Promise<boolean> {
    if (activeTransactionId === null) return true;
    const { moved } = await this.lifecycle.report({
      transactionId: activeTransactionId,
      event: 'cancelled',
      onlyFrom: ['created'],
      quiet: true,
      evidence: { source: 'system', says: 'cancelled', detail: 'The customer stopped it before it was sent.' },
      changes: { failure: toFailure('cancelled_by_customer') },
    });
    return moved;
  }

  private toTransaction(link: PaymentLink, { method, pageUrl }: PaymentWish, party: StoredParty): Transaction {
    const { merchantId, mode, amountMinor, currency, reference, itemName, createdBy } = link;
    const now = this.clock.now();
    return toNewTransaction({
      ...{ id: this.ids.next('txn'), merchantId, mode, kind: 'collection' },
      ...{ amountMinor, currency, reference, description: itemName, method, party },
      returnUrl: pageUrl,
      paymentLinkId: link.id,
      ...{ createdBy, createdAt: now },
      expiresAt: Math.min(now + ATTEMPT_LIFE_MS, link.expiresAt),
    });
  }
}

/** A delegated link is paid on the provider's page and nowhere else, and no other link is paid there. */
function findFacts({ execution, currency, methods }: PaymentLink, method: string): MethodFacts | undefined {
  if (execution === 'delegated') return method === HOSTED_PAGE ? findHostedPage(currency) : undefined;
  return methods?.includes(method) === false ? undefined : findMethod(method, 'collection');
}

function toParty(link: PaymentLink, { method, phone, extra }: PaymentWish): StoredParty {
  const { customer } = link;
  const facts = findFacts(link, method);
  if (!facts) throw new Problem('method_unavailable', 'This link cannot be paid with that.');
  const given = Msisdn.parse(phone.trim() === '' ? (customer?.phone ?? '') : phone, facts.country);
  if (given) return { ...customer, ...extra, phone: given.e164 };
  throw fieldProblem('recipient_invalid', '/customer/phone', 'This is no phone number.');
}
