import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { createIdSource, ManualTime } from '#libs/primitives';
import type { TokenAnswer } from '#libs/provider-kit';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { openTestStore, type Connection, type TestStore } from '../../test/support/open-database.js';
import { SecretBox } from '../secrets/secret-box.js';
import { ProviderToken } from './provider-token.entity.js';
import { ProviderTokenStore, TOKEN_LEASE_MS } from './provider-token-store.js';
import { SharedTokenCache } from './shared-token-cache.js';

const ACCOUNT = 'pac_01ARZ3NDEKTSV4RRFFQ69G5FAV.1';
const HOUR = 3_600_000;
const keys = { current: randomBytes(32), previous: [] };
// Patience in real milliseconds, for leases that nobody gives back.
const WAITS = { withPreviousMs: 40, withNoneMs: 80 };
const clockOf = { sqlite: 'process', mysql: 'database' } as const;

describeOnBothDatabases('The shared access token', (kind) => {
  let place: TestStore;
  let time: ManualTime;
  let asked: number;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    place = await openTestStore(kind);
  });
  afterAll(() => place.close());

  beforeEach(async () => {
    time = new ManualTime(1_795_334_400_000);
    asked = 0;
    await place.database.write((tx) => tx.manager.clear(ProviderToken));
  });

  /** The cache of one process, with a clock of its own. */
  const open = (given: { connection?: Connection; clock?: ManualTime; key?: Buffer; patient?: boolean } = {}) => {
    const { connection = place, clock = time, key = keys.current, patient = false } = given;
    const box = new SecretBox({ current: key, previous: [] }, randomBytes);
    const store = new ProviderTokenStore(connection.database, box, clock, createIdSource(clock), clockOf[kind]);
    return new SharedTokenCache(store, clock, patient ? undefined : WAITS);
  };
  const give = async (): Promise<TokenAnswer> => ({ kind: 'token', token: `token-${++asked}`, expiresInMs: HOUR });
  const fail = async (): Promise<TokenAnswer> => {
    asked++;
    return { kind: 'deferred', cause: 'down' };
  };
  const tokenOf = (answer: TokenAnswer) => (answer.kind === 'token' ? answer.token : answer.kind);
  const row = () => place.database.read.findOneOrFail(ProviderToken, { where: { accountKey: ACCOUNT } });

  const untilAsked = async (times: number) => {
    const giveUpAt = performance.now() + 30_000;
    const isAsked = () => asked >= times;
    while (!isAsked()) {
      if (performance.now() > giveUpAt) throw new Error('It never asked.');
      await turn();
    }
  };

  /** Time passes for the processes and for the database: a server's clock cannot be moved, so its rows grow older. */
  const pass = async (durationMs: number) => {
    time.advance(durationMs);
    if (kind === 'sqlite') return;
    const columns = ['refresh_at', 'expires_at', 'lease_ends_at'].map((name) => `${name} = ${name} - ${durationMs}`);
    await place.database.write((tx) => tx.manager.query(`UPDATE provider_tokens SET ${columns.join(', ')}`));
  };

  it('is asked for once by all processes that need it at the same moment', async () => {
    // SQLite serves one process.
    const connections = kind === 'sqlite' ? [place] : [place, await place.connect(), await place.connect()];
    const caches = connections.map((connection) => open({ connection, patient: true }));
    const slow = async () => {
      for (let turns = 0; turns < 50; turns++) await turn();
      return give();
    };
    const answers = await Promise.all(caches.flatMap((cache) => [1, 2, 3].map(() => cache.get(ACCOUNT, slow))));
    expect(new Set(answers.map(tokenOf))).toEqual(new Set(['token-1']));
    expect(asked).toBe(1);
  });

  it('outlives a restart, and is renewed a little before its end', async () => {
    await open().get(ACCOUNT, give);
    const restarted = open();
    expect(tokenOf(await restarted.get(ACCOUNT, give))).toBe('token-1');
    await pass(HOUR - 310_000);
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-1');
    await pass(15_000);
    expect(tokenOf(await restarted.get(ACCOUNT, give))).toBe('token-2');
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-2');
  });

  it('keeps accounts, and versions of one account, apart', async () => {
    const cache = open();
    const accounts = ['pac_A.1', 'pac_A.2', 'pac_B.1'];
    for (const account of accounts) await cache.get(account, give);
    expect(await Promise.all(accounts.map(async (account) => tokenOf(await open().get(account, give))))).toEqual([
      'token-1',
      'token-2',
      'token-3',
    ]);
  });

  it('is no plain text in the database, and one sealed with a key that is gone is replaced', async () => {
    await open().get(ACCOUNT, async () => ({ kind: 'token', token: 'plainly-visible', expiresInMs: HOUR }));
    expect(JSON.stringify(await row())).not.toContain('plainly-visible');
    expect(tokenOf(await open({ key: randomBytes(32) }).get(ACCOUNT, give))).toBe('token-1');
  });

  it('that was refused is dropped for everybody, and its successor is not', async () => {
    const [one, other] = [open(), open()];
    await one.get(ACCOUNT, give);
    await other.get(ACCOUNT, give);
    await one.drop(ACCOUNT, 'token-1');
    expect(tokenOf(await one.get(ACCOUNT, give))).toBe('token-2');
    // The other still holds the dead one, sends it, and hears the same refusal: no third token for that.
    await other.drop(ACCOUNT, 'token-1');
    expect(tokenOf(await other.get(ACCOUNT, give))).toBe('token-2');
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-2');
    expect(asked).toBe(2);
  });

  it('serves on while a renewal fails, which is tried again by all processes together now and then', async () => {
    await open().get(ACCOUNT, give);
    await pass(HOUR - 200_000);
    for (const cache of [open(), open(), open()]) expect(tokenOf(await cache.get(ACCOUNT, fail))).toBe('token-1');
    expect(asked).toBe(2);
    await pass(16_000);
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-3');
  });

  it('is not bridged past its end, nor by one that was refused, nor where the credentials are', async () => {
    const cache = open();
    await cache.get(ACCOUNT, give);
    await pass(HOUR - 200_000);
    expect(tokenOf(await open().get(ACCOUNT, async () => ({ kind: 'rejected', cause: 'wrong secret' })))).toBe(
      'rejected',
    );
    const meanwhile = open();
    const refusedMeanwhile = async () => {
      await meanwhile.drop(ACCOUNT, 'token-1');
      return fail();
    };
    expect(tokenOf(await meanwhile.get(ACCOUNT, refusedMeanwhile))).toBe('deferred');
    await pass(200_000);
    expect(tokenOf(await cache.get(ACCOUNT, fail))).toBe('deferred');
  });

  it('gives way to the next one after a refresh that threw', async () => {
    const cache = open();
    await expect(cache.get(ACCOUNT, () => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-1');
  });

  it('that was fetched by a process which died then is fetched by the next one', async () => {
    const dead = open();
    void dead.get(ACCOUNT, () => new Promise(() => asked++));
    await untilAsked(1);
    if (kind === 'mysql') {
      // Whether it lives nobody can know: until its lease ends, nothing is sent.
      expect(await open().get(ACCOUNT, give)).toMatchObject({ kind: 'deferred' });
      await pass(TOKEN_LEASE_MS);
    }
    expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-2');
  });

  it('is away with the database: the one at hand serves, and without one nothing is sent', async () => {
    const connection = await place.connect();
    const [holder, stranger] = [open({ connection }), open({ connection })];
    await holder.get(ACCOUNT, give);
    await connection.source.destroy();
    await pass(HOUR - 200_000);
    expect(tokenOf(await holder.get(ACCOUNT, give))).toBe('token-1');
    expect(await stranger.get(ACCOUNT, give)).toMatchObject({ kind: 'deferred' });
    await expect(holder.drop(ACCOUNT, 'token-1')).resolves.toBeUndefined();
    expect(await holder.get(ACCOUNT, give)).toMatchObject({ kind: 'deferred' });
    await connection.source.initialize();
    // The writer of SQLite keeps to the connection it had. The row still has the token that we know to be refused.
    if (kind === 'mysql') expect(tokenOf(await holder.get(ACCOUNT, give))).toBe('token-2');
  });

  it('leaves no rows of former versions of accounts behind for long', async () => {
    await open().get(ACCOUNT, give);
    await pass(25 * HOUR);
    await open().get('pac_B.1', give);
    const rows = await place.database.read.find(ProviderToken);
    expect(rows.map(({ accountKey }) => accountKey)).toEqual(['pac_B.1']);
  });

  if (kind === 'mysql') {
    it('of a process that came back after its lease is not the one that counts', async () => {
      let answer: (value: TokenAnswer) => void = () => undefined;
      const frozen = open().get(ACCOUNT, () => {
        asked++;
        return new Promise((resolve) => (answer = resolve));
      });
      await untilAsked(1);
      await pass(TOKEN_LEASE_MS);
      expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-2');
      answer({ kind: 'token', token: 'too late', expiresInMs: HOUR });
      expect(tokenOf(await frozen)).toBe('token-2');
      expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-2');
    });

    it('is waited for by a process that has an older one only for a moment', async () => {
      await open().get(ACCOUNT, give);
      await pass(HOUR - 200_000);
      void open().get(ACCOUNT, () => new Promise(() => asked++));
      await untilAsked(2);
      expect(tokenOf(await open().get(ACCOUNT, give))).toBe('token-1');
      expect(asked).toBe(2);
    });

    it('lives as long for a process whose clock is hours off', async () => {
      const early = new ManualTime(time.now() + 5 * HOUR);
      const late = new ManualTime(time.now() - 5 * HOUR);
      await open({ clock: early }).get(ACCOUNT, give);
      for (const clock of [early, late, time]) {
        const answer = await open({ clock }).get(ACCOUNT, give);
        expect(answer).toMatchObject({ kind: 'token', token: 'token-1' });
        expect(answer.kind === 'token' && answer.expiresInMs).toBeGreaterThan(HOUR / 2);
        expect(answer.kind === 'token' && answer.expiresInMs).toBeLessThanOrEqual(HOUR);
      }
      expect(asked).toBe(1);
    });
  }
});
