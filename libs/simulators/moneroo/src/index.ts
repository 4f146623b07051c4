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
export { DEFAULT_DIRECTORY, DEFAULT_WEBHOOK_SECRET } from './directory.js';

/** How to start a simulated Moneroo. The directory holds the apps, their keys and their webhooks. */
export type MonerooSimulatorOptions = SimulatorOptions<SettingValues, FaultValues, DirectoryInput>;

/** A simulated Moneroo that listens, and what a test in the same process may do with it without HTTP. */
export interface MonerooSimulator extends RunningSimulator<SettingValues, FaultValues> {
  /** The book of money, as `GET /_control/transfers` shows it. */
  transfers(): TransferView[];
  /** Every payment and payout that was ever taken. */
  transactions(): ReturnType<typeof toTransactionView>[];
  /** Every webhook, with each of its tries. */
  webhooks(): readonly WebhookRecord<WebhookEntry>[];
  /** Answers the open payment that names this phone, waiting for it up to `waitMs`. Throws where there is none. */
  answer(phone: string, action: Action, waitMs?: number): Promise<void>;
}

/** Starts a server that behaves as Moneroo does. Resolves when it listens. */
export async function startMonerooSimulator(options: MonerooSimulatorOptions = {}): Promise<MonerooSimulator> {
  const simulator = new Simulator(options);
  const { book } = simulator.world;
  return {
    ...(await startSimulator(simulator, DOORS, options)),
    transfers: () => book.transfers().map(toTransferView),
    transactions: () => [...book.transactions.values()].map(toTransactionView),
    webhooks: () => book.webhooks.all,
    answer: async (phone, action, waitMs) => {
      const outcome = await simulator.answer(phone, action, waitMs);
      if (typeof outcome === 'string') throw new Error(`Phone ${phone} cannot answer: ${outcome}`);
    },
  };
}
