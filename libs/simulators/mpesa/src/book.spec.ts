import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { Book, formatCents } from './book.js';
import { startMpesaSimulator } from './index.js';
import { AT_ONCE, call, Ear, fetchToken, Merchant, PAYER, post, toPassword, toPush } from './spec-support.js';

const SOURCES = ['libs/simulators/kit/src', 'libs/simulators/mpesa/src'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mpesa-simulator-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bookFile = (): string => join(folder, 'mpesa-book.jsonl');

describe('the book', () => {
  it('is the same after a restart: money, prompts, callbacks and tokens', async () => {
    const merchant = await Merchant.open({ dataDir: folder });
    const id = await merchant.pushed();
    await merchant.simulator.answer(PAYER, 'pin');
    await merchant.simulator.idle();
    const before = {
      transfers: merchant.simulator.transfers(),
      prompts: merchant.simulator.prompts(),
      callbacks: [...merchant.simulator.callbacks()],
      phone: merchant.simulator.phone(PAYER),
    };
    await merchant.close();

    const simulator = await startMpesaSimulator({ dataDir: folder, settings: AT_ONCE });
    expect({
      transfers: simulator.transfers(),
      prompts: simulator.prompts(),
      callbacks: simulator.callbacks(),
      phone: simulator.phone(PAYER),
    }).toEqual(before);
    expect(simulator.balance('174379', 'Utility Account')).toBe(15_000n);
    const body = {
      BusinessShortCode: 174379,
      Password: toPassword('174379'),
      Timestamp: '20260314153021',
      CheckoutRequestID: id,
    };
    expect((await post(`${simulator.baseUrl}/mpesa/stkpushquery/v1/query`, merchant.token, body)).json).toMatchObject({
      ResultCode: '0',
    });
    await simulator.close();
  });

  it('takes up an open prompt where it was, and a callback that was not begun', async () => {
    const merchant = await Merchant.open({ dataDir: folder, settings: { callbackDelayMs: 60_000 } });
    await merchant.pushed();
    await merchant.pushed({ PhoneNumber: '254711222333', Amount: 7 });
    await merchant.simulator.answer('254711222333', 'pin');
    while (merchant.simulator.transfers().length === 0) await new Promise(setImmediate);
    await merchant.simulator.close(); // One prompt is open; one payment has not been reported.

    const simulator = await startMpesaSimulator({ dataDir: folder, settings: AT_ONCE });
    await merchant.ear.hear(1);
    expect(simulator.phone(PAYER)?.prompt).toMatchObject({ amount: '150.00' });
    await simulator.answer(PAYER, 'pin');
    await simulator.idle();
    expect(simulator.transfers().map(({ amount }) => amount)).toEqual(['7.00', '150.00']);
    expect(merchant.ear.heard).toHaveLength(2);
    await simulator.close();
    await merchant.ear.close();
  });

  it('drops a last line that was cut short, and only that', async () => {
    const merchant = await Merchant.open({ dataDir: folder });
    await merchant.pushed();
    await merchant.close();
    const whole = readFileSync(bookFile(), 'utf8');
    appendFileSync(bookFile(), '{"kind":"ended","id":"ws_');
    const book = new Book(folder);
    expect(book.open.size).toBe(1);
    await book.close();
    expect(readFileSync(bookFile(), 'utf8')).toBe(whole);
  });

  it('does not start from a file that is damaged in the middle', () => {
    writeFileSync(bookFile(), '{"kind":"phone","msisdn":"254700000123","balance":"100"}\nnonsense\n{"kind":"reset"}\n');
    expect(() => new Book(folder)).toThrow(/damaged at line 2/);
    writeFileSync(bookFile(), '{"kind":"phone","msisdn":"254700000123","balance":"a lot"}\n');
    expect(() => new Book(folder)).toThrow();
  });

  it('stays forgotten after a reset', async () => {
    const merchant = await Merchant.open({ dataDir: folder });
    await merchant.pushed();
    merchant.simulator.reset();
    await merchant.close();
    const book = new Book(folder);
    expect([book.prompts.size, book.wallets.size, book.tokens.size]).toEqual([0, 0, 0]);
    await book.close();
  });

  it('makes no money and loses none', async () => {
    const merchant = await Merchant.open({ settings: { customerOpeningBalance: 1_000, sameAmountWindowMs: 0 } });
    const phones = ['254711000101', '254711000102', '254711000103'];
    for (let turn = 0; turn < 30; turn++) {
      const PhoneNumber = phones[turn % 3] ?? PAYER;
      await merchant.pushed({ PhoneNumber, Amount: 1 + ((turn * 37) % 200) });
      await merchant.simulator.answer(PhoneNumber, turn % 7 === 0 ? 'wrong_pin' : 'pin');
      await merchant.simulator.idle();
    }
    const wallets = phones.map((phone) => BigInt((merchant.simulator.phone(phone)?.balance ?? '').replace('.', '')));
    const held = wallets.reduce((sum, cents) => sum + cents, merchant.simulator.balance('174379', 'Utility Account'));
    expect(held).toBe(300_000n);
    expect(merchant.simulator.transfers().length).toBeGreaterThan(10);
    expect(wallets.every((cents) => cents >= 0n)).toBe(true);
    await merchant.close();
  });

  it.each([
    [0n, '0.00'],
    [5n, '0.05'],
    [15_000n, '150.00'],
    [-18_000n, '-180.00'],
  ])('writes %s hundredths as %s', (cents, text) => expect(formatCents(cents)).toBe(text));
});

describe('the simulator as a process of its own', () => {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
  });

  /** The program as it ships: plain JavaScript, started by Node. */
  function compile(): string {
    const program = join(folder, 'program');
    mkdirSync(program);
    const imports = { '#libs/*': './libs/*/src/index.js' };
    writeFileSync(join(program, 'package.json'), JSON.stringify({ type: 'module', imports }));
    symlinkSync(resolve('node_modules'), join(program, 'node_modules'));
    for (const source of SOURCES) {
      mkdirSync(join(program, source), { recursive: true });
      for (const file of readdirSync(source).filter((name) => name.endsWith('.ts') && !name.includes('spec'))) {
        const { code } = transformSync(readFileSync(join(source, file), 'utf8'), {
          jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
          module: { type: 'es6' },
        });
        writeFileSync(join(program, source, file.replace(/\.ts$/, '.js')), code);
      }
    }
    return join(program, 'libs/simulators/mpesa/src/main.js');
  }

  async function start(
    program: string,
    environment: Record<string, string> = {},
  ): Promise<{ child: ChildProcess; baseUrl: string }> {
    const settings = {
      ACCEPT_LOOPBACK_CALLBACKS: 'true',
      PROMPT_DELAY_MS: '0',
      ANSWER_DELAY_MS: '60000',
      PROCESSING_DELAY_MS: '0',
      CALLBACK_DELAY_MS: '0',
    };
    const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'data'), ...settings, ...environment };
    const child = fork(program, [], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env, execArgv: [] });
    children.push(child);
    const [line] = (await once(child.stdout ?? process.stdin, 'data')) as [Buffer];
    const said = JSON.parse(line.toString('utf8')) as { ready: boolean; baseUrl: string };
    expect(said.ready).toBe(true);
    return { child, baseUrl: said.baseUrl };
  }

  it('keeps what it answered through SIGKILL, and goes on with what was open', async () => {
    const program = compile();
    const ear = await Ear.open();
    const first = await start(program);
    const token = await fetchToken(first.baseUrl);
    const push = (baseUrl: string, changes: object): ReturnType<typeof post> =>
      post(`${baseUrl}/mpesa/stkpush/v1/processrequest`, token, toPush(ear.url, { ...changes }));
    expect((await push(first.baseUrl, { Amount: 7, PhoneNumber: '254711222333' })).status).toBe(200);
    await call(`${first.baseUrl}/_control/phones/254711222333/answer`, { method: 'POST', body: '{"action":"pin"}' });
    await ear.hear(1);
    const answer = await push(first.baseUrl, {});
    first.child.kill('SIGKILL'); // The moment the answer is here.
    await once(first.child, 'exit');

    const second = await start(program);
    const prompts = (await call(`${second.baseUrl}/_control/prompts`)).json as { checkoutRequestId: string }[];
    expect(prompts.at(-1)).toMatchObject({
      checkoutRequestId: (answer.json as { CheckoutRequestID: string }).CheckoutRequestID,
      state: 'shown',
    });
    await call(`${second.baseUrl}/_control/phones/${PAYER}/answer`, { method: 'POST', body: '{"action":"pin"}' });
    await ear.hear(2);
    expect((await call(`${second.baseUrl}/_control/transfers`)).json).toMatchObject([
      { amount: '7.00' },
      { amount: '150.00' },
    ]);
    expect(ear.heard).toHaveLength(2);
    await ear.close();
  });

  it('ends well on SIGTERM, and when the one who started it is gone', async () => {
    const program = compile();
    const first = await start(program, { FAULTS: '{"inFlight":"500"}' });
    expect((await call(`${first.baseUrl}/_control/health`)).json).toMatchObject({ simulator: 'mpesa' });
    first.child.kill('SIGTERM');
    expect(await once(first.child, 'exit')).toEqual([0, null]);
    const second = await start(program);
    second.child.disconnect();
    expect(await once(second.child, 'exit')).toEqual([0, null]);

    // Gone before it listens: a channel that closed early says nothing later.
    const env = { PATH: process.env['PATH'] ?? '', DATA_DIR: join(folder, 'data') };
    const third = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env, execArgv: [] });
    children.push(third);
    third.disconnect();
    expect(await once(third, 'exit')).toEqual([0, null]);
  });
});
