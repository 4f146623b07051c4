import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { hashOf } from '../secrets/hash.js';

/** What makes two requests the same. */
export interface IdempotentRequest {
  readonly key: string;
  /** SHA-256 of the route and the canonical body. */
  readonly requestHash: string;
}

/** The request's Idempotency-Key, required: for every POST that can move money. */
export const Idempotent = createParamDecorator((_: unknown, context: ExecutionContext): IdempotentRequest => {
  return readRequest(context.switchToHttp().getRequest<FastifyRequest>());
});

/** The same where the client may leave it out. */
export const IdempotentIfGiven = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return request.raw.headersDistinct['idempotency-key'] === undefined ? undefined : readRequest(request);
});

function readRequest({ raw, method, routeOptions, params, body }: FastifyRequest): IdempotentRequest {
  const key = readIdempotencyKey(raw.headersDistinct['idempotency-key']);
  return { key, requestHash: hashOf(method, routeOptions.url ?? '', canonicalJson(params), canonicalJson(body)) };
}

// 1 to 255 printable ASCII characters, bare or as the quoted string of the HTTP draft.
const BARE = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;

/** The key that all values of the header together give. Throws where that is none, or more than one. */
export function readIdempotencyKey([text = '', second]: readonly string[] = []): string {
  if (text === '') {
    throw new Problem(
      'idempotency_key_required',
      'This request can move money: send an Idempotency-Key header with a value of your own, and the same value again if you repeat the request.',
    );
  }
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = quoted ?? (BARE.test(text) && !text.startsWith('"') ? text : undefined);
  if (key === undefined || key.length > 255 || second !== undefined) {
    throw new Problem(
      'invalid_idempotency_key',
      'Idempotency-Key takes 1 to 255 printable ASCII characters, bare or in double quotes.',
    );
  }
  return key;
}

/** JSON with sorted names and no idle space: equal objects give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  // A request without a body is like one whose body is null.
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
