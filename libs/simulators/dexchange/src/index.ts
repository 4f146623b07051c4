import {
  startSimulator,
  type Action,
  type RunningSimulator,
  type SimulatorOptions,
  type WebhookRecord,
} from '#libs/simulators/kit';
import type { WebhookEntry } from './book.js';
import type { DirectoryInput } from './directory.js';
import type { FaultValues } from './faults.js';
import { DOORS } from './server.js';
import type { SettingValues } from './settings.js';
import { Simulator } from './simulator.js';
import { toTransactionView, toTransferView, type TransferView } from './views.js';

export type { Action, DirectoryInput, FaultValues, SettingValues, TransferView };
export { DEFAULT_DIRECTORY } from './directory.js';

/** How to start a simulated DExchange. The directory holds the merchants and their keys. */
export type DexchangeSimulatorOptions = SimulatorOptions<SettingValues, FaultValues, DirectoryInput>;

/** A simulated DExchange that listens, and what a test in the same process may do with it without HTTP. */
export interface DexchangeSimulator extends RunningSimulator<SettingValues, FaultValues> {
  /** The book of money, as `GET /_control/transfers` shows it. */
  transfers(): TransferView[];
  /** Every collection, payout and link that was ever taken. */
  transactions(): ReturnType<typeof toTransactionView>[];
  /** Every webhook, with each of its tries. */
  webhooks(): readonly WebhookRecord<WebhookEntry>[];
  /** Answers the open collection or link of this phone, waiting for it up to `waitMs`. Throws where there is none. */
  answer(phone: string, action: Action, waitMs?: number): Promise<void>;
  /** Puts the clock forward: what is due by then happens at once. */
  advance(byMs: number): void;
}

/** Starts a server that behaves as DExchange does. Resolves when it listens. */
export async function startDexchangeSimulator(options: DexchangeSimulatorOptions = {}): Promise<DexchangeSimulator> {
  const simulator = new Simulator(options);
  const { book, time } = simulator.world;
  return {
    ...(await startSimulator(simulator, DOORS, options)),
    transfers: () => book.transfers().map(toTransferView),
    transactions: () => [...book.transactions.values()].map(toTransactionView),
    webhooks: () => book.webhooks.all,
    answer: async (phone, action, waitMs) => {
      if (!(await simulator.answer(phone, action, waitMs))) throw new Error(`Nothing waits for phone ${phone}`);
    },
    advance: (byMs) => time.advance(byMs),
  };
}
