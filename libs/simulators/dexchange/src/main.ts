import { z } from 'zod';
import { readSettings, runSimulator } from '#libs/simulators/kit';
import { DirectorySchema } from './directory.js';
import { startDexchangeSimulator } from './index.js';
import { SETTINGS } from './settings.js';

/** `PORT`, `HOST`, `DATA_DIR`, each setting in upper case (`LINK_ENVELOPE`), `FAULTS` and `DIRECTORY` as JSON. */
const { PORT, HOST, DATA_DIR, FAULTS, DIRECTORY } = process.env;

runSimulator('dexchange', () =>
  startDexchangeSimulator({
    port: PORT ? Number(PORT) : 0,
    host: HOST,
    dataDir: DATA_DIR,
    settings: readSettings(SETTINGS, process.env),
    faults: z.record(z.string(), z.unknown()).parse(JSON.parse(FAULTS || '{}')),
    directory: DIRECTORY ? DirectorySchema.parse(JSON.parse(DIRECTORY)) : undefined,
  }),
);
