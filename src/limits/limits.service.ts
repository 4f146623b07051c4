import { Inject, Injectable } from '@nestjs/common';
import { Money, type Clock } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { fieldProblem } from '../http/problem.js';
import { MerchantsService } from '../merchants/merchants.service.js';
import { CAP_NAMES, type CapName, type Caps, type CapsByCurrency } from './caps.js';
import { readAmount } from './capped-amount.js';
import { LimitUsages } from './limit-usages.js';
import { CurrencyLimitsResponse, type LimitsResponse, type UpdateLimitsRequest } from './limits.dto.js';
import type { ControlOwner, PayoutControl } from './payout-control.entity.js';
import { PayoutControls } from './payout-controls.js';

const MODES: readonly Mode[] = ['test', 'live'];

/** Caps as they are to be from now on; null lifts one. */
type CapChanges = Partial<Record<CapName, Money | null>>;

/** What payouts may come to, said by the merchant and above it by the platform. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly database: Database,
    private readonly controls: PayoutControls,
    private readonly usages: LimitUsages,
    private readonly merchants: MerchantsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async get(owner: ControlOwner): Promise<LimitsResponse> {
    return this.toResponse(owner, await this.controls.find(owner));
  }

  /** Changes caps of one currency; those that are left out stay. Throws `limit_above_maximum`. */
  async update(owner: ControlOwner, request: UpdateLimitsRequest): Promise<LimitsResponse> {
    const { currency } = request;
    const changes = readChanges(request);
    const { after } = await this.database.write((tx) =>
      this.controls.change(tx, owner, ({ limits, maxima }) => {
        refuseAbove(maxima[currency], changes, currency);
        return { limits: merge(limits, currency, changes) };
      }),
    );
    return this.toResponse(owner, after);
  }

  /** Throws `not_found`. */
  async getOf(merchantId: string): Promise<LimitsResponse> {
    await this.merchants.get(merchantId);
    return this.get({ merchantId, mode: 'live' });
  }

  /** Changes what the platform allows the merchant at most, in both modes. Throws `not_found`. */
  async updateMaxima(merchantId: string, request: UpdateLimitsRequest): Promise<LimitsResponse> {
    await this.merchants.get(merchantId);
    const changes = readChanges(request);
    await this.database.write(async (tx) => {
      for (const mode of MODES) {
        await this.controls.change(tx, { merchantId, mode }, ({ maxima }) => ({
          maxima: merge(maxima, request.currency, changes),
        }));
      }
    });
    return this.get({ merchantId, mode: 'live' });
  }

  private async toResponse(owner: ControlOwner, { limits, maxima }: PayoutControl): Promise<LimitsResponse> {
    const now = this.clock.now();
    const currencies = [...new Set([...Object.keys(limits), ...Object.keys(maxima)])].sort();
    return {
      object: 'limits',
      currencies: await Promise.all(
        currencies.map(async (currency) =>
          CurrencyLimitsResponse.from(currency, {
            ...(limits[currency] && { caps: limits[currency] }),
            ...(maxima[currency] && { maxima: maxima[currency] }),
            usage: await this.usages.find(owner, currency, now),
          }),
        ),
      ),
    };
  }
}

function readChanges(request: UpdateLimitsRequest): CapChanges {
  const { currency } = request;
  const read = (given: string | number, name: string): Money =>
    readAmount(given, currency, { amount: `/${name}`, currency: '/currency' });
  // A currency that is none is refused even where no cap is given.
  read('0', 'currency');
  const changes: CapChanges = {};
  for (const name of CAP_NAMES) {
    const given = request[name];
    if (given !== undefined) changes[name] = given === null ? null : read(given, name);
  }
  return changes;
}

function refuseAbove(maxima: Caps | undefined, changes: CapChanges, currency: string): void {
  for (const name of CAP_NAMES) {
    const maximum = maxima?.[name];
    const change = changes[name];
    if (maximum === undefined || !change || change.amountMinor <= BigInt(maximum)) continue;
    const most = Money.ofMinor(maximum, currency).toString();
    throw fieldProblem('limit_above_maximum', `/${name}`, `The operator of this gateway allows ${name} up to ${most}.`);
  }
}

function merge(all: CapsByCurrency, currency: string, changes: CapChanges): CapsByCurrency {
  const before = all[currency] ?? {};
  const caps: Caps = {};
  for (const name of CAP_NAMES) {
    const change = changes[name];
    const minor = change === undefined ? before[name] : change?.amountMinor.toString();
    if (minor !== undefined) caps[name] = minor;
  }
  const { [currency]: _, ...others } = all;
  return Object.keys(caps).length === 0 ? others : { ...others, [currency]: caps };
}
