import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import ipaddr from 'ipaddr.js';
import { readSmtp, type SmtpSettings } from './mail-settings.js';

/** Everything that an operator decides, checked once at start. */
export interface Settings {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Where customers and providers reach this gateway; no trailing slash. */
  readonly publicUrl: string;
  readonly database: DatabaseSettings;
  /** Undefined where this process shares nothing with others. */
  readonly redisUrl: string | undefined;
  readonly role: Role;
  readonly secretKeys: SecretKeys;
  /** CIDR ranges that our outgoing requests may reach although they are private. */
  readonly egressAllow: readonly string[];
  /** CIDR ranges of the proxies that are believed about their clients' addresses. */
  readonly trustedProxies: readonly string[];
  readonly simulators: boolean;
  /** Undefined where e-mails are kept and shown, and not sent. */
  readonly smtp: SmtpSettings | undefined;
  /** How long we wait for word of something that nobody can look up, after the customer's prompt has ended. */
  readonly unconfirmedMs: number;
  /** How long events stay in the list; longer than anything is delivered or recovered. */
  readonly eventsKeptMs: number;
  /** How long e-mails stay in the log after they were written and last sent. */
  readonly emailsKeptMs: number;
  readonly logLevel: string;
  /** Requests a second that one API key may make, on average; 0 for no limit. */
  readonly rateLimit: number;
  /** WebSockets that one API key may hold open in one process. */
  readonly realtimeSockets: number;
  /** What `GET /metrics` asks for; undefined where it is open. */
  readonly metricsToken: string | undefined;
}

export type Role = 'all' | 'api' | 'worker';

export type DatabaseSettings =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'mysql'; readonly url: string; readonly poolSize: number };

/** Keys that seal credentials at rest: new records use `current`, old ones open with any. 32 bytes each. */
export interface SecretKeys {
  readonly current: Buffer;
  readonly previous: readonly Buffer[];
}

type Environment = Readonly<Record<string, string | undefined>>;

interface SettingRow {
  readonly name: string;
  readonly default: string;
  readonly description: string;
}

