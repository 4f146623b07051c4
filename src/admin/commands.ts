import type { INestApplicationContext } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { ApiKeyResponse, CreatedApiKeyResponse } from '../api-keys/api-key.dto.js';
import { ApiKeysService, type NewApiKey } from '../api-keys/api-keys.service.js';
import type { Caller } from '../api-keys/caller.js';
import { MERCHANT_SCOPES } from '../api-keys/scopes.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Page, PageQuery } from '../http/pages.js';
import { Problem } from '../http/problem.js';
import { MerchantResponse } from '../merchants/merchant.dto.js';
import { MerchantsService } from '../merchants/merchants.service.js';
import { UsageError, type Arguments, type Options } from './arguments.js';
import { SecretKeyRotation, type RotationResult } from './secret-key-rotation.js';
import { toTable } from './table.js';

/** What a command works with. */
export interface AdminContext {
  readonly app: INestApplicationContext;
  /** For people who wait; never part of the answer. */
  readonly say: (line: string) => void;
}

/** What a command found or did: for people, and for `--json`. */
export interface AdminAnswer {
  readonly text: string;
  readonly data: unknown;
  /** It ran to its end, and yet not everything is well: exit code 1. */
  readonly failed?: boolean;
}

/** One word behind `npm run admin --`. */
export interface Command {
  readonly summary: string;
  readonly details?: string;
  readonly options: Options;
  run(context: AdminContext, given: Arguments): Promise<AdminAnswer>;
}

/** Whoever may run the command on the server may do what a platform key may. */
const OPERATOR: Caller = {
  keyId: 'operator',
  merchantId: null,
  mode: 'live',
  principalId: 'operator',
  scopes: ['platform'],
};

const NAME_LENGTH = 120;

export const COMMANDS: Readonly<Record<string, Command>> = {
  'create-merchant': {
    summary: 'Create a merchant.',
    options: {
      name: { value: '<name>', required: true, help: 'As customers see it, up to 120 characters.' },
      locale: { value: 'fr|en', help: 'Language of mails and pages; en if absent.' },
    },
    run: createMerchant,
  },
  'list-merchants': {
    summary: 'List all merchants, newest first.',
    options: {},
    run: listMerchants,
  },
  'create-key': {
    summary: 'Create an API key and show it, once.',
    details:
      'Without --principal the key is a new principal: another person, as far as approvals by two persons are concerned.\n' +
      'A platform key manages merchants and keys over the API, and nothing else.',
    options: {
      merchant: { value: '<mer_…>', help: 'Whose key it is. Or --platform.' },
      mode: { value: 'test|live', help: 'Required with --merchant: what the key makes and sees.' },
      scopes: { value: '<a,b>', help: `All of a merchant if absent: ${MERCHANT_SCOPES.join(', ')}.` },
      principal: { value: '<prn_…>', help: 'A person who has keys of this merchant already.' },
      name: { value: '<name>', help: 'For people, up to 120 characters.' },
      platform: { help: 'A platform key in place of a merchant’s.' },
    },
    run: createKey,
  },
  'list-keys': {
    summary: 'List the keys of a merchant, newest first.',
    options: { merchant: { value: '<mer_…>', required: true, help: 'Whose keys.' } },
    run: listKeys,
  },
  'revoke-key': {
    summary: 'Revoke an API key: it is refused from the next request on.',
    options: { key: { value: '<key_…>', required: true, help: 'The id of the key, not the key itself.' } },
    run: revokeKey,
  },
  'rotate-secret-key': {
    summary: 'Seal every stored secret anew with the current MALIPO_SECRET_KEY.',
    details:
      '1. Put the new key into MALIPO_SECRET_KEY and the old one into MALIPO_SECRET_KEY_PREVIOUS, everywhere, and restart.\n' +
      '2. Run this command. It may be interrupted and repeated, and on MySQL or MariaDB run while gateways work.\n' +
      '3. When it reports that nothing is left, remove MALIPO_SECRET_KEY_PREVIOUS.',
    options: {},
    run: rotateSecretKey,
  },
  migrate: {
    summary: 'Bring the database schema up to date. Every start does that too.',
    options: {},
    run: migrate,
  },
};

async function createMerchant({ app }: AdminContext, given: Arguments): Promise<AdminAnswer> {
  const name = assertName(given.require('name'));
  const merchant = await app.get(MerchantsService).create({ name, locale: given.findOneOf('locale', ['fr', 'en']) });
  return {
    text: `Created ${merchant.id} (${merchant.name}).\nGive it a key: npm run admin -- create-key --merchant ${merchant.id} --mode test`,
    data: MerchantResponse.from(merchant),
  };
}

async function listMerchants({ app }: AdminContext): Promise<AdminAnswer> {
  const merchants = await readAll((query) =>
    app.get(MerchantsService).list(query, (merchant) => MerchantResponse.from(merchant)),
  );
  const rows = merchants.map(({ id, status, locale, createdAt, name }) => [id, status, locale, createdAt, name]);
  return { text: toTable(['Merchant', 'Status', 'Locale', 'Created', 'Name'], rows), data: merchants };
}

