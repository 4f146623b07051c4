import { Inject, Injectable } from '@nestjs/common';
import { Money, Msisdn, type Clock } from '#libs/primitives';
import type { MethodFacts, Mode } from '#libs/provider-kit';
import type { MerchantCaller } from '../api-keys/caller.js';
import { Circuits } from '../circuits/circuits.js';
import { CLOCK } from '../config/config.module.js';
import { fieldProblem } from '../http/problem.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { ProviderConnections } from '../providers/connections.js';
import { findDefinition } from '../providers/registry.js';
import { RecentAttempts, type RecentAttempt } from '../transactions/recent-attempts.js';
import { CAPABILITIES } from '../transactions/routing.js';
import { combineHealth, HEALTH_SPAN_MS, judgeHealth, weigh, worseHealth, type Health } from './method-health.js';
import type { MethodPredictionResponse, MethodResponse, PredictMethodsDto } from './method.dto.js';
import { findOperator, hasNumbers } from './operator-prefixes.js';

/** Whose methods. */
export type MethodOwner = Pick<MerchantCaller, 'merchantId' | 'mode'>;

/** A method as one of the merchant's providers offers it. */
interface Offer {
  readonly provider: string;
  readonly facts: MethodFacts;
  /** How far its accounts can be reached now. */
  readonly reach: Health;
}

/** What of a provider is looked for. */
type Offered = 'methods' | 'hostedPages';

// Health changes over minutes, and clients may ask for it with every page they draw.
const FRESH_MS = 5_000;

/** What a merchant can use now, and what fits a phone. */
@Injectable()
export class MethodsService {
  private readonly recent = new Map<Mode, { readonly readAt: number; readonly attempts: Promise<RecentAttempt[]> }>();

  constructor(
    private readonly accounts: ProviderAccountsService,
    private readonly connections: ProviderConnections,
    private readonly attempts: RecentAttempts,
    private readonly circuits: Circuits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The methods of the merchant's enabled accounts, by code. */
  async list(caller: MethodOwner): Promise<MethodResponse[]> {
    const [offers, recent] = await Promise.all([this.findOffers(caller), this.readRecent(caller.mode)]);
    const byMethod = new Map<string, Offer[]>();
    for (const offer of offers) {
      const key = `${offer.facts.code} ${offer.facts.kind}`;
      byMethod.set(key, [...(byMethod.get(key) ?? []), offer]);
    }
    return [...byMethod].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, same]) => toMethod(same, recent));
  }

  /** The payment page of the merchant's providers for a currency, all of theirs as one; undefined where none has one. */
  async findHostedPage(caller: MethodOwner, currency: string): Promise<MethodResponse | undefined> {
    const [pages, recent] = await Promise.all([this.findOffers(caller, 'hostedPages'), this.readRecent(caller.mode)]);
    const fitting = pages.filter(({ facts }) => facts.currency === currency);
    return fitting.length === 0 ? undefined : toMethod(fitting, recent);
  }

  /** A hint. Throws `recipient_invalid` where the phone is none. */
  async predict(caller: MethodOwner, { phone: text, country }: PredictMethodsDto): Promise<MethodPredictionResponse> {
    const phone = Msisdn.parse(text, country);
    if (!phone) {
      const detail = 'This is no phone number. Send it as E.164, such as +254708374149, or with its country.';
      throw fieldProblem('recipient_invalid', '/phone', detail);
    }
    const operator = phone.country === undefined ? undefined : findOperator(phone.country, phone.nationalDigits);
    const fitting = (await this.findOffers(caller)).filter(
      ({ facts }) =>
        facts.country === phone.country &&
        (operator === undefined || facts.operator === operator || !hasNumbers(facts.country, facts.operator)),
    );
    return {
      object: 'method_prediction',
      phone: phone.e164,
      country: phone.country ?? null,
      operator: operator ?? null,
      methods: [...new Set(fitting.map(({ facts }) => facts.code))].sort(),
    };
  }

  /** In the order in which routing tries them. */
  private async findOffers({ merchantId, mode }: MethodOwner, offered: Offered = 'methods'): Promise<Offer[]> {
    const accounts = await this.accounts.findRoutable(merchantId, mode);
    const providers = [...new Set(accounts.map(({ provider }) => provider))];
    const offers = providers.map((provider) => {
      const own = accounts.filter((account) => account.provider === provider);
      return this.findOffersOf(provider, own, offered);
    });
    return (await Promise.all(offers)).flat();
  }

  /** What these accounts can do, and whether their provider serves them now. */
  private async findOffersOf(
    provider: string,
    accounts: readonly ProviderAccount[],
    offered: Offered,
  ): Promise<Offer[]> {
    const facts = findDefinition(provider)?.[offered] ?? [];
    const reaches = await Promise.all(
      KINDS.map(async (kind) => {
        const capability = offered === 'hostedPages' ? 'links' : CAPABILITIES[kind];
        const able = accounts.filter((account) => this.connections.offers(account, capability)).map(({ id }) => id);
        return { kind, able, reach: combineHealth(await this.circuits.findHealth(able, capability)) };
      }),
    );
    return facts.flatMap((each) => {
      const found = reaches.find(({ kind, able }) => kind === each.kind && able.length > 0);
      return found ? [{ provider, facts: each, reach: found.reach }] : [];
    });
  }

  private readRecent(mode: Mode): Promise<RecentAttempt[]> {
    const now = this.clock.now();
    const known = this.recent.get(mode);
    if (known && now - known.readAt < FRESH_MS) return known.attempts;
    const attempts = this.attempts.list(mode, HEALTH_SPAN_MS);
    this.recent.set(mode, { readAt: now, attempts });
    // What could not be read is not kept.
    attempts.catch(() => this.recent.delete(mode));
    return attempts;
  }
}

