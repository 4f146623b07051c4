import { z } from 'zod';
import { startMpesaSimulator } from './index.js';
import { DirectorySchema } from './merchants.js';
import { readSettings } from './settings.js';

/**
 * The simulator as a process of its own. `PORT`, `HOST`, `DATA_DIR`, each setting in upper case (`PROMPT_DELAY_MS`),
 * `FAULTS` and `DIRECTORY` as JSON. Says on one line of standard output where it listens.
 */
async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const { PORT, HOST, DATA_DIR, FAULTS, DIRECTORY } = environment;
  const simulator = await startMpesaSimulator({
    port: PORT ? Number(PORT) : 0,
    host: HOST,
    dataDir: DATA_DIR,
    settings: readSettings(environment),
    faults: z.record(z.string(), z.unknown()).parse(JSON.parse(FAULTS || '{}')),
    directory: DIRECTORY ? DirectorySchema.parse(JSON.parse(DIRECTORY)) : undefined,
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
  // Started by a parent with a channel: its end is ours, however it came.
  if (process.channel) process.on('disconnect', stop);
  process.stdout.write(`${JSON.stringify({ ready: true, simulator: 'mpesa', baseUrl: simulator.baseUrl })}\n`);
}

main(process.env).catch((error: unknown) => {
  process.stderr.write(
    `${JSON.stringify({ ready: false, error: error instanceof Error ? error.message : String(error) })}\n`,
  );
  process.exit(1);
});
