import { runSimulator } from '#libs/simulators/kit';
import { DirectorySchema } from './directory.js';
import { startMonerooSimulator } from './index.js';
import { SETTINGS } from './settings.js';

runSimulator({ name: 'moneroo', settings: SETTINGS, directory: DirectorySchema, start: startMonerooSimulator });
