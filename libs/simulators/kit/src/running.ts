import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Controlled } from './control-common.js';
import { createSimulatorServer, type Doors, type Served } from './server.js';
import type { KeptBook, WorldParts } from './world.js';

/** How to start a simulator that listens. */
export interface SimulatorOptions<Settings, Faults, Directory> extends Omit<
  WorldParts<Directory>,
  'settings' | 'faults'
> {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Loopback by default. */
  readonly host?: string;
  readonly settings?: Partial<Settings>;
  readonly faults?: Partial<Faults>;
}

/** A simulator that listens, and what a test in the same process may do with every one without HTTP. */
export interface RunningSimulator<Settings, Faults> {
  readonly baseUrl: string;
  readonly port: number;
  /** Throws a RangeError on a name or value that does not exist. */
  setFaults(faults: Partial<Faults>): void;
  clearFaults(): void;
  /** Throws a RangeError on a name or value that does not exist. */
  setSettings(settings: Partial<Settings>): void;
  /** Waits until nothing is under way; false where that took longer than `waitMs`. */
  idle(waitMs?: number): Promise<boolean>;
  reset(): void;
  close(): Promise<void>;
}

/** A simulator that can be started. */
export interface Startable extends Controlled, Served {
  readonly world: Controlled['world'] & { readonly book: KeptBook; baseUrl: string };
  /** It listens: goes on with what an earlier run left. */
  resume(): void;
  /** The end: nothing more happens by itself. */
  close(): void;
}

/** Opens the doors of a simulator. Resolves when it listens. */
export async function startSimulator<S extends Startable, Settings extends object, Faults extends object>(
  simulator: S,
  doors: Doors<S>,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string },
): Promise<RunningSimulator<Settings, Faults>> {
  const { book, faults, settings } = simulator.world;
  const server = createSimulatorServer(simulator, doors);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    simulator.close();
    await book.close();
    throw error;
  }
  const address = server.address() as AddressInfo;
  const baseUrl = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${address.port}`;
  simulator.world.baseUrl = baseUrl;
  simulator.resume();
  return {
    baseUrl,
    port: address.port,
    setFaults: (changes) => orThrow(faults.set({ ...changes })),
    clearFaults: () => void faults.clear(),
    setSettings: (changes) => orThrow(settings.set({ ...changes })),
    idle: (waitMs = 10_000) => simulator.world.watch.until(() => simulator.isIdle, waitMs),
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

/** Turns the problems of a board of switches into the error that is in them, if any. */
export function orThrow(problems: readonly string[]): void {
  if (problems.length > 0) throw new RangeError(problems.join('; '));
}
