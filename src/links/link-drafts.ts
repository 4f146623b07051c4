import { Inject, Injectable } from '@nestjs/common';
import { Msisdn, type Clock, type IdSource, type Money } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK, IDS } from '../config/config.module.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { fieldProblem, type Problem } from '../http/problem.js';
import { findHostedPage, findMethod } from '../providers/registry.js';
import { readAmount } from '../transactions/given-amount.js';
import { LinkMethods } from './link-methods.js';
import { LinkTokens } from './link-tokens.js';
import { DEFAULT_LIFE_S, type CreatePaymentLinkDto } from './payment-link.dto.js';
import type { LinkCustomer, PaymentLink } from './payment-link.entity.js';
import { findShopUrlFault } from './shop-urls.js';

/** Makes a link of what a merchant asks for, or says why there can be none. Writes nothing. */
@Injectable()
export class LinkDrafts {
  constructor(
    private readonly methods: LinkMethods,
    private readonly tokens: LinkTokens,
    private readonly egress: EgressGuard,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Throws what the contract refuses. */
  async make(caller: MerchantCaller, dto: CreatePaymentLinkDto): Promise<PaymentLink> {
    const amount = readAmount(dto);
    const customer = readCustomer(dto);
    await this.refuseAddresses(caller, dto);
    refuseMethods(dto);
    const link = this.toLink(caller, dto, amount, customer);
    await this.refuseUnpayable(link);
    return link;
  }

  private toLink(
    { merchantId, mode, principalId }: MerchantCaller,
    dto: CreatePaymentLinkDto,
    { amountMinor, currency }: Money,
    customer: LinkCustomer | null,
  ): PaymentLink {
    const now = this.clock.now();
    const id = this.ids.next('lnk');
    return {
      ...{ id, merchantId, mode, status: 'active', late: false, version: 1 },
      reference: dto.reference,
      itemName: dto.itemName,
      amountMinor,
      currency,
      successUrl: dto.successUrl,
      failureUrl: dto.failureUrl,
      callbackUrl: dto.callbackUrl ?? null,
      customData: dto.customData ?? null,
      customer,
      methods: dto.methods ? [...new Set(dto.methods)] : null,
      locale: dto.locale ?? null,
      execution: dto.execution ?? 'native',
      ...this.tokens.make(id),
      attempts: 0,
      activeTransactionId: null,
      lastTransactionId: null,
      lastFailure: null,
      paidBy: null,
      duplicates: [],
      createdBy: principalId,
      createdAt: now,
      updatedAt: now,
      expiresAt: now + (dto.expiresInSeconds ?? DEFAULT_LIFE_S) * 1_000,
      completedAt: null,
    };
  }

  private async refuseAddresses({ mode }: MerchantCaller, dto: CreatePaymentLinkDto): Promise<void> {
    for (const name of ['successUrl', 'failureUrl', 'callbackUrl'] as const) {
      const address = dto[name];
      if (address === undefined) continue;
      const calledByUs = name === 'callbackUrl';
      const fault = findShopUrlFault(address, mode) ?? (calledByUs && (await this.egress.findObjection(address)));
      if (fault) throw fieldProblem('url_not_allowed', `/${name}`, `${name} cannot be used: ${fault}.`);
    }
  }

  private async refuseUnpayable(link: PaymentLink): Promise<void> {
    if ((await this.methods.find(link)).length > 0) return;
    if (link.execution === 'delegated') throw await this.toDelegationProblem(link);
    throw fieldProblem(
      'method_unavailable',
      link.methods ? '/methods' : '/currency',
      `No method of yours${link.methods ? ' among these' : ''} can collect this amount of ${link.currency}. See GET /v1/methods.`,
    );
  }

  private async toDelegationProblem(link: PaymentLink): Promise<Problem> {
    const { currency } = link;
    const page = await this.methods.findHostedPage(link);
    if (!page) {
      const detail = `No enabled provider account of yours has a payment page for ${currency}. Use execution native.`;
      return fieldProblem('method_unavailable', '/execution', detail);
    }
    const bounds = [page.min && `at least ${page.min}`, page.max && `at most ${page.max}`]
      .filter(Boolean)
      .join(' and ');
    const detail = `The provider’s payment page takes ${bounds} ${currency}, with ${String(page.decimals)} decimals.`;
    return fieldProblem('amount_out_of_range', '/amount', detail);
  }
}

function readCustomer({ customer, methods, currency, execution }: CreatePaymentLinkDto): LinkCustomer | null {
  if (!customer) return null;
  const { phone: given, ...rest } = customer;
  if (given === undefined) return { ...rest };
  const [country] = [
    customer.country,
    execution === 'delegated' ? findHostedPage(currency)?.country : undefined,
    ...(methods ?? []).map((code) => findMethod(code, 'collection')?.country),
  ].filter(Boolean);
  const phone = Msisdn.parse(given, country);
  if (phone) return { ...rest, phone: phone.e164 };
  const detail = 'This is no phone number. Send it as E.164, such as +254708374149, or with its country.';
  throw fieldProblem('recipient_invalid', '/customer/phone', detail);
}

function refuseMethods({ methods = [], execution }: CreatePaymentLinkDto): void {
  if (execution === 'delegated' && methods.length > 0) {
    const detail = 'The provider’s own page says how it can be paid. Leave methods out, or use execution native.';
    throw fieldProblem('method_unavailable', '/methods', detail);
  }
  for (const [index, code] of methods.entries()) {
    if (findMethod(code, 'collection')) continue;
    throw fieldProblem('method_unavailable', `/methods/${String(index)}`, `There is no method ${code}.`);
  }
}
