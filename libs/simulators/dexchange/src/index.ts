import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SimulatorTime } from '#libs/simulators/kit';
import type { WebhookRecord } from './book.js';
import type { DirectoryInput } from './directory.js';
import type { FaultValues } from './faults.js';
import { createSimulatorServer } from './server.js';
import type { SettingValues } from './settings.js';
import { Simulator } from './simulator.js';
import type { Action } from './timeline.js';
import { toTransactionView, toTransferView, type TransferView } from './views.js';

export type { Action, DirectoryInput, FaultValues, SettingValues, TransferView, WebhookRecord };
export { DEFAULT_DIRECTORY } from './directory.js';

/** How to start a simulated DExchange. */
export interface DexchangeSimulatorOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Loopback by default. */
  readonly host?: string;
  /** The folder of the book. Without it the book lives in memory and is forgotten at `close()`. */
  readonly dataDir?: string;
  readonly settings?: Partial<SettingValues>;
  readonly faults?: Partial<FaultValues>;
  /** The merchants and their keys; one demo merchant by default. */
  readonly directory?: DirectoryInput;
  /** Clock and timers; the system's by default. */
  readonly time?: SimulatorTime;
  /** Where chance comes from, in [0, 1): faults by percentage. */
  readonly random?: () => number;
}

/** A simulated DExchange that listens, and what a test in the same process may do with it without HTTP. */
export interface DexchangeSimulator {
  readonly baseUrl: string;
  readonly port: number;
  /** The book of money, as `GET /_control/transfers` shows it. */
  transfers(): TransferView[];
  /** Every collection, payout and link that was ever taken. */
  transactions(): ReturnType<typeof toTransactionView>[];
  /** Every webhook, with each of its tries. */
  webhooks(): readonly WebhookRecord[];
  /** Throws a RangeError on a name or value that does not exist. */
  setFaults(faults: Partial<FaultValues>): void;
  clearFaults(): void;
  setSettings(settings: Partial<SettingValues>): void;
  /** Answers the open collection or link of this phone, waiting for it up to `waitMs`. Throws where there is none. */
  answer(phone: string, action: Action, waitMs?: number): Promise<void>;
  /** Puts the clock forward: what is due by then happens at once. */
  advance(byMs: number): void;
  /** Waits until nothing is under way; false where that took longer than `waitMs`. */
  idle(waitMs?: number): Promise<boolean>;
  reset(): void;
  close(): Promise<void>;
}

/** Starts a server that behaves as DExchange does. Resolves when it listens. */
export async function startDexchangeSimulator(options: DexchangeSimulatorOptions = {}): Promise<DexchangeSimulator> {
  const simulator = new Simulator(options);
  const { world } = simulator;
  const { book, faults, settings } = world;
  const server = createSimulatorServer(simulator);
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    simulator.close();
    await book.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  world.baseUrl = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  simulator.resume();
  const change = (problems: string[]): void => {
    if (problems.length > 0) throw new RangeError(problems.join('; '));
  };
  return {
    baseUrl: world.baseUrl,
    port,
    transfers: () => book.transfers().map(toTransferView),
    transactions: () => [...book.transactions.values()].map(toTransactionView),
    webhooks: () => book.webhooks,
    setFaults: (changes) => change(faults.set(changes)),
    clearFaults: () => void faults.clear(),
    setSettings: (changes) => change(settings.set(changes)),
    answer: async (phone, action, waitMs) => {
      if (!(await simulator.answer(phone, action, waitMs))) throw new Error(`Nothing waits for phone ${phone}`);
    },
    advance: (byMs) => world.time.advance(byMs),
    idle: (waitMs = 10_000) => simulator.watch.until(() => simulator.isIdle, waitMs),
    reset: () => simulator.reset(),
    close: async () => {
      simulator.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await book.close();
    },
  };
}
