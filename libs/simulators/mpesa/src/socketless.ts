import { orThrow, type Delivery, type Reply, type Request } from '#libs/simulators/kit';
import type { Claims } from './callbacks.js';
import type { FaultValues } from './faults.js';
import { toOrderView, type OrderView } from './desk.js';
import { toPromptView, toTransferView, type PromptView, type TransferView } from './phones.js';
import { callApi } from './server.js';
import type { SettingValues } from './settings.js';
import { Simulator, type MpesaParts } from './simulator.js';

/**
 * The same simulated M-Pesa without sockets, for one who owns time, chance and the network and carries each message
 * himself. Nothing in it happens by the machine's clock or randomness if `time`, `random` and `post` are given.
 */
export interface SocketlessMpesa {
  /** Answers one call of Daraja's API. The caller keeps the answer for `delayMs` and then runs `afterwards`. */
  call(request: Request): Promise<Reply>;
  transfers(): TransferView[];
  prompts(): PromptView[];
  orders(): OrderView[];
  /** Throws a RangeError on a name or value that does not exist. */
  setFaults(faults: Partial<FaultValues>): void;
  setSettings(settings: Partial<SettingValues>): void;
  expireTokens(): void;
  /** Sends a callback about one of its pushes that claims something else; undefined where there is no such push. */
  forge(checkoutRequestId: string, claims: Claims): Promise<Delivery> | undefined;
  close(): void;
}

/** Opens a simulated M-Pesa that listens nowhere. */
export function openMpesaWithoutSockets(parts: MpesaParts): SocketlessMpesa {
  const simulator = new Simulator(parts);
  const { book, faults, settings } = simulator.world;
  simulator.resume();
  return {
    call: (request) => callApi(simulator, request),
    transfers: () => book.transfers.map(toTransferView),
    prompts: () => [...book.prompts.values()].map(toPromptView),
    orders: () => [...book.orders.values()].map(toOrderView),
    setFaults: (changes) => orThrow(faults.set(changes)),
    setSettings: (changes) => orThrow(settings.set(changes)),
    expireTokens: () => book.record({ kind: 'tokensEnded' }),
    forge: (checkoutRequestId, claims) => simulator.forge(checkoutRequestId, claims),
    close: () => simulator.close(),
  };
}
