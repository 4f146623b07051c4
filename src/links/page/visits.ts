import { Injectable } from '@nestjs/common';
import type { Merchant } from '../../merchants/merchant.entity.js';
import { MerchantsService } from '../../merchants/merchants.service.js';
import { TransactionReader } from '../../transactions/transaction-reader.js';
import type { Transaction } from '../../transactions/transaction.entity.js';
import { LinkTokens } from '../link-tokens.js';
import type { LinkLocale, PaymentLink } from '../payment-link.entity.js';
import { chooseLocale, readRegions } from './languages.js';

/** What a browser says about its visit. */
export interface Visitor {
  /** From the address: the visitor switched to it. */
  readonly lang: string | undefined;
  readonly acceptLanguage: string | undefined;
}

/** A link that somebody has opened, and what is known of it. */
export interface Visit {
  readonly link: PaymentLink;
  readonly merchant: Merchant;
  /** The collection that paid it; else the one under way; else the latest. */
  readonly transaction: Transaction | undefined;
  readonly locale: LinkLocale;
  readonly isSwitched: boolean;
  /** Where the visitor probably is, by his browser. */
  readonly regions: readonly string[];
  readonly path: string;
  readonly url: string;
}

/** Finds what a visitor's address opens. Writes nothing: whoever looks, people, programs or previews, changes nothing. */
@Injectable()
export class Visits {
  constructor(
    private readonly tokens: LinkTokens,
    private readonly merchants: MerchantsService,
    private readonly transactions: TransactionReader,
  ) {}

  /** Undefined where the address opens nothing. */
  async find(token: string, { lang, acceptLanguage }: Visitor): Promise<Visit | undefined> {
    const link = await this.tokens.find(token);
    if (!link) return undefined;
    const transactionId = link.paidBy ?? link.activeTransactionId ?? link.lastTransactionId;
    const [merchant, transaction] = await Promise.all([
      this.merchants.get(link.merchantId),
      transactionId === null ? undefined : this.transactions.find(transactionId),
    ]);
    const locale = chooseLocale({
      switched: lang,
      link: link.locale,
      accepted: acceptLanguage,
      shop: merchant.locale,
    });
    const isSwitched = lang === locale;
    const url = this.tokens.toUrl(link);
    const regions = readRegions(acceptLanguage);
    return { link, merchant, transaction, locale, isSwitched, regions, path: new URL(url).pathname, url };
  }
}

/** Changes with everything that the page shows of a link. */
export function toState({ link, transaction }: Pick<Visit, 'link' | 'transaction'>): string {
  return `${String(link.version)}.${String(transaction?.version ?? 0)}`;
}
