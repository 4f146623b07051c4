import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { ApiKeyAuthenticator } from '../api-keys/api-key-authenticator.js';
import { ApiKeysService, type CreatedApiKey } from '../api-keys/api-keys.service.js';
import type { Caller, MerchantCaller } from '../api-keys/caller.js';
import { MERCHANT_SCOPES, type Scope } from '../api-keys/scopes.js';
import { Problem } from '../http/problem.js';
import { MerchantsService } from '../merchants/merchants.service.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import type { Demo } from './demo-file.js';
import { SIMULATORS, type SimulatorPlan } from './simulators.js';

/** What the demo merchant consists of, as `demo.json` keeps it. */
export type SeededDemo = Pick<Demo, 'apiKey' | 'approverKey' | 'providerAccounts'>;

/** Gives a service of the running application. */
export type FindService = <T>(token: Type<T>) => T;

const APPROVER_SCOPES: readonly Scope[] = ['read', 'payouts:approve', 'review:write'];
// It runs beside us and was heard a moment ago.
const SIMULATOR_PATIENCE_MS = 5_000;
// An address that no request comes from: keys that no longer work must not slow anybody's log-in down.
const OUR_ADDRESS = 'first run';

/**
 * Makes sure that there is a merchant to try the gateway with. What an earlier start made is used again where it still
 * works; what does not is made anew, for the same merchant where one of its keys still tells which that is.
 */
export async function seedDemoMerchant(
  find: FindService,
  former: Demo | undefined,
  simulators: Demo['simulators'],
): Promise<SeededDemo> {
  const apiCaller = await findCaller(find, former?.apiKey);
  const approver = await findCaller(find, former?.approverKey);
  const merchantId =
    apiCaller?.merchantId ??
    approver?.merchantId ??
    (await find(MerchantsService).create({ name: 'Demo Shop', locale: 'en' })).id;

  const isOurs = (caller: Caller | undefined): boolean => caller?.merchantId === merchantId;
  const apiKey =
    former && isOurs(apiCaller) ? former.apiKey : (await createKey(find, merchantId, 'Demo', MERCHANT_SCOPES)).secret;
  const approverKey =
    former && isOurs(approver)
      ? former.approverKey
      : (await createKey(find, merchantId, 'Demo approver', APPROVER_SCOPES)).secret;

  const owner: MerchantCaller = { keyId: '', merchantId, mode: 'test', principalId: '', scopes: MERCHANT_SCOPES };
  const providerAccounts: Record<string, string> = {};
  for (const [provider, baseUrl] of Object.entries(simulators)) {
    const known = former?.providerAccounts[provider];
    providerAccounts[provider] =
      (known === undefined ? undefined : await followSimulator(find, owner, known, baseUrl)) ??
      (await createAccount(find, owner, provider, baseUrl));
  }
  return { apiKey, approverKey, providerAccounts };
}

/**
 * Points the seeded account at where its simulator listens now. One that the merchant has pointed elsewhere since is left
 * alone. Answers undefined where there is no such account any more.
 */
export async function followSimulator(
  find: FindService,
  owner: MerchantCaller,
  accountId: string,
  baseUrl: string,
): Promise<string | undefined> {
  const accounts = find(ProviderAccountsService);
  const account = await orUndefined(accounts.getOwn(owner, accountId), 'not_found');
  if (!account) return undefined;
  const { settings } = account;
  if (isAtSimulator(settings['baseUrl']) && settings['baseUrl'] !== baseUrl) {
    await accounts.update(owner, accountId, { settings: { ...settings, baseUrl } });
  }
  return accountId;
}

/** The demo merchant as the caller of services, found by its key. */
export async function findOwner(find: FindService, apiKey: string): Promise<MerchantCaller | undefined> {
  const caller = await findCaller(find, apiKey);
  return caller?.merchantId == null ? undefined : { ...caller, merchantId: caller.merchantId };
}

async function createAccount(
  find: FindService,
  owner: MerchantCaller,
  provider: string,
  baseUrl: string,
): Promise<string> {
  const plan = SIMULATORS.find((simulator) => simulator.provider === provider);
  if (!plan) throw new Error(`There is no simulator of ${provider}.`);
  const { credentials, settings, priority } = plan.account;
  const account = await find(ProviderAccountsService).create(owner, {
    provider,
    credentials,
    settings: { ...settings, ...(await readSettings(plan, baseUrl)), baseUrl },
    priority,
    enabled: true,
  });
  return account.id;
}

async function readSettings(plan: SimulatorPlan, baseUrl: string): Promise<Record<string, string>> {
  const read = Object.entries(plan.settingsFrom ?? {}).map(async ([name, path]) => {
    const answer = await fetch(`${baseUrl}${path}`, { signal: AbortSignal.timeout(SIMULATOR_PATIENCE_MS) });
    if (!answer.ok) throw new Error(`The ${plan.provider} simulator answered ${path} with HTTP ${answer.status}.`);
    return [name, z.record(z.string(), z.string()).parse(await answer.json())[name] ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

function createKey(
  find: FindService,
  merchantId: string,
  name: string,
  scopes: readonly Scope[],
): Promise<CreatedApiKey> {
  // Without a principal of its own named here each key is another person.
  return find(ApiKeysService).create({ merchantId, mode: 'test', name, scopes });
}

async function findCaller(find: FindService, key: string | undefined): Promise<Caller | undefined> {
  if (key === undefined) return undefined;
  const caller = await orUndefined(
    find(ApiKeyAuthenticator).authenticate(`Bearer ${key}`, OUR_ADDRESS),
    'unauthenticated',
    'too_many_requests',
    'merchant_suspended',
  );
  return caller?.mode === 'test' ? caller : undefined;
}

async function orUndefined<T>(work: Promise<T>, ...expected: readonly Problem['code'][]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Problem && expected.includes(error.code)) return undefined;
    throw error;
  }
}

function isAtSimulator(baseUrl: unknown): boolean {
  return typeof baseUrl === 'string' && baseUrl.startsWith('http://127.0.0.1:');
}
