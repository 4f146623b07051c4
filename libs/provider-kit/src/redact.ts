import type { HttpExchange } from './http-client.js';

const REDACTED = '[redacted]';

// Longer texts are cut before they are searched: a message worth keeping as evidence is short.
const LONGEST_TEXT = 16_384;

const SENSITIVE_WORD =
  'authori[sz]ation|pass(?:word|key|phrase|code|wd)|secret|token|credential|api[-_ ]?key|signature|cookie';
const SENSITIVE_NAME = new RegExp(`${SENSITIVE_WORD}|^(?:pin|otp)$`, 'i');

// `"password": "…"`, `client_secret=…`, `Api-Key: …`. The name is bounded so that a hostile text cannot make this slow.
const NAMED_VALUE = new RegExp(
  `(["']?)\\b([\\w.-]{0,40}?(?:${SENSITIVE_WORD}|\\bpin\\b|\\botp\\b)[\\w.-]{0,40})\\1(\\s{0,3}[:=]\\s{0,3})` +
    `("(?:[^"\\\\]|\\\\.)*"?|'[^']*'?|[^\\s,;&{}"'<>]+)`,
  'gi',
);
const AUTHORIZATION_SCHEME = /\b(Bearer|Basic)(\s+)[A-Za-z0-9+/=._~-]{6,}/gi;
// Daraja repeats the token it refuses: "Invalid Access Token - <token>" (mpesa.md §1.2).
const ECHOED_TOKEN = /(\btoken\s*-\s*)(?=\S*\d|\S{20})\S+/gi;
const KEY_SHAPED = /\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|\b(?:mlp|sk|pk|pvk|whsec)_[\w+/=-]{8,}|\b[0-9a-f]{32,}\b/gi;
// Eight digits are the shortest national number of the countries served; dots are no separators: error codes have them.
const PHONE_SHAPED = /\+?\d(?:[ ()-]{0,2}\d){7,}/g;
const STARTS_AS_DATE = /^\d{4}-\d{2}-\d{2}(?!\d)/;

/**
 * Takes secrets and phone numbers out of a text before it is kept, logged or shown.
 * `secrets` are values known to be secret: they go wherever they stand, in whatever form the text is.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text.slice(0, LONGEST_TEXT);
  for (const secret of secrets) clean = clean.replaceAll(secret, REDACTED);
  return clean
    .replace(AUTHORIZATION_SCHEME, `$1$2${REDACTED}`)
    .replace(NAMED_VALUE, (_, quote: string, name: string, sign: string) => `${quote}${name}${quote}${sign}${REDACTED}`)
    .replace(ECHOED_TOKEN, `$1${REDACTED}`)
    .replace(KEY_SHAPED, REDACTED)
    .replace(PHONE_SHAPED, maskPhone);
}

/** A URL path that is safe to log and to count by: no query, and ids, tokens and phone numbers become `:id`. */
export function redactPath(path: string): string {
  const plain = path.split(/[?#]/, 1)[0] ?? '';
  return plain
    .split('/')
    .map((segment) => (isRouteWord(segment) ? segment : ':id'))
    .join('/');
}

/**
 * The secret values that a request carries: authorization headers and JSON fields named as secrets are.
 * Names only a provider uses are covered as far as they say what they are.
 */
export function findSecrets(headers: Readonly<Record<string, string>>, json: unknown): string[] {
  const found = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    if (SENSITIVE_NAME.test(name)) for (const part of partsOfHeader(value)) found.add(part);
  }
  collectNamed(json, found, 0);
  // Very short values would blank out innocent text. The longest go first, so that no rest of one is left behind.
  return [...found].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
}

// A provider may repeat the token or password it got in any field of its answer. The client notes what it sent
// beside the exchange, out of reach of serializers and loggers, and the readers take it out of what they keep.
const secretsByExchange = new WeakMap<object, readonly string[]>();

/** Notes what the request behind an exchange carried in secret. */
export function rememberSecrets(exchange: HttpExchange, secrets: readonly string[]): void {
  if (secrets.length > 0) secretsByExchange.set(exchange, secrets);
}

/** What the request behind an exchange carried in secret. */
export function secretsOf(exchange: object): readonly string[] {
  return secretsByExchange.get(exchange) ?? [];
}

function maskPhone(match: string): string {
  return STARTS_AS_DATE.test(match) ? match : `•••${match.slice(-4)}`;
}

function isRouteWord(segment: string): boolean {
  if (segment.length > 40) return false;
  return !/\d{5}/.test(segment) && !(segment.length >= 16 && /\d/.test(segment)) && !/[@%+]/.test(segment);
}

function partsOfHeader(value: string): string[] {
  const [scheme, credentials] = value.split(/\s+/, 2);
  if (credentials === undefined) return [value];
  if (scheme?.toLowerCase() !== 'basic') return [credentials];
  const [user = '', ...password] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
  return [credentials, user, password.join(':')];
}

function collectNamed(value: unknown, found: Set<string>, depth: number): void {
  if (depth > 8 || typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === 'string' && SENSITIVE_NAME.test(name)) found.add(item);
    else collectNamed(item, found, depth + 1);
  }
}
