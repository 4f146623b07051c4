import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { z } from 'zod';
import { SIMULATOR_CERTIFICATE } from '#libs/simulators/mpesa';
import { ApiKeysService } from '../src/api-keys/api-keys.service.js';
import { MERCHANT_SCOPES } from '../src/api-keys/scopes.js';
import { MerchantsService } from '../src/merchants/merchants.service.js';
import { Dice } from './dice.js';
import { runUntil } from './life.js';
import { MpesaModel } from './mpesa-model.js';
import { BEGINNING, World } from './world.js';

/** Where a merchant hears of its events. */
export interface Subscriber {
  readonly merchantId: string;
  readonly name: string;
  readonly url: string;
  readonly secret: string;
}

/** A merchant that the runs find in the database. */
export interface Merchant extends Subscriber {
  readonly key: string;
}

const PAYBILL = {
  shortcode: '174379',
  type: 'paybill',
  passkey: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
};
const TILL = {
  shortcode: '603021',
  type: 'till',
  tillNumber: '5203021',
  passkey: '7c1f0e5d9b3a48260f4e8d2c6a1b93570e9d4c8b2f7a61353d0c9e8f1a2b4c5d',
};

const Created = z.object({ id: z.string() });
const CreatedEndpoint = z.object({ secret: z.string() });

/**
 * A migrated database with merchants, accounts and endpoints in it, made once; each run begins with a copy. Made from a
 * fixed seed, so that it is the same in every process.
 */
export class Stage {
  private runs = 0;

  private constructor(
    private readonly folder: string,
    readonly secretKey: string,
    readonly merchants: readonly [Merchant, Merchant],
  ) {}

  static async build(): Promise<Stage> {
    // Memory where the system has a folder in it: nothing here outlives the command, and a disk is slow.
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'malipo-simulation-'));
    const secretKey = new Dice('stage', 'secret').bytes(32).toString('hex');
    mkdirSync(join(folder, 'template'));
    const world = new World({
      seed: 'stage',
      folder: join(folder, 'template'),
      secretKey,
      beginning: BEGINNING - 3_600_000,
    });
    world.faults.end();
    const merchants = await furnish(world);
    gatherIntoOneFile(join(folder, 'template', 'malipo.db'));
    return new Stage(folder, secretKey, merchants);
  }

  /** A folder for one run, with a fresh copy of the database. Answers how to remove it, too. */
  open(): { folder: string; file: string; remove: () => void } {
    const folder = join(this.folder, `run-${String(++this.runs)}`);
    const file = join(folder, 'malipo.db');
    mkdirSync(folder);
    copyFileSync(join(this.folder, 'template', 'malipo.db'), file);
    return { folder, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
  }

  strike(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function furnish(world: World): Promise<[Merchant, Merchant]> {
  const nobody = () => Promise.reject(new Error('Nothing is sent while the stage is set.'));
  const mpesa = new MpesaModel({ calendar: world.calendar, dice: world.dice, plan: world.faults, post: nobody });
  const gateway = await world.startGateway({
    http: {
      send: async (request) => {
        const { answer } = await mpesa.handle(request);
        if (!answer) throw new Error('The provider must answer while the stage is set.');
        return {
          kind: 'response',
          status: answer.status,
          headers: {},
          text: answer.body,
          body: JSON.parse(answer.body),
          durationMs: 1,
        };
      },
    },
    webhooks: { send: nobody },
  });
  const make = async (name: string, accounts: readonly object[]): Promise<Merchant> => {
    const { id: merchantId } = await gateway.get(MerchantsService).create({ name });
    const { secret: key } = await gateway
      .get(ApiKeysService)
      .create({ merchantId, mode: 'test', name, scopes: MERCHANT_SCOPES, principalId: undefined });
    const post = async (path: string, body: object): Promise<unknown> => {
      const answer = await runUntil(
        world,
        world.callGateway({
          method: 'POST',
          path,
          headers: { authorization: `Bearer ${key}` },
          body: JSON.stringify(body),
        }),
      );
      if (answer?.status !== 201) throw new Error(`The stage cannot be set: ${String(answer?.text)}`);
      return JSON.parse(answer.text) as unknown;
    };
    for (const account of accounts) Created.parse(await post('/v1/provider-accounts', account));
    const url = `https://203.0.113.10/${name.toLowerCase()}`;
    const { secret } = CreatedEndpoint.parse(await post('/v1/webhook-endpoints', { url }));
    return { merchantId, name, url, secret, key };
  };
  // One with a second account to fall back on, one without.
  const merchants: [Merchant, Merchant] = [
    await make('Duka', [toAccount(mpesa.baseUrl, PAYBILL, 1), toAccount(mpesa.baseUrl, TILL, 2)]),
    await make('Kiosk', [toAccount(mpesa.baseUrl, PAYBILL, 1)]),
  ];
  mpesa.close();
  await world.settle();
  await world.close();
  return merchants;
}

function toAccount(baseUrl: string, { passkey, ...settings }: typeof PAYBILL | typeof TILL, priority: number): object {
  const initiator = { initiatorName: 'testapi', initiatorPassword: 'Safaricom999!*!' };
  const credentials = {
    consumerKey: 'demo-consumer-key',
    consumerSecret: 'demo-consumer-secret',
    passkey,
    ...initiator,
  };
  const certificate = SIMULATOR_CERTIFICATE;
  return { provider: 'mpesa', priority, credentials, settings: { ...settings, certificate, baseUrl } };
}

/** What was written last lies in the write-ahead log beside the database: a copy of the one file would miss it. */
function gatherIntoOneFile(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}
