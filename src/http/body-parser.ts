import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';

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

/**
 * Reads bodies strictly: bytes that are not UTF-8, text that is not JSON, half surrogates, names that mean something to
 * JavaScript and amounts that it would round are refused here, before anything could be changed silently.
 */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      done(null, isCallback(request) ? body : readBody(request, body));
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
  const hasNumericAmount = inspect(parsed, '', 1);
  if (hasNumericAmount) refuseFractionalAmount(text);
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

/** Refuses what could not be kept as it was sent. Answers whether any `amount` is a JSON number. */
function inspect(value: unknown, pointer: string, depth: number): boolean {
  if (typeof value === 'string') assertKeepable(value, pointer);
  if (typeof value !== 'object' || value === null) return false;
  if (depth > DEEPEST) {
    throw refusal(
      'invalid_request',
      pointer,
      `Objects and lists may lie at most ${String(DEEPEST)} deep in each other.`,
    );
  }
  let numericAmount = false;
  for (const [name, member] of Object.entries(value)) {
    assertKeepable(name, pointer);
    const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (SPECIAL_NAMES.includes(name)) throw refusal('unknown_field', place, `The name ${name} is not allowed.`);
    const found = inspect(member, place, depth + 1);
    numericAmount ||= found || (name === 'amount' && typeof member === 'number');
  }
  return numericAmount;
}

function assertKeepable(text: string, pointer: string): void {
  if (text.isWellFormed() && !text.includes('\0')) return;
  throw refusal('malformed_json', pointer, 'Text must hold no NUL character and no half of a surrogate pair.');
}

// In valid JSON only the name of a member comes before a colon. `1` is: its number goes on with a fraction or an exponent.
const NAME_AND_FRACTION = /("(?:[^"\\]|\\.)*")(?:\s*:\s*-?\d+([.eE]))?/g;

// Once parsed, 1500.00 and 1500.0000000000000001 are the integer 1500: the fraction must be seen in the text. The text is
// known to be valid JSON by now, so each string ends and the search takes one pass.
function refuseFractionalAmount(text: string): void {
  for (const [, name = '', fraction] of text.matchAll(NAME_AND_FRACTION)) {
    // A name can be written with escapes: "\u0061mount".
    if (fraction === undefined || JSON.parse(name) !== 'amount') continue;
    const detail = 'Send amount as a decimal string such as "150.00", or as a JSON integer.';
    throw refusal('amount_not_exact', '/amount', detail);
  }
}

function refusal(
  code: 'amount_not_exact' | 'invalid_request' | 'malformed_json' | 'unknown_field',
  pointer: string,
  detail: string,
): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}
