import { COMMANDS, type Command } from './commands.js';
import { toTable } from './table.js';

const CALL = 'npm run admin --';

/** The help of everything. */
export function describeCommands(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [`  ${name}`, summary]);
  return `Manage merchants, keys and the database from the server itself.

Usage: ${CALL} <command> [options] [--json]

${toTable(['Commands', ''], [...commands, ['  help [command]', 'Explain all commands, or one with its options.']])}

--json prints the answer as JSON, in the shapes of the API; with \`npm run --silent admin -- …\` there is nothing else
on standard output. Progress and complaints go to standard error.
The settings are those of the gateway: environment variables such as DATABASE_URL, MALIPO_DATA_DIR, MALIPO_SECRET_KEY.

Exit codes: 0 done · 1 failed · 2 wrong command line · 3 the SQLite database is in use by a running gateway`;
}

/** The help of one command. */
export function describeCommand(name: string, { summary, details, options }: Command): string {
  const usage = Object.entries(options).map(([option, { value, required }]) => {
    const word = value === undefined ? `--${option}` : `--${option} ${value}`;
    return required ? word : `[${word}]`;
  });
  const rows = Object.entries(options).map(([option, { value, help }]) => [`  --${option} ${value ?? ''}`, help]);
  return [
    summary,
    `Usage: ${[CALL, name, ...usage, '[--json]'].join(' ')}`,
    ...(details === undefined ? [] : [details]),
    toTable(['Options', ''], [...rows, ['  --json', 'Print the answer as JSON.']]),
  ].join('\n\n');
}
