import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { systemSeams } from '../config/config.module.js';
import { SettingsError, type Settings } from '../config/settings.js';
import { DataFolderInUseError, lockDatabaseFile } from '../database/process-lock.js';
import { Problem } from '../http/problem.js';
import { scrub } from '../logging/scrub.js';
import { AdminModule } from './admin.module.js';
import { Arguments, UsageError } from './arguments.js';
import { COMMANDS, type AdminAnswer, type Command } from './commands.js';
import { describeCommand, describeCommands } from './help.js';

/** What the command line reads and writes. */
export interface AdminTerminal {
  /** Throws a SettingsError. Called only by commands that need the database. */
  readonly readSettings: () => Settings;
  /** The answer, and nothing else. */
  readonly out: (text: string) => void;
  /** Progress and complaints. */
  readonly err: (text: string) => void;
}

/** The exit codes, as the help lists them. */
export const EXIT = { done: 0, failed: 1, usage: 2, inUse: 3 } as const;

/** Runs one admin command. Answers the exit code; never throws. */
export async function runAdmin(words: readonly string[], terminal: AdminTerminal): Promise<number> {
  try {
    return await dispatch(words, terminal);
  } catch (error) {
    return complain(error, terminal);
  }
}

async function dispatch([name, ...rest]: readonly string[], terminal: AdminTerminal): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const about = rest[0];
    terminal.out(about === undefined ? describeCommands() : describeCommand(about, findCommand(about)));
    return EXIT.done;
  }
  const command = findCommand(name);
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(describeCommand(name, command));
    return EXIT.done;
  }
  const given = Arguments.parse(rest, { ...command.options, json: { help: '' } });
  const answer = await runOnDatabase(command, given, terminal);
  terminal.out(given.has('json') ? JSON.stringify(answer.data, undefined, 2) : answer.text);
  return answer.failed ? EXIT.failed : EXIT.done;
}

function findCommand(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`There is no command ${name}.`);
  return command;
}

async function runOnDatabase(command: Command, given: Arguments, terminal: AdminTerminal): Promise<AdminAnswer> {
  const settings = terminal.readSettings();
  const unlock = settings.database.kind === 'sqlite' ? lockDatabaseFile(settings.database.file) : () => undefined;
  try {
    const app = await NestFactory.createApplicationContext(AdminModule.with(settings, systemSeams()), {
      abortOnError: false,
      // What goes wrong is told once, below; the rest of standard output and error is the command's.
      logger: false,
    });
    try {
      return await command.run({ app, say: terminal.err }, given);
    } finally {
      await app.close();
    }
  } finally {
    unlock();
  }
}

function complain(error: unknown, { err }: AdminTerminal): number {
  if (error instanceof UsageError) {
    err(`${error.message}\nSee: npm run admin -- help`);
    return EXIT.usage;
  }
  if (error instanceof DataFolderInUseError) {
    err(
      'A gateway is running on this SQLite database, which serves one process. Either ask that gateway, with a platform ' +
        'key or a key that has keys:write (POST /v1/merchants, POST /v1/api-keys, DELETE /v1/api-keys/{id}), or stop it, ' +
        'run this command again, and start it.',
    );
    return EXIT.inUse;
  }
  if (error instanceof Problem) err(error.detail);
  else if (error instanceof SettingsError) err(error.message);
  else err(`This went wrong: ${describe(error)}`);
  return EXIT.failed;
}

// An address that was tried as IPv4 and IPv6 leaves its reasons in the parts.
function describe(error: unknown): string {
  const parts = error instanceof AggregateError ? error.errors : [error];
  return parts.map((part) => String(scrub(part instanceof Error ? part.message : String(part)))).join('; ');
}
