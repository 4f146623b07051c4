import { readOwnSettings } from '../config/settings.js';
import { runAdmin } from './admin.js';

process.exitCode = await runAdmin(process.argv.slice(2), {
  readSettings: readOwnSettings,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
