import {
  startSimulator,
  type Action,
  type Answer,
  type Delivery,
  type Reply,
  type Request,
  type RunningSimulator,
  type SimulatorOptions,
  type SimulatorTime,
} from '#libs/simulators/kit';
import type { NoAnswer } from './timeline.js';
import type { FaultValues } from './faults.js';
import type { DirectoryInput } from './merchants.js';
import {
  toPhoneView,
  toPromptView,
  toTransferView,
  type PhoneView,
  type PromptView,
  type TransferView,
} from './phones.js';
import { DOORS } from './server.js';
import type { SettingValues } from './settings.js';
import { Simulator } from './simulator.js';
import { UTILITY, type CallbackRecord } from './book.js';
import type { Claims, Post } from './callbacks.js';
import { toOrderView, type OrderView } from './desk.js';
import type { Message } from './message.js';

export type {
  Action,
  Answer,
  Claims,
  Message,
  NoAnswer,
  Post,
  Reply,
  Request,
  CallbackRecord,
  Delivery,
  DirectoryInput,
  FaultValues,
  OrderView,
  PhoneView,
  PromptView,
  SettingValues,
  SimulatorTime,
  TransferView,
};
export { SIMULATOR_CERTIFICATE } from './credential.js';
export { DEFAULT_DIRECTORY } from './merchants.js';
export { openMpesaWithoutSockets, type SocketlessMpesa } from './socketless.js';

/** How to start a simulated M-Pesa. The directory holds the apps and merchants; the published sandbox and a till by default. */
export type MpesaSimulatorOptions = SimulatorOptions<SettingValues, FaultValues, DirectoryInput>;

/** A simulated M-Pesa that listens, and what a test in the same process may do with it without HTTP. */
export interface MpesaSimulator extends RunningSimulator<SettingValues, FaultValues> {
  /** The book of money, as `GET /_control/transfers` shows it. */
  transfers(): TransferView[];
  /** Every push that was ever taken; `shownAt` is null where no prompt reached a phone. */
  prompts(): PromptView[];
  /** Every payout, reversal and question that was ever taken. */
  orders(): OrderView[];
  /** Every callback that was sent or dropped. */
  callbacks(): readonly CallbackRecord[];
  phone(msisdn: string): PhoneView | undefined;
  /** What is in an account of a merchant, in hundredths of a shilling. */
  balance(shortcode: string, account: string): bigint;
  /** Sets what a merchant can pay out, in hundredths of a shilling. */
  setFloat(shortcode: string, balance: bigint): void;
  /** Answers the prompt on that phone, waiting for it up to `waitMs`. Throws where there is none to answer. */
  answer(msisdn: string, action: Action, waitMs?: number): Promise<PromptView>;
  /** Sends any body to any address, as a forger would. */
  sendCallback(message: { url: string; body: string; headers?: Readonly<Record<string, string>> }): Promise<Delivery>;
  expireTokens(): void;
}

/** Starts a server that behaves as Safaricom's Daraja does. Resolves when it listens. */
export async function startMpesaSimulator(options: MpesaSimulatorOptions = {}): Promise<MpesaSimulator> {
  const simulator = new Simulator(options);
  const { book } = simulator.world;
  return {
    ...(await startSimulator(simulator, DOORS, options)),
    transfers: () => book.transfers.map(toTransferView),
    prompts: () => [...book.prompts.values()].map(toPromptView),
    orders: () => [...book.orders.values()].map(toOrderView),
    callbacks: () => book.callbacks,
    phone: (msisdn) => {
      const wallet = book.wallets.get(msisdn);
      return wallet && toPhoneView(simulator.world, wallet);
    },
    balance: (shortcode, account) => book.balanceOf(shortcode, account),
    setFloat: (shortcode, balance) => book.record({ kind: 'accountSet', shortcode, account: UTILITY, balance }),
    answer: async (msisdn, action, waitMs) => {
      const outcome = await simulator.answer(msisdn, action, waitMs);
      if (typeof outcome === 'string') throw new Error(`Phone ${msisdn} cannot answer: ${outcome}`);
      return toPromptView(outcome);
    },
    sendCallback: (message) => simulator.send(message),
    expireTokens: () => book.record({ kind: 'tokensEnded' }),
  };
}
