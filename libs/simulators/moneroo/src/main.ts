import { z } from 'zod';
import { readSettings, runSimulator } from '#libs/simulators/kit';
import { DirectorySchema } from './directory.js';
import { startMonerooSimulator } from './index.js';
import { SETTINGS } from './settings.js';

/** `PORT`, `HOST`, `DATA_DIR`, each setting in upper case (`SANDBOX_METHODS`), `FAULTS` and `DIRECTORY` as JSON. */
const { PORT, HOST, DATA_DIR, FAULTS, DIRECTORY } = process.env;

runSimulator('moneroo', () =>
  startMonerooSimulator({
    port: PORT ? Number(PORT) : 0,
    host: HOST,
    dataDir: DATA_DIR,
    settings: readSettings(SETTINGS, process.env),
    faults: z.record(z.string(), z.unknown()).parse(JSON.parse(FAULTS || '{}')),
    directory: DIRECTORY ? DirectorySchema.parse(JSON.parse(DIRECTORY)) : undefined,
  }),
);