const KINDS = ['collection', 'payout'] as const;
const NOTHING = { attempts: 0, troubled: 0 };

/** One method of several offers. What every route needs is required; an amount is within bounds where some route takes it. */
function toMethod(offers: readonly Offer[], recent: readonly RecentAttempt[]): MethodResponse {
  const [first] = offers;
  if (!first) throw new TypeError('A method has at least one offer.');
  const { code, kind, country, currency, operator, flow, requiredFields } = first.facts;
  const facts = offers.map((offer) => offer.facts);
  const bases = offers.map(({ provider }) => weigh(recent.filter(isOf(provider, first.facts))));
  return {
    ...{ code, object: 'method', kind, country, currency, operator },
    decimals: Math.max(...facts.map(({ decimals }) => decimals)),
    min: toBound(facts, ({ min }) => min, 1),
    max: toBound(facts, ({ max }) => max, -1),
    requiredFields: requiredFields.filter((field) => facts.every((other) => other.requiredFields.includes(field))),
    flow,
    providers: offers.map(({ provider }) => provider),
    health: combineHealth(offers.map(({ reach }, index) => worseHealth(reach, judgeHealth(bases[index] ?? NOTHING)))),
    healthBasis: {
      attempts: bases.reduce((sum, { attempts }) => sum + attempts, 0),
      troubled: bases.reduce((sum, { troubled }) => sum + troubled, 0),
    },
  };
}

function isOf(provider: string, { code, kind }: MethodFacts): (attempt: RecentAttempt) => boolean {
  return (attempt) =>
    attempt.provider === provider &&
    attempt.method === code &&
    (attempt.kind === 'collection' ? 'collection' : 'payout') === kind;
}

/** The widest bound: the smallest (sign 1) or the largest (sign -1) of all, or none where one route has none. */
function toBound(
  facts: readonly MethodFacts[],
  pick: (facts: MethodFacts) => string | null,
  sign: 1 | -1,
): string | null {
  const bounds = facts.map((each) => {
    const text = pick(each);
    return text === null ? undefined : Money.ofMajor(text, each.currency);
  });
  if (bounds.includes(undefined)) return null;
  const [widest] = bounds.filter((bound) => bound !== undefined).sort((a, b) => sign * a.compare(b));
  return widest?.format() ?? null;
}
