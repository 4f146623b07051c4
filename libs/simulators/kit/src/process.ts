import { z } from 'zod';
import { readSettings } from './settings.js';
import type { SwitchTable } from './switches.js';

/** A simulator that listens, as far as its process cares. */
interface Running {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** What the environment can say about a simulator. */
interface Start<Directory> {
  readonly port: number;
  readonly host: string | undefined;
  readonly dataDir: string | undefined;
  readonly settings: Record<string, unknown>;
  readonly faults: Record<string, unknown>;
  readonly directory: Directory | undefined;
}

/** A simulator that can be started from the environment. */
export interface SimulatorProgram<Directory> {
  readonly name: string;
  readonly settings: SwitchTable;
  readonly directory: z.ZodType<Directory>;
  readonly start: (options: Start<Directory>) => Promise<Running>;
}

/**
 * A simulator as a process of its own, by `PORT`, `HOST`, `DATA_DIR`, each setting in upper case (`PROMPT_DELAY_MS`),
 * `FAULTS` and `DIRECTORY` as JSON. Says on one line of standard output where it listens, or on standard error why it
 * does not; ends on SIGTERM, SIGINT, and when the parent's channel closes.
 */
export function runSimulator<Directory>(program: SimulatorProgram<Directory>): void {
  run(program).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${JSON.stringify({ ready: false, error: reason })}\n`);
    process.exit(1);
  });
}

async function run<Directory>({ name, settings, directory, start }: SimulatorProgram<Directory>): Promise<void> {
  const { PORT, HOST, DATA_DIR, FAULTS, DIRECTORY } = process.env;
  const simulator = await start({
    port: PORT ? Number(PORT) : 0,
    host: HOST,
    dataDir: DATA_DIR,
    settings: readSettings(settings, process.env),
    faults: z.record(z.string(), z.unknown()).parse(JSON.parse(FAULTS || '{}')),
    directory: DIRECTORY ? directory.parse(JSON.parse(DIRECTORY)) : undefined,
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // Not exit(0) at once: what was promised is still being written.
    simulator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Started by a parent with a channel: its end is ours, however it came, and were it before we listened.
  process.on('disconnect', stop);
  if (process.send !== undefined && !process.connected) return stop();
  process.stdout.write(`${JSON.stringify({ ready: true, simulator: name, baseUrl: simulator.baseUrl })}\n`);
}
