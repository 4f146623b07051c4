import { Injectable } from '@nestjs/common';
import { Money } from '#libs/primitives';
import type { MethodPredictionResponse, MethodResponse } from '../methods/method.dto.js';
import { MethodsService } from '../methods/methods.service.js';
import { isWithin } from '../transactions/routing.js';
import type { PaymentLink } from './payment-link.entity.js';

/** What decides which methods fit a link. */
export type MethodNeeds = Pick<
  PaymentLink,
  'merchantId' | 'mode' | 'amountMinor' | 'currency' | 'methods' | 'execution'
>;

const BY_HEALTH = ['operational', 'degraded', 'down'];

/** Finds the ways in which a link can be paid. */
@Injectable()
export class LinkMethods {
  constructor(private readonly methods: MethodsService) {}

  /** Those that can take the whole amount now, the healthy ones first. None: nobody can pay at the moment. */
  async find(needs: MethodNeeds): Promise<MethodResponse[]> {
    const all = await this.list(needs);
    return all
      .filter((method) => method.kind === 'collection' && fits(method, needs))
      .sort((a, b) => BY_HEALTH.indexOf(a.health) - BY_HEALTH.indexOf(b.health));
  }

  /** The provider's own page for the link's currency, whatever the amount; undefined where no account has one. */
  findHostedPage(needs: MethodNeeds): Promise<MethodResponse | undefined> {
    return this.methods.findHostedPage(needs, needs.currency);
  }

  /** The phone's operator, where its digits tell, and what probably reaches it: a hint, as numbers are ported. */
  predict(needs: MethodNeeds, phone: string): Promise<MethodPredictionResponse> {
    return this.methods.predict(needs, { phone });
  }

  private async list(needs: MethodNeeds): Promise<MethodResponse[]> {
    if (needs.execution === 'native') return this.methods.list(needs);
    const page = await this.findHostedPage(needs);
    return page ? [page] : [];
  }
}

function fits(method: MethodResponse, { amountMinor, currency, methods }: MethodNeeds): boolean {
  if (method.currency !== currency || methods?.includes(method.code) === false) return false;
  const amount = Money.ofMinor(amountMinor, currency);
  return isWithin(amount, method) && amount.inDecimals(method.decimals) !== undefined;
}