/** The settings as documentation: `docs/settings.md` and the README's table are made from this list. */
export const SETTING_ROWS: readonly SettingRow[] = [
  { name: 'PORT', default: '3000', description: 'Port of the API.' },
  { name: 'HOST', default: '127.0.0.1; 0.0.0.0 in production', description: 'Address to listen on.' },
  {
    name: 'MALIPO_DATA_DIR',
    default: './data',
    description: 'Folder for the embedded database, the generated key and the simulators.',
  },
  {
    name: 'MALIPO_PUBLIC_URL',
    default: 'http://127.0.0.1:$PORT',
    description: 'Where providers and customers reach the gateway. Required and https in production.',
  },
  {
    name: 'DATABASE_URL',
    default: 'sqlite:$MALIPO_DATA_DIR/malipo.db',
    description:
      '`sqlite:<file>` for one process, `mysql://user:password@host:port/name` (MySQL 8.4, MariaDB 10.6 or newer) for many.',
  },
  {
    name: 'DATABASE_POOL_SIZE',
    default: '16',
    description: 'Connections to MySQL or MariaDB, 2 to 200. Four more carry batches.',
  },
  {
    name: 'REDIS_URL',
    default: 'none',
    description:
      '`redis://user:password@host:port/number`, or `rediss://` for TLS; must run with `maxmemory-policy noeviction`. ' +
      'Carries news of due jobs between processes and holds nothing that cannot be lost. Without it workers look into the database every second.',
  },
  {
    name: 'MALIPO_ROLE',
    default: 'all',
    description:
      '`all`; `api` serves requests and runs no jobs; `worker` runs jobs and serves `/health` only. ' +
      '`api` and `worker` need MySQL or MariaDB, and should have the same REDIS_URL.',
  },
  {
    name: 'MALIPO_SECRET_KEY',
    default: 'generated into the data folder outside production',
    description: '32 random bytes in base64 or hex that seal credentials at rest. Required in production.',
  },
  {
    name: 'MALIPO_SECRET_KEY_PREVIOUS',
    default: 'none',
    description:
      'Older keys, separated by commas, that still open what they sealed; see `npm run admin -- rotate-secret-key`.',
  },
  {
    name: 'MALIPO_EGRESS_ALLOW',
    default: 'loopback while the simulators run, else none',
    description: 'CIDR ranges, separated by commas, that webhooks may reach although they are private.',
  },
  {
    name: 'MALIPO_TRUSTED_PROXIES',
    default: 'none',
    description:
      'Addresses or CIDR ranges, separated by commas, of the reverse proxies in front: what they say in `X-Forwarded-For` is ' +
      'taken for the client’s address. Nobody else is believed.',
  },
  {
    name: 'SMTP_URL',
    default: 'none: e-mails are kept and shown, not sent',
    description:
      '`smtp://user:password@host:port` (STARTTLS, which must be offered in production unless the server is on loopback), or `smtps://…` for TLS from the first byte. Ports 587 and 465 if none is named.',
  },
  {
    name: 'MALIPO_MAIL_FROM',
    default: 'none; required with SMTP_URL',
    description:
      'The address that e-mails come from, such as `payments@example.com`. The name beside it is the merchant’s.',
  },
  {
    name: 'MALIPO_UNCONFIRMED_HOURS',
    default: '24',
    description: 'How long a payment that no provider can look up waits for word before people are asked, 1 to 720.',
  },
  {
    name: 'MALIPO_EVENT_DAYS',
    default: '90',
    description:
      'How many days `/v1/events` keeps events, 90 to 3650. Timelines and the lines of creations stay for ever.',
  },
  {
    name: 'MALIPO_EMAIL_DAYS',
    default: '90',
    description:
      'How many days after it was written and last sent `/v1/emails` keeps an e-mail, 30 to 3650; the link in it that ends such ' +
      'notices works as long. One that waits to be sent is never deleted.',
  },
  {
    name: 'MALIPO_SIMULATORS',
    default: 'on; never in production',
    description: '`on` starts the provider simulators and a demo merchant beside the gateway, `off` does not.',
  },
  {
    name: 'MALIPO_RATE_LIMIT',
    default: '100',
    description:
      'Requests a second that one API key may make, averaged over ten seconds; `0` for no limit. Shared by all processes through Redis.',
  },
  {
    name: 'MALIPO_REALTIME_SOCKETS',
    default: '500',
    description: 'WebSockets that one API key may hold open in one process, 1 to 10000.',
  },
  {
    name: 'METRICS_TOKEN',
    default: 'none: open',
    description: 'Token of at least 16 characters that `GET /metrics` then asks for as `Authorization: Bearer`.',
  },
  { name: 'LOG_LEVEL', default: 'info', description: '`trace`, `debug`, `info`, `warn`, `error` or `silent`.' },
  { name: 'NODE_ENV', default: 'none', description: '`production` turns on every check that real money needs.' },
];

/** Raised once at start, with everything that is wrong and what to do about it. */
export class SettingsError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The settings need attention:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

const ROLES: readonly Role[] = ['all', 'api', 'worker'];
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** The settings of this process. Throws a SettingsError. */
export function readOwnSettings(): Settings {
  return readSettings(process.env);
}

