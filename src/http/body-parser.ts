import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fieldProblem, Problem } from './problem.js';

/** Bodies of the API. Uploads have a limit of their own. */
export const BODY_LIMIT_BYTES = 256 * 1024;

/** Objects and lists inside each other. What reads a body after us may call itself once a level. */
const DEEPEST = 20;

/** Where providers call. What they send is theirs to shape: it stays raw bytes. */
const CALLBACKS = '/callbacks/';

/** Whether the route takes what a provider sends. By the route and not by the address, which has many spellings. */
export function isCallback(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith(CALLBACKS) ?? false;
}

// Mail programs and forms post there, each in a format of its own; what counts is the address.
const UNSUBSCRIBE = '/unsubscribe/';

/** Whether the route takes bytes of whatever type. */
export function takesAnyBody(request: FastifyRequest): boolean {
  return isCallback(request) || (request.routeOptions.url?.startsWith(UNSUBSCRIBE) ?? false);
}

/** Where browsers post the forms of our own pages. */
const PAGES = '/l/';

const FORM_TYPE = 'application/x-www-form-urlencoded';
const MOST_FORM_FIELDS = 50;

function isForm({ routeOptions, headers }: FastifyRequest): boolean {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return routeOptions.url?.startsWith(PAGES) === true && type === FORM_TYPE;
}

/**
 * Reads bodies strictly: bytes that are not UTF-8, text that is not JSON, half surrogates, names that mean something to
 * JavaScript and amounts that it would round are refused here, before anything could be changed silently.
 */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      done(null, takesAnyBody(request) ? body : isForm(request) ? readForm(body) : readBody(request, body));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function readBody({ headers }: FastifyRequest, body: Buffer): object | undefined {
  if (body.length === 0) return undefined;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new Problem('unsupported_media_type', 'Send the body without Content-Encoding.');
  }
  if (!isJson(headers['content-type'] ?? '')) {
    throw new Problem(
      'unsupported_media_type',
      'Send the body as application/json in UTF-8, with the header Content-Type: application/json.',
    );
  }
  return parseJson(body);
}

/** The fields of a form by their names; of fields with one name the first counts. */
function readForm(body: Buffer): Readonly<Record<string, string>> {
  if (!isUtf8(body)) throw new Problem('malformed_request', 'The form is not UTF-8.');
  const fields = [...new URLSearchParams(body.toString('utf8'))].slice(0, MOST_FORM_FIELDS);
  for (const [name, value] of fields) for (const text of [name, value]) assertKeepable(text, '');
  return Object.fromEntries(fields.reverse());
}

function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('charset='));
  return type.trim() === 'application/json' && (charset === undefined || /^charset="?utf-?8"?$/.test(charset));
}

function parseJson(body: Buffer): object {
  if (!isUtf8(body)) throw new Problem('malformed_json', 'The body is not UTF-8.');
  const text = body.toString('utf8');
  const parsed = parseText(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Problem('invalid_request', 'The body must be a JSON object.');
  }
  const numericAmounts = inspect(parsed, '', 1);
  if (numericAmounts.length > 0) refuseFractionalAmount(text, numericAmounts);
  return parsed;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Problem('malformed_json', 'The body is not valid JSON.');
  }
}

// Libraries that copy objects leave these out or give them a meaning: what we stored would not be what was sent.
const SPECIAL_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** Refuses what could not be kept as it was sent. Answers where each `amount` is that is a JSON number. */
function inspect(value: unknown, pointer: string, depth: number): readonly string[] {
  if (typeof value === 'string') assertKeepable(value, pointer);
  if (typeof value !== 'object' || value === null) return [];
  if (depth > DEEPEST) {
    throw fieldProblem(
      'invalid_request',
      pointer,
      `Objects and lists may lie at most ${String(DEEPEST)} deep in each other.`,
    );
  }
  const numericAmounts: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    assertKeepable(name, pointer);
    const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (SPECIAL_NAMES.includes(name)) throw fieldProblem('unknown_field', place, `The name ${name} is not allowed.`);
    if (name === 'amount' && typeof member === 'number') numericAmounts.push(place);
    for (const found of inspect(member, place, depth + 1)) numericAmounts.push(found);
  }
  return numericAmounts;
}

function assertKeepable(text: string, pointer: string): void {
  if (text.isWellFormed() && !text.includes('\0')) return;
  throw fieldProblem('malformed_json', pointer, 'Text must hold no NUL character and no half of a surrogate pair.');
}

// In valid JSON only the name of a member comes before a colon. `2` is: its number goes on with a fraction or an exponent.
const NAME_AND_NUMBER = /("(?:[^"\\]|\\.)*")(?:\s*:\s*(-?\d+)([.eE])?)?/g;

// Once parsed, 1500.00 and 1500.0000000000000001 are the integer 1500: the fraction must be seen in the text. The text is
// known to be valid JSON by now, so each string ends and the search takes one pass.
function refuseFractionalAmount(text: string, places: readonly string[]): void {
  // A name can be written with escapes: "\u0061mount".
  const amounts = [...text.matchAll(NAME_AND_NUMBER)].filter(
    ([, name = '', digits]) => digits !== undefined && JSON.parse(name) === 'amount',
  );
  const faulty = amounts.findIndex(([, , , fraction]) => fraction !== undefined);
  if (faulty < 0) return;
  // Where a name stands twice in one object, the text has more amounts than the object.
  const pointer = (amounts.length === places.length ? places[faulty] : undefined) ?? places[0] ?? '/amount';
  const detail = 'Send amount as a decimal string such as "150.00", or as a JSON integer.';
  throw fieldProblem('amount_not_exact', pointer, detail);
}
