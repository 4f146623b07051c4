import { runSimulator } from '#libs/simulators/kit';
import { DirectorySchema } from './directory.js';
import { startDexchangeSimulator } from './index.js';
import { SETTINGS } from './settings.js';

runSimulator({ name: 'dexchange', settings: SETTINGS, directory: DirectorySchema, start: startDexchangeSimulator });
