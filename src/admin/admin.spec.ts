import { randomBytes } from 'node:crypto';
import { getMetadataArgsStorage } from 'typeorm';
import { createTestGateway, describeOnBothDatabases, type TestGateway } from '../../test/support/gateway.js';
import { hashToken, tokenPlace } from '../callbacks/callback-tokens.js';
import { CallbackToken } from '../callbacks/callback-token.entity.js';
import { readSettings, type SecretKeys, type Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { ENTITIES } from '../database/entities.js';
import { ProviderToken } from '../providers/provider-token.entity.js';
import { providerTokenPlace } from '../providers/provider-token-store.js';
import { SecretBox } from '../secrets/secret-box.js';
import { runAdmin } from './admin.js';
import { COMMANDS } from './commands.js';
import { SEALED_COLUMNS, type RotationResult } from './secret-key-rotation.js';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(settings: Settings | (() => Settings), ...words: string[]): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runAdmin(words, {
    readSettings: typeof settings === 'function' ? settings : () => settings,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const noSettings = (): Settings => {
  throw new Error('The settings were read.');
};

describeOnBothDatabases('The admin command', (database) => {
  let gateway: TestGateway;
  const admin = (...words: string[]) => run(gateway.settings, ...words);
  const json = async (...words: string[]) => {
    const { code, out, err } = await admin(...words, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };
  /** On SQLite the command and the gateway take turns. */
  const withGateway = async <T>(work: () => Promise<T>): Promise<T> => {
    await gateway.start();
    try {
      return await work();
    } finally {
      await gateway.stop();
    }
  };

  beforeAll(async () => {
    gateway = await createTestGateway({ database });
    await gateway.stop();
  });
  afterAll(() => gateway.destroy());

  it('makes the first platform key, which makes everything else', async () => {
    const made = await admin('create-key', '--platform');
    expect(made).toMatchObject({ code: 0, err: '' });
    const [key = ''] = /mlp_live_[0-9A-Za-z]{38}/.exec(made.out) ?? [];
    await withGateway(async () => {
      const merchant = await gateway.request('POST /v1/merchants', { key, body: { name: 'Duka' } });
      expect(merchant.status).toBe(201);
      expect((await gateway.request('GET /v1/merchant', { key })).status).toBe(403);
    });
  });

  it('makes merchants and keys that work, with all scopes or those that are named', async () => {
    const merchant = await json('create-merchant', '--name', 'Boutique', '--locale', 'fr');
    expect(merchant).toMatchObject({ object: 'merchant', name: 'Boutique', locale: 'fr', status: 'active' });
    const owner = await json('create-key', '--merchant', merchant.id, '--mode', 'live', '--name', 'Owner');
    const reader = await json(
      'create-key',
      '--merchant',
      merchant.id,
      '--mode',
      'test',
      '--scopes',
      'read, keys:write',
    );
    expect(owner).toMatchObject({ merchantId: merchant.id, mode: 'live', name: 'Owner' });
    expect(owner.scopes).toEqual(expect.arrayContaining(['payouts:write', 'payouts:approve', 'read']));
    expect(reader).toMatchObject({ mode: 'test', scopes: ['read', 'keys:write'] });
    expect(reader.principalId).not.toBe(owner.principalId);
    const second = ['create-key', '--merchant', merchant.id, '--mode', 'test', '--principal', owner.principalId];
    expect((await json(...second)).principalId).toBe(owner.principalId);
    expect(await admin(...second.slice(0, -1), 'prn_typo')).toMatchObject({ code: 1, out: '' });

    await withGateway(async () => {
      expect((await gateway.request('GET /v1/merchant', { key: owner.secret })).body.id).toBe(merchant.id);
    });
    const listed = await json('list-keys', '--merchant', merchant.id);
    expect(listed.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining([owner.id, reader.id]));
    expect(JSON.stringify(listed)).not.toContain('mlp_');
    const table = await admin('list-keys', '--merchant', merchant.id);
    expect(table.out).toContain(`…${owner.last4}`);
    expect((await admin('list-merchants')).out).toMatch(new RegExp(`${merchant.id} +active +fr .*Boutique`));
  });

  it('revokes a key, and says so again', async () => {
    const merchant = await json('create-merchant', '--name', 'Duka');
    const { id, secret } = await json('create-key', '--merchant', merchant.id, '--mode', 'test');
    expect(await json('revoke-key', '--key', id)).toMatchObject({ id, status: 'revoked' });
    expect((await admin('revoke-key', '--key', id)).code).toBe(0);
    expect(await admin('revoke-key', '--key', 'key_none')).toMatchObject({ code: 1, out: '' });
    await withGateway(async () => {
      expect((await gateway.request('GET /v1/merchant', { key: secret })).status).toBe(401);
    });
  });

  it('lists more merchants than fit on a page', async () => {
    for (let index = 0; index < 3; index++) await json('create-merchant', '--name', `Number ${index}`);
    await withGateway(async () => {
      for (let index = 0; index < 101; index++) await gateway.createMerchant({ name: `Many ${index}` });
    });
    const merchants = await json('list-merchants');
    expect(new Set(merchants.map(({ id }: { id: string }) => id)).size).toBe(merchants.length);
    expect(merchants.length).toBeGreaterThan(103);
  });

  it('tells which migrations the database has behind it', async () => {
    expect((await json('migrate')).migrations[0]).toMatch(/^Foundation\d{13}$/);
  });

  it('runs beside a gateway where the database allows it, and else says what to do', async () => {
    await withGateway(async () => {
      const answer = await admin('list-merchants');
      if (database === 'mysql') {
        expect(answer.code).toBe(0);
      } else {
        expect(answer).toMatchObject({ code: 3, out: '' });
        expect(answer.err).toContain('POST /v1/api-keys');
        expect(answer.err).toContain('stop it');
      }
    });
    expect((await admin('list-merchants')).code).toBe(0);
  });

  describe('rotate-secret-key', () => {
    const older = () => gateway.settings.secretKeys.current;
    const newer = randomBytes(32);
    const tokens = Array.from({ length: 450 }, (_, index) => `${index}`.padStart(64, '0'));
    const rotate = async (secretKeys: SecretKeys) => {
      const { code, out } = await run({ ...gateway.settings, secretKeys }, 'rotate-secret-key', '--json');
      const results: RotationResult[] = JSON.parse(out);
      return {
        code,
        results: Object.fromEntries(results.map(({ table, column, ...counts }) => [`${table}.${column}`, counts])),
      };
    };

    beforeAll(() =>
      withGateway(async () => {
        const merchant = await gateway.createMerchant();
        const { key } = merchant;
        const credentials = { consumerKey: 'a', consumerSecret: 'b', passkey: 'c' };
        const settings = { shortcode: '174379', type: 'paybill' };
        const account = { provider: 'mpesa', credentials, settings };
        expect((await gateway.request('POST /v1/provider-accounts', { key, body: account })).status).toBe(201);
        const endpoint = { url: 'http://127.0.0.1:4000/hooks', events: ['*'] };
        const { body: created } = await gateway.request('POST /v1/webhook-endpoints', { key, body: endpoint });
        const rotated = await gateway.request(`POST /v1/webhook-endpoints/${created.id}/rotate-secret`, {
          key,
          body: {},
        });
        expect(rotated.status).toBe(200);
        const link = {
          ...{ reference: 'L-1', itemName: 'Maize', amount: 150, currency: 'KES' },
          ...{ successUrl: 'https://shop.example/', failureUrl: 'https://shop.example/' },
        };
        expect((await gateway.request('POST /v1/payment-links', { key, body: link })).status).toBe(201);
        expect((await gateway.request('POST /v1/signing-secret/rotate', { key, body: {} })).status).toBe(200);
        const none = { tokenHash: null, refreshAt: null, expiresAt: null, leaseToken: null, leaseEndsAt: null };
        const sealedToken = gateway.get(SecretBox).seal('token', providerTokenPlace('pac_1.1'));
        await gateway.get(Database).write((tx) =>
          tx.insert(ProviderToken, [
            { accountKey: 'pac_1.1', sealedToken, ...none },
            { accountKey: 'pac_2.1', sealedToken: null, ...none },
          ]),
        );
        await gateway.get(Database).write((tx) =>
          tx.insert(
            CallbackToken,
            tokens.map((token) => ({
              tokenHash: hashToken(token),
              sealedToken: gateway.get(SecretBox).seal(token, tokenPlace(hashToken(token))),
              attemptId: null,
              providerAccountId: 'pac_1',
              merchantId: merchant.id,
              mode: 'test' as const,
              balanceQuestionId: null,
              purpose: 'result',
              endsAt: null,
              asked: null,
              createdAt: 0,
            })),
          ),
        );
      }),
    );

    it('leaves alone, and names, what opens with none of the keys', async () => {
      const { code, results } = await rotate({ current: newer, previous: [] });
      expect(code).toBe(1);
      expect(results['callback_tokens.sealed_token']).toMatchObject({ seen: 450, resealed: 0 });
      expect(results['callback_tokens.sealed_token']?.unopened).toHaveLength(450);
      expect(results['provider_accounts.sealed_credentials']?.unopened[0]).toMatch(
        /^provider_accounts\/pac_\w+\/credentials$/,
      );
    });

    it('seals everything anew, once, so that the older key can go', async () => {
      expect(await rotate({ current: newer, previous: [older()] })).toEqual({
        code: 0,
        results: {
          'provider_accounts.sealed_credentials': { seen: 1, resealed: 1, unopened: [] },
          // One account has no token yet: there is nothing to seal.
          'provider_tokens.sealed_token': { seen: 1, resealed: 1, unopened: [] },
          'callback_tokens.sealed_token': { seen: 450, resealed: 450, unopened: [] },
          'webhook_endpoints.sealed_secret': { seen: 1, resealed: 1, unopened: [] },
          'webhook_endpoints.sealed_previous_secret': { seen: 1, resealed: 1, unopened: [] },
          'payment_links.sealed_token': { seen: 1, resealed: 1, unopened: [] },
          'signing_secrets.sealed_secret': { seen: 1, resealed: 1, unopened: [] },
          'signing_secrets.sealed_previous_secret': { seen: 1, resealed: 1, unopened: [] },
        },
      });
      const { code, results } = await rotate({ current: newer, previous: [] });
      expect(code).toBe(0);
      expect(Object.values(results).map(({ resealed }) => resealed)).toEqual(SEALED_COLUMNS.map(() => 0));

      const box = new SecretBox({ current: newer, previous: [] }, randomBytes);
      await withGateway(async () => {
        const rows = await gateway.get(Database).read.find(CallbackToken);
        const opened = rows.map((row) => box.open(row.sealedToken, tokenPlace(row.tokenHash)));
        expect(opened.sort()).toEqual(tokens);
      });
    });

    it('goes on where it was interrupted', async () => {
      const [token = ''] = tokens;
      const tokenHash = hashToken(token);
      await withGateway(() =>
        gateway.get(Database).write(async (tx) => {
          const sealedToken = gateway.get(SecretBox).seal(token, tokenPlace(tokenHash));
          await tx.manager.update(CallbackToken, { tokenHash }, { sealedToken });
        }),
      );
      const { results } = await rotate({ current: newer, previous: [older()] });
      expect(results['callback_tokens.sealed_token']).toEqual({ seen: 450, resealed: 1, unopened: [] });
    });

    it('tells its progress apart from its answer', async () => {
      const { out, err } = await run(
        { ...gateway.settings, secretKeys: { current: newer, previous: [] } },
        'rotate-secret-key',
      );
      expect(err).toContain('callback_tokens: 200 seen, 0 sealed anew\ncallback_tokens: 400 seen');
      expect(out).toContain('MALIPO_SECRET_KEY_PREVIOUS can go');
    });
  });
});

describe('The admin command line', () => {
  it.each([
    [['frobnicate'], 'There is no command frobnicate.'],
    [['constructor'], 'There is no command constructor.'],
    [['create-merchant'], '--name is missing.'],
    [['create-merchant', '--name', '  '], '--name is missing.'],
    [['create-merchant', '--name', 'x', '--colour', 'red'], "Unknown option '--colour'."],
    [['create-merchant', 'Duka'], "Unexpected argument 'Duka'."],
    [['list-keys', '--merchant'], "Option '--merchant <value>' argument missing."],
  ])('says what is wrong with %p, without touching anything', async (words, complaint) => {
    const { code, out, err } = await run(noSettings, ...words);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe(`${complaint}\nSee: npm run admin -- help`);
  });

  it.each([
    [['create-key', '--mode', 'test'], 'Say whose key it is'],
    [['create-key', '--platform', '--mode', 'live'], 'A platform key has no --mode.'],
    [['create-key', '--merchant', 'mer_1'], 'Say what the key is for'],
    [['create-merchant', '--name', 'x', '--locale', 'sw'], '--locale sw is not one of: fr, en.'],
    [['create-merchant', '--name', 'x'.repeat(121)], '--name must have 1 to 120 characters.'],
  ])('says what does not go together in %p', async (words, complaint) => {
    const gateway = await createTestGateway({ database: 'sqlite' });
    await gateway.stop();
    const { code, err } = await run(gateway.settings, ...words);
    await gateway.destroy();
    expect(code).toBe(2);
    expect(err).toContain(complaint);
  });

  it.each([[[]], [['help']], [['--help']]])('explains all commands: %p', async (words) => {
    const { code, out } = await run(noSettings, ...words);
    expect(code).toBe(0);
    for (const [name, { summary }] of Object.entries(COMMANDS)) expect(out).toMatch(new RegExp(`${name} +${summary}`));
  });

  it.each(Object.keys(COMMANDS))('explains %s', async (name) => {
    const asked = await run(noSettings, 'help', name);
    expect(asked).toMatchObject({ code: 0, err: '' });
    for (const option of Object.keys(COMMANDS[name]?.options ?? {})) expect(asked.out).toContain(`--${option}`);
    expect(await run(noSettings, name, '--help')).toEqual(asked);
  });

  it('shows every fault of the settings', async () => {
    const { code, err } = await run(() => readSettings({ NODE_ENV: 'production', PORT: 'x' }), 'list-merchants');
    expect(code).toBe(1);
    expect(err).toContain('PORT=x');
    expect(err).toContain('MALIPO_SECRET_KEY is required');
  });

  it('says that the database does not answer, without its password', async () => {
    const gateway = await createTestGateway({ database: 'sqlite' });
    await gateway.stop();
    const database = { kind: 'mysql', url: 'mysql://root:hunter2@127.0.0.1:1/none', poolSize: 2 } as const;
    const { code, err } = await run({ ...gateway.settings, database }, 'list-merchants');
    await gateway.destroy();
    expect(code).toBe(1);
    expect(err).toContain('ECONNREFUSED');
    expect(err).not.toContain('hunter2');
  });

  it('rotates every column that holds something sealed', () => {
    const { tables, columns } = getMetadataArgsStorage();
    const sealed = columns
      .filter(
        ({ target, propertyName }) => ENTITIES.some((entity) => entity === target) && /^sealed/.test(propertyName),
      )
      .map(({ target, propertyName }) => {
        const table = tables.find((one) => one.target === target)?.name;
        return `${table}.${propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
      });
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(sealed.sort());
  });
});
