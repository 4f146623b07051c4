import { Inject, Injectable } from '@nestjs/common';
import { Msisdn, type Clock } from '#libs/primitives';
import { CLOCK } from '../../config/config.module.js';
import { HOSTED_PAGE } from '#libs/provider-kit';
import { findDefinition, findMethod } from '../../providers/registry.js';
import { SigningSecretsService } from '../../signing-secrets/signing-secrets.service.js';
import type { Transaction } from '../../transactions/transaction.entity.js';
import { isFinal, type TransactionStatus } from '../../transactions/transaction-states.js';
import { LinkNonces } from '../link-nonces.js';
import type { LinkStatus, PaymentLink } from '../payment-link.entity.js';
import { toReturnUrl } from '../shop-urls.js';
import { toAmountText } from './amount-text.js';
import { Forms, type Typed } from './forms.js';
import { toMethodName } from './method-names.js';
import type { FaultView, FormView, PageView, Screen, WaitingStep } from './view.js';
import { toState, type Visit } from './visits.js';

/** How long after the end the visitor is taken for who was there at the end, and how long the signed way back is good for. */
const FRESH_MS = 15 * 60_000;

/** Makes what the page shows out of a link and its collection. */
@Injectable()
export class PageViews {
  constructor(
    private readonly forms: Forms,
    private readonly nonces: LinkNonces,
    private readonly secrets: SigningSecretsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The page as it is now; with what was typed and what is wrong with it where a form comes back. */
  async make(visit: Visit, typed?: Typed, fault?: FaultView): Promise<PageView> {
    const { link, merchant, locale, isSwitched, path } = visit;
    const base = path.slice(0, path.lastIndexOf('/l/'));
    const screen = await this.toScreen(visit, typed, fault);
    const { name, colour, logoUrl, supportUrl } = merchant;
    return {
      ...{ locale, isSwitched, base, path, screen },
      shop: { name, colour, logoUrl, supportUrl },
      bill: {
        amount: toAmountText(link.amountMinor, link.currency, locale),
        itemName: link.itemName,
        reference: link.reference,
        isTest: link.mode === 'test',
      },
      state: screen.kind === 'waiting' ? toState(visit) : undefined,
      returnUrl: screen.kind === 'waiting' ? undefined : await this.toReturnUrl(link),
    };
  }

  private async toScreen(visit: Visit, typed?: Typed, fault?: FaultView): Promise<Screen> {
    const { link, merchant, transaction } = visit;
    const status = this.toStatus(link);
    if (status === 'paid' && transaction)
      return transaction.status === 'review'
        ? this.toWaiting(link, transaction, status)
        : this.toPaid(link, transaction);
    if (link.activeTransactionId !== null && transaction) return this.toWaiting(link, transaction, status, fault);
    if (status !== 'active')
      return { kind: 'end', end: status === 'paid' ? 'failed' : status, isFresh: this.isFresh(link) };
    const form = await this.forms.make(visit, typed, fault);
    if (merchant.status === 'suspended' || form.methods.length === 0)
      return { kind: 'end', end: 'maintenance', isFresh: false };
    return toOffer(form, transaction);
  }

  private toPaid(link: PaymentLink, transaction: Transaction): Screen {
    return {
      kind: 'paid',
      isFresh: this.isFresh(link),
      late: link.late,
      receipt: transaction.receipt,
      ...describe(transaction),
      ...(isHosted(transaction) && { phone: null }),
      country: findMethod(transaction.method, 'collection')?.country ?? Msisdn.parse(transaction.phone)?.country,
      paidAt: transaction.completedAt ?? transaction.updatedAt,
    };
  }

  private toWaiting(link: PaymentLink, transaction: Transaction, status: LinkStatus, fault?: FaultView): Screen {
    const { nextAction } = transaction;
    return {
      kind: 'waiting',
      step: toStep(transaction),
      ...describe(transaction),
      redirectUrl: nextAction?.type === 'redirect' ? nextAction.url : undefined,
      isOver: status !== 'active' && status !== 'paid',
      cancelNonce: transaction.status === 'created' ? this.nonces.make(link.id) : undefined,
      otpNonce: toStep(transaction) === 'otp' ? this.nonces.make(link.id) : undefined,
      fault,
    };
  }

  /** A link is over by the clock, whenever the job comes that says so. */
  private toStatus({ status, expiresAt }: PaymentLink): LinkStatus {
    return status === 'active' && expiresAt <= this.clock.now() ? 'expired' : status;
  }

  private isFresh({ completedAt }: PaymentLink): boolean {
    return completedAt !== null && this.clock.now() - completedAt < FRESH_MS;
  }

  private async toReturnUrl(link: PaymentLink): Promise<string> {
    const status = this.toStatus(link);
    const { secret } = await this.secrets.get(link);
    const expires = Math.floor((this.clock.now() + FRESH_MS) / 1_000);
    const shopUrl = status === 'paid' ? link.successUrl : link.failureUrl;
    return toReturnUrl(shopUrl, { linkId: link.id, status, expires }, secret);
  }
}

const UNPREPARED: readonly TransactionStatus[] = ['created', 'submitting', 'unconfirmed'];

/** The form alone, or below the news that the attempt before it failed. */
function toOffer(form: FormView, latest: Transaction | undefined): Screen {
  const ended = latest && isFinal(latest.status) && latest.status !== 'succeeded' ? latest : undefined;
  if (!ended || form.fault) return { kind: 'choose', form };
  const unexplained = ended.status === 'cancelled' ? 'cancelled_by_customer' : 'unknown_reason';
  return { kind: 'failed', reason: ended.failure?.code ?? unexplained, form };
}

/** Whether it is paid on the provider's own page. */
function isHosted({ method }: Transaction): boolean {
  return method === HOSTED_PAGE;
}

function describe(transaction: Transaction): { readonly method: string; readonly phone: string } {
  const { method, phone, provider } = transaction;
  const name = findDefinition(provider ?? '')?.name;
  return {
    method: toMethodName(method, (isHosted(transaction) ? name : findMethod(method, 'collection')?.operator) ?? method),
    phone: Msisdn.parse(phone)?.masked ?? '',
  };
}

function toStep(transaction: Transaction): WaitingStep {
  const { status, method, nextAction } = transaction;
  // Without its address nobody can have paid there.
  if (isHosted(transaction) && UNPREPARED.includes(status)) return 'preparing';
  const asksOnPhone = findMethod(method, 'collection')?.flow === 'approve_on_phone';
  if (status === 'created') return 'sending';
  if (status === 'submitting') return asksOnPhone ? 'approve' : 'sending';
  if (status === 'review') return 'review';
  if (status !== 'pending') return 'checking';
  if (nextAction?.type === 'redirect') return 'redirect';
  if (nextAction?.type === 'enter_otp') return 'otp';
  return asksOnPhone || nextAction?.type === 'approve_on_phone' ? 'approve' : 'checking';
}
