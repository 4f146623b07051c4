import { runSimulator } from '#libs/simulators/kit';
import { startMpesaSimulator } from './index.js';
import { DirectorySchema } from './merchants.js';
import { SETTINGS } from './settings.js';

runSimulator({ name: 'mpesa', settings: SETTINGS, directory: DirectorySchema, start: startMpesaSimulator });