async function createKey(context: AdminContext, given: Arguments): Promise<AdminAnswer> {
  const { app } = context;
  const request = given.has('platform') ? planPlatformKey(given) : await planMerchantKey(context, given);
  const { principalId } = request;
  if (principalId !== undefined && !(await app.get(ApiKeysService).isPrincipalOf(request.merchantId, principalId))) {
    // A slip of the pen here would make two persons of one.
    throw new Problem('not_found', `${principalId} has no key of ${request.merchantId ?? 'the platform'} yet.`);
  }
  const created = await app.get(ApiKeysService).create(request);
  const key = CreatedApiKeyResponse.of(created, now(app));
  return {
    text: [
      `Created ${key.id} for ${key.merchantId ?? 'the platform'}, mode ${key.mode}, principal ${key.principalId}.`,
      `Scopes: ${key.scopes.join(', ')}`,
      '',
      `  ${key.secret}`,
      '',
      'Keep it now: it is stored nowhere and cannot be shown again.',
    ].join('\n'),
    data: key,
  };
}

function planPlatformKey(given: Arguments): NewApiKey {
  const misplaced = ['merchant', 'mode', 'scopes'].find((name) => given.has(name));
  if (misplaced !== undefined) throw new UsageError(`A platform key has no --${misplaced}.`);
  return {
    merchantId: null,
    mode: 'live',
    name: assertName(given.find('name') ?? 'Platform'),
    scopes: ['platform'],
    principalId: given.find('principal'),
  };
}

async function planMerchantKey({ app }: AdminContext, given: Arguments): Promise<NewApiKey> {
  const merchantId = given.find('merchant');
  if (merchantId === undefined) throw new UsageError('Say whose key it is: --merchant mer_…, or --platform.');
  const mode = given.findOneOf('mode', ['test', 'live'] as const);
  if (mode === undefined) throw new UsageError('Say what the key is for: --mode test or --mode live.');
  await assertMerchant(app, merchantId);
  return {
    merchantId,
    mode,
    name: assertName(given.find('name') ?? 'Made by the operator'),
    scopes: given.findList('scopes', MERCHANT_SCOPES) ?? MERCHANT_SCOPES,
    principalId: given.find('principal'),
  };
}

async function listKeys({ app }: AdminContext, given: Arguments): Promise<AdminAnswer> {
  const merchantId = given.require('merchant');
  await assertMerchant(app, merchantId);
  const time = now(app);
  const keys = await readAll((query) =>
    app.get(ApiKeysService).list(OPERATOR, { ...query, merchantId }, (key) => ApiKeyResponse.from(key, time)),
  );
  const rows = keys.map((key) => [
    key.id,
    key.mode,
    `…${key.last4}`,
    key.status,
    key.principalId,
    key.lastUsedAt ?? 'never',
    key.name,
    key.scopes.join(','),
  ]);
  const headings = ['Key', 'Mode', 'Ends in', 'Status', 'Principal', 'Last used', 'Name', 'Scopes'];
  return { text: toTable(headings, rows), data: keys };
}

async function revokeKey({ app }: AdminContext, given: Arguments): Promise<AdminAnswer> {
  const id = given.require('key');
  const keys = app.get(ApiKeysService);
  await keys.revoke(OPERATOR, id);
  return {
    text: `Revoked ${id}. It is refused from now on.`,
    data: ApiKeyResponse.from(await keys.get(OPERATOR, id), now(app)),
  };
}

async function rotateSecretKey({ app, say }: AdminContext): Promise<AdminAnswer> {
  const results = await app.get(SecretKeyRotation).run((result) => say(describeRotation(result)));
  const unopened = results.flatMap((result) => result.unopened);
  const rows = results.map(({ table, column, seen, resealed, unopened: lost }) =>
    [`${table}.${column}`, seen, resealed, lost.length].map(String),
  );
  const verdict =
    unopened.length === 0
      ? 'Nothing is left on an older key: MALIPO_SECRET_KEY_PREVIOUS can go once every gateway uses the new one.'
      : `These open with none of our keys, and were left as they are. Is a key missing in MALIPO_SECRET_KEY_PREVIOUS?\n${unopened.map((place) => `  ${place}`).join('\n')}`;
  return {
    text: `${toTable(['Table', 'Sealed values', 'Sealed anew', 'Not opened'], rows)}\n${verdict}`,
    data: results,
    failed: unopened.length > 0,
  };
}

function describeRotation({ table, seen, resealed }: RotationResult): string {
  return `${table}: ${String(seen)} seen, ${String(resealed)} sealed anew`;
}

async function migrate({ app }: AdminContext): Promise<AdminAnswer> {
  // Opening the database has done it; this only tells.
  const migrations = await app.get(Database).listMigrations();
  const names = migrations.map((name) => `  ${name}`).join('\n');
  return { text: `The schema is up to date:\n${names}`, data: { migrations } };
}

async function assertMerchant(app: INestApplicationContext, id: string): Promise<void> {
  if (!(await app.get(MerchantsService).find(id))) throw new Problem('not_found', `There is no merchant ${id}.`);
}

function assertName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > NAME_LENGTH) {
    throw new UsageError(`--name must have 1 to ${String(NAME_LENGTH)} characters.`);
  }
  return name;
}

function now(app: INestApplicationContext): number {
  return app.get<Clock>(CLOCK).now();
}

async function readAll<T>(readPage: (query: PageQuery) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await readPage({ limit: 100, cursor });
    all.push(...page.data);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}