/** Reads and checks the whole environment. Throws a SettingsError that names every fault at once. */
export function readSettings(env: Environment): Settings {
  const faults: string[] = [];
  const production = env.NODE_ENV === 'production';
  const port = readInteger(env.PORT, 3000, 1, 65_535, 'PORT', faults);
  const dataDir = path.resolve(env.MALIPO_DATA_DIR ?? 'data');
  const role = readOneOf(env.MALIPO_ROLE, ROLES, 'all', 'MALIPO_ROLE', faults);
  const database = readDatabase(env, dataDir, faults);
  if (role !== 'all' && database.kind === 'sqlite') {
    faults.push(
      `MALIPO_ROLE=${role} needs MySQL or MariaDB: SQLite serves one process that does everything (MALIPO_ROLE=all).`,
    );
  }
  const redisUrl = readRedisUrl(env.REDIS_URL, faults);
  const simulators = readOneOf(
    env.MALIPO_SIMULATORS,
    ['on', 'off'],
    production ? 'off' : 'on',
    'MALIPO_SIMULATORS',
    faults,
  );
  if (production && simulators === 'on') faults.push('MALIPO_SIMULATORS=on is refused in production.');
  const publicUrl = readPublicUrl(env.MALIPO_PUBLIC_URL, port, production, faults);
  const egressAllow = readRanges(env.MALIPO_EGRESS_ALLOW, simulators === 'on' ? LOOPBACK : [], faults);
  const trustedProxies = readProxies(env.MALIPO_TRUSTED_PROXIES, faults);
  const unconfirmedHours = readInteger(env.MALIPO_UNCONFIRMED_HOURS, 24, 1, 720, 'MALIPO_UNCONFIRMED_HOURS', faults);
  const eventDays = readInteger(env.MALIPO_EVENT_DAYS, 90, 90, 3_650, 'MALIPO_EVENT_DAYS', faults);
  const emailDays = readInteger(env.MALIPO_EMAIL_DAYS, 90, 30, 3_650, 'MALIPO_EMAIL_DAYS', faults);
  const logLevel = readOneOf(env.LOG_LEVEL, LOG_LEVELS, 'info', 'LOG_LEVEL', faults);
  const rateLimit = readInteger(env.MALIPO_RATE_LIMIT, 100, 0, 1_000_000, 'MALIPO_RATE_LIMIT', faults);
  const realtimeSockets = readInteger(env.MALIPO_REALTIME_SOCKETS, 500, 1, 10_000, 'MALIPO_REALTIME_SOCKETS', faults);
  const metricsToken = readMetricsToken(env.METRICS_TOKEN, faults);
  const smtp = readSmtp({ url: env.SMTP_URL, from: env.MALIPO_MAIL_FROM }, production, faults);
  const secretKeys = readSecretKeys(env, dataDir, production, faults);
  if (faults.length > 0 || !secretKeys) throw new SettingsError(faults);
  return {
    production,
    port,
    host: env.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    dataDir,
    publicUrl,
    database,
    redisUrl,
    role,
    secretKeys,
    egressAllow,
    trustedProxies,
    simulators: simulators === 'on',
    smtp,
    unconfirmedMs: unconfirmedHours * 3_600_000,
    eventsKeptMs: eventDays * 86_400_000,
    emailsKeptMs: emailDays * 86_400_000,
    logLevel,
    rateLimit,
    realtimeSockets,
    metricsToken,
  };
}

function readInteger(
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
  name: string,
  faults: string[],
): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  faults.push(`${name}=${text} is not a whole number between ${String(min)} and ${String(max)}.`);
  return fallback;
}

function readOneOf<T extends string>(
  text: string | undefined,
  allowed: readonly T[],
  fallback: T,
  name: string,
  faults: string[],
): T {
  if (text === undefined || text === '') return fallback;
  const found = allowed.find((value) => value === text);
  if (found === undefined) faults.push(`${name}=${text} is not one of ${allowed.join(', ')}.`);
  return found ?? fallback;
}

function readDatabase(env: Environment, dataDir: string, faults: string[]): DatabaseSettings {
  const url = env.DATABASE_URL ?? '';
  const poolSize = readInteger(env.DATABASE_POOL_SIZE, 16, 2, 200, 'DATABASE_POOL_SIZE', faults);
  if (url === '') return { kind: 'sqlite', file: path.join(dataDir, 'malipo.db') };
  if (url.startsWith('sqlite:')) return { kind: 'sqlite', file: path.resolve(url.slice('sqlite:'.length)) };
  if (/^(mysql|mariadb):\/\//.test(url) && URL.canParse(url) && new URL(url).pathname.length > 1) {
    return { kind: 'mysql', url: url.replace(/^mariadb:/, 'mysql:'), poolSize };
  }
  faults.push('DATABASE_URL must be sqlite:<file> or mysql://user:password@host:port/database.');
  return { kind: 'sqlite', file: '' };
}

