import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SimulatorTime, Delivery } from '#libs/simulators/kit';
import type { Action, NoAnswer } from './timeline.js';
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
import { createSimulatorServer } from './server.js';
import type { SettingValues } from './settings.js';
import { Simulator } from './simulator.js';
import { UTILITY, type CallbackRecord } from './book.js';
import type { Claims, Post } from './callbacks.js';
import { toOrderView, type OrderView } from './desk.js';
import type { Message } from './message.js';
import type { Answer, Reply, Request } from '#libs/simulators/kit';

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

/** How to start a simulated M-Pesa. */
export interface MpesaSimulatorOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Loopback by default. */
  readonly host?: string;
  /** The folder of the book. Without it the book lives in memory and is forgotten at `close()`. */
  readonly dataDir?: string;
  readonly settings?: Partial<SettingValues>;
  readonly faults?: Partial<FaultValues>;
  /** The apps and merchants; the published sandbox and a till by default. */
  readonly directory?: DirectoryInput;
  /** Clock and timers; the system's by default. */
  readonly time?: SimulatorTime;
  /** Where chance comes from, in [0, 1): faults by percentage and the silence of the test number. */
  readonly random?: () => number;
}

/** A simulated M-Pesa that listens, and what a test in the same process may do with it without HTTP. */
export interface MpesaSimulator {
  readonly baseUrl: string;
  readonly port: number;
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
  /** Throws a RangeError on a name or value that does not exist. */
  setFaults(faults: Partial<FaultValues>): void;
  clearFaults(): void;
  setSettings(settings: Partial<SettingValues>): void;
  /** Answers the prompt on that phone, waiting for it up to `waitMs`. Throws where there is none to answer. */
  answer(msisdn: string, action: Action, waitMs?: number): Promise<PromptView>;
  /** Sends any body to any address, as a forger would. */
  sendCallback(message: { url: string; body: string; headers?: Readonly<Record<string, string>> }): Promise<Delivery>;
  expireTokens(): void;
  /** Waits until no prompt and no order is open and no callback is on its way; false where that took longer than `waitMs`. */
  idle(waitMs?: number): Promise<boolean>;
  reset(): void;
  close(): Promise<void>;
}

/** Starts a server that behaves as Safaricom's Daraja does. Resolves when it listens. */
export async function startMpesaSimulator(options: MpesaSimulatorOptions = {}): Promise<MpesaSimulator> {
  const simulator = new Simulator(options);
  const { book, faults, settings } = simulator.world;
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
  const change = (problems: string[]): void => {
    if (problems.length > 0) throw new RangeError(problems.join('; '));
  };
  return {
    baseUrl: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
    port,
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
    setFaults: (changes) => change(faults.set(changes)),
    clearFaults: () => void faults.clear(),
    setSettings: (changes) => change(settings.set(changes)),
    answer: async (msisdn, action, waitMs) => {
      const outcome = await simulator.answer(msisdn, action, waitMs);
      if (typeof outcome === 'string') throw new Error(`Phone ${msisdn} cannot answer: ${outcome}`);
      return toPromptView(outcome);
    },
    sendCallback: (message) => simulator.send(message),
    expireTokens: () => book.record({ kind: 'tokensEnded' }),
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
