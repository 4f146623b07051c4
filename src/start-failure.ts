import { SettingsError, type Settings } from './config/settings.js';
import { UnsafeTimingError } from './transactions/lease-timing.js';
import { UnusableDatabaseError } from './database/database-errors.js';
import { DataFolderInUseError } from './database/process-lock.js';
import { SimulatorStartError } from './first-run/simulator-process.js';
import { UnusableRedisError } from './redis/redis-link.js';
import { Problem } from './http/problem.js';

// What the operating system and MySQL's driver say where the operator, not we, must act.
const DATABASE_CODES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there. Is the server running?',
  ECONNRESET: 'the connection was cut.',
  ENOTFOUND: 'there is no such host.',
  EAI_AGAIN: 'the name of the host cannot be looked up.',
  ETIMEDOUT: 'the server does not answer.',
  EHOSTUNREACH: 'there is no way to that host.',
  ER_ACCESS_DENIED_ERROR: 'the user name or password is wrong.',
  ER_DBACCESS_DENIED_ERROR: 'the user may not use that database.',
  ER_BAD_DB_ERROR: 'there is no such database. Make it with: CREATE DATABASE <name> CHARACTER SET utf8mb4',
  ER_CON_COUNT_ERROR: 'the server has no connection left.',
  HANDSHAKE_NO_SSL_SUPPORT: 'the server offers no TLS.',
};

const FOLDER_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'ENOTDIR', 'EEXIST'];

/** What the operator must do about a start that failed; undefined where the fault is ours, and a stack tells more. */
export function explainStartFailure(error: unknown, settings: Settings | undefined): string | undefined {
  if (
    error instanceof SettingsError ||
    error instanceof DataFolderInUseError ||
    error instanceof UnusableDatabaseError ||
    error instanceof UnusableRedisError ||
    error instanceof UnsafeTimingError ||
    error instanceof SimulatorStartError
  ) {
    return error.message;
  }
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, path } = readSystemError(error);
  if (path !== undefined && FOLDER_CODES.includes(code)) {
    return `The data folder cannot be used: ${error.message}. MALIPO_DATA_DIR chooses another.`;
  }
  if (!settings) return undefined;
  if (syscall === 'listen') return explainListen(code, settings);
  if (settings.database.kind === 'mysql' && DATABASE_CODES[code] !== undefined) {
    const { hostname, port, pathname } = new URL(settings.database.url);
    return `The database ${pathname.slice(1)} at ${hostname}:${port || '3306'} (DATABASE_URL) cannot be used: ${DATABASE_CODES[code]}`;
  }
  // The simulators are on loopback, so an egress list without it leaves their accounts unusable.
  if (error instanceof Problem && error.code === 'url_not_allowed') {
    return (
      'MALIPO_EGRESS_ALLOW must contain 127.0.0.0/8 while the simulators run. ' +
      'Add it, or start without them: MALIPO_SIMULATORS=off'
    );
  }
  return undefined;
}

function explainListen(code: string, { port, host }: Settings): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} of ${host} is taken by another program. Choose another one, for instance: PORT=${port + 1} npm start`;
  }
  if (code === 'EACCES') return `Port ${port} may not be used without more rights. Choose one above 1023 with PORT.`;
  return `The gateway cannot listen on port ${port} of ${host} (${code}). PORT and HOST choose where.`;
}

function readSystemError(error: Error): { code: string; syscall?: string; path?: string } {
  return {
    code: 'code' in error ? String(error.code) : '',
    ...('syscall' in error && { syscall: String(error.syscall) }),
    ...('path' in error && { path: String(error.path) }),
  };
}