function readMetricsToken(text: string | undefined, faults: string[]): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^[\x21-\x7e]{16,}$/.test(text)) {
    faults.push('METRICS_TOKEN must be at least 16 printable characters. Make one with: openssl rand -hex 32');
  }
  return text;
}

function readRedisUrl(text: string | undefined, faults: string[]): string | undefined {
  if (text === undefined || text === '') return undefined;
  // The address may hold a password, so a fault does not repeat it.
  if (!/^rediss?:\/\/./.test(text) || !URL.canParse(text)) {
    faults.push('REDIS_URL must be redis://user:password@host:port/number, or rediss://… for TLS.');
  }
  return text;
}

function readPublicUrl(text: string | undefined, port: number, production: boolean, faults: string[]): string {
  if (text === undefined || text === '') {
    if (production) faults.push('MALIPO_PUBLIC_URL is required in production: providers send their callbacks there.');
    return `http://127.0.0.1:${String(port)}`;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    faults.push('MALIPO_PUBLIC_URL must be a plain http or https address such as https://pay.example.com.');
  } else if (production && url.protocol !== 'https:') {
    faults.push('MALIPO_PUBLIC_URL must be https in production.');
  }
  return text.replace(/\/+$/, '');
}

function readRanges(text: string | undefined, fallback: readonly string[], faults: string[]): readonly string[] {
  if (text === undefined) return fallback;
  const ranges = readList(text);
  for (const range of ranges) {
    if (!ipaddr.isValidCIDR(range)) faults.push(`MALIPO_EGRESS_ALLOW: ${range} is no CIDR range such as 10.1.0.0/16.`);
  }
  return ranges;
}

/** As ranges: an address alone is one of a single address. */
function readProxies(text: string | undefined, faults: string[]): readonly string[] {
  return readList(text ?? '').flatMap((proxy) => {
    const range = isIP(proxy) === 0 ? proxy : `${proxy}/${isIP(proxy) === 4 ? '32' : '128'}`;
    const [network = '', bits] = range.split('/');
    if (isIP(network) === 0 || !ipaddr.isValidCIDR(range)) {
      faults.push(
        `MALIPO_TRUSTED_PROXIES: ${proxy} is no address such as 10.1.0.7 and no CIDR range such as 10.1.0.0/16.`,
      );
      return [];
    }
    if (Number(bits) === 0) {
      faults.push(
        `MALIPO_TRUSTED_PROXIES: ${proxy} is everybody, so that everybody could claim any address. Name the proxies alone.`,
      );
      return [];
    }
    return [range];
  });
}

function readList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function readSecretKeys(
  env: Environment,
  dataDir: string,
  production: boolean,
  faults: string[],
): SecretKeys | undefined {
  const previous = (env.MALIPO_SECRET_KEY_PREVIOUS ?? '').split(',').filter((text) => text.trim() !== '');
  const previousKeys = previous.flatMap((text) => readKey(text.trim(), 'MALIPO_SECRET_KEY_PREVIOUS', faults) ?? []);
  const text = env.MALIPO_SECRET_KEY ?? '';
  if (text === '' && production) {
    faults.push('MALIPO_SECRET_KEY is required in production. Make one with: openssl rand -base64 32');
    return undefined;
  }
  const current = readKey(text === '' ? readOrMakeKeyFile(dataDir) : text, 'MALIPO_SECRET_KEY', faults);
  return current ? { current, previous: previousKeys } : undefined;
}

function readKey(text: string, name: string, faults: string[]): Buffer | undefined {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length !== 32) {
    faults.push(`${name} must be 32 bytes in base64 or hex. Make one with: openssl rand -base64 32`);
    return undefined;
  }
  // A key that a person typed or copied from an example repeats itself; random bytes almost never do.
  if (new Set(key).size < 16) {
    faults.push(`${name} looks like an example, not like random bytes. Make one with: openssl rand -base64 32`);
    return undefined;
  }
  return key;
}

function readOrMakeKeyFile(dataDir: string): string {
  const file = path.join(dataDir, 'secret.key');
  if (!existsSync(file)) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return readFileSync(file, 'utf8').trim();
}
