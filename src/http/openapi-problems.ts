import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEMS_EXTENSION } from './api-problems.decorator.js';
import { listOperations, type Operation, type ResponseDocument, type SchemaDocument } from './openapi-parts.js';
import { PROBLEMS, type ProblemCode } from './problem.js';

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** Gives each operation the problems it can answer, and the document the table of all of them. */
export function documentProblems(document: OpenAPIObject): void {
  Object.assign(((document.components ??= {}).schemas ??= {}), { Problem: problemSchema(), FieldFault: FIELD_FAULT });
  document.components.headers = HEADERS;
  for (const { operation, method } of listOperations(document.paths)) {
    const codes = new Set([...readOwn(operation), ...listImplied(operation, method)]);
    operation[PROBLEMS_EXTENSION] = undefined;
    for (const [status, listed] of groupByStatus(codes)) operation.responses[status] = toResponse(status, listed);
    for (const [status, response] of Object.entries(operation.responses)) {
      response.description ||= DESCRIPTIONS[status] ?? 'Done.';
      response.headers = { ...response.headers, ...toCommonHeaders(status) };
    }
  }
}

/** Which request it was, and what is left to the key: without a valid key there is none to count for. */
function toCommonHeaders(status: string): NonNullable<ResponseDocument['headers']> {
  const names = status === '401' ? ['Request-Id'] : ['Request-Id', 'RateLimit', 'RateLimit-Policy'];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function readOwn(operation: Operation): readonly ProblemCode[] {
  const own = operation[PROBLEMS_EXTENSION];
  return Array.isArray(own) ? own.filter(isProblemCode) : [];
}

function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && code in PROBLEMS;
}

/** What follows from how requests are read, whatever the operation does. */
function listImplied({ parameters = [], security = [] }: Operation, method: string): readonly ProblemCode[] {
  const has = (place: string, name?: string): boolean =>
    parameters.some((parameter) => parameter.in === place && (name === undefined || parameter.name === name));
  return [
    'malformed_request',
    'unknown_field',
    'request_timeout',
    'headers_too_large',
    'too_many_requests',
    'internal_error',
    'unavailable',
    ...(security.length > 0 ? (['unauthenticated', 'forbidden', 'merchant_suspended'] as const) : []),
    ...(has('path') ? (['not_found', 'uri_too_long'] as const) : []),
    ...(has('query') ? (['invalid_request'] as const) : []),
    ...(has('query', 'cursor') ? (['invalid_cursor'] as const) : []),
    ...(method === 'get'
      ? []
      : (['malformed_json', 'invalid_request', 'body_too_large', 'unsupported_media_type'] as const)),
    ...(has('header', 'Idempotency-Key')
      ? (['idempotency_key_required', 'invalid_idempotency_key', 'idempotency_key_reused'] as const)
      : []),
  ];
}

function groupByStatus(codes: ReadonlySet<ProblemCode>): Map<number, ProblemCode[]> {
  const byStatus = new Map<number, ProblemCode[]>();
  // In the order of the table, so that the document does not change with the order of decorators.
  for (const [code, { status }] of entriesOfProblems()) {
    if (codes.has(code)) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

function toResponse(status: number, codes: readonly ProblemCode[]): ResponseDocument {
  const schema: SchemaDocument = { allOf: [PROBLEM, { type: 'object', properties: { code: { enum: [...codes] } } }] };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
    ...(HEADERS_BY_STATUS[status] && { headers: HEADERS_BY_STATUS[status] }),
    content: { 'application/problem+json': { schema } },
  };
}

function problemSchema(): SchemaDocument {
  const codes = entriesOfProblems();
  return {
    type: 'object',
    description: 'What went wrong: RFC 9457. Some problems carry further members, such as `transactionId`.',
    required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
    properties: {
      type: { type: 'string', format: 'uri', examples: ['https://malipo.dev/problems/amount-out-of-range'] },
      title: { type: 'string', examples: ['Amount out of range'] },
      status: { type: 'integer', examples: [422] },
      code: { type: 'string', description: 'Stable, for programs.', enum: codes.map(([code]) => code) },
      detail: { type: 'string', description: 'What is wrong and what to do, for people.' },
      requestId: {
        type: 'string',
        description: 'Quote it when you ask us.',
        examples: ['req_01K9ZQ3V7F0000000000000000'],
      },
      errors: {
        type: 'array',
        description: 'Each fault of each field, where fields are at fault.',
        items: { $ref: '#/components/schemas/FieldFault' },
      },
      transactionId: { type: 'string', description: 'With `reference_taken`: whose reference it is.' },
      linkId: { type: 'string', description: 'With `reference_taken`: the payment link whose reference it is.' },
      linkStatus: { type: 'string', description: 'With `not_cancellable`: where the payment link stands.' },
      recoveryId: { type: 'string', description: 'With `conflict`: the recovery that is running.' },
      transactionStatus: {
        type: 'string',
        description:
          'With `not_cancellable`, `not_awaiting_approval` and `otp_not_expected`: where the transaction stands.',
      },
      limit: { type: 'string', description: 'With `limit_exceeded`: which cap, as `GET /v1/limits` names it.' },
      limitAmount: { type: 'string', description: 'With `limit_exceeded`: the cap, in major units of `currency`.' },
      left: { type: 'string', description: 'With `limit_exceeded`: what it still allows.' },
      currency: { type: 'string', description: 'With `limit_exceeded`: ISO 4217.' },
      renewsAt: {
        type: 'string',
        format: 'date-time',
        description: 'With `limit_exceeded`: when it counts anew; absent where waiting does not help.',
      },
      stoppedAt: { type: 'string', format: 'date-time', description: 'With `payouts_stopped`: since when.' },
      stopReason: { type: 'string', description: 'With `payouts_stopped`: what was given as the reason.' },
    },
    'x-problems': Object.fromEntries(codes),
  };
}

const FIELD_FAULT: SchemaDocument = {
  type: 'object',
  required: ['pointer', 'code', 'detail'],
  properties: {
    pointer: {
      type: 'string',
      description: 'RFC 6901 pointer into the body, or `#query/<name>`, or `#header/<name>`.',
      examples: ['/customer/phone'],
    },
    code: { type: 'string', examples: ['amount_out_of_range'] },
    detail: { type: 'string' },
  },
};

const HEADERS = {
  'Request-Id': { description: 'Quote it when you ask us.', schema: { type: 'string' } },
  RateLimit: {
    description:
      'What is left to the key: `r` requests in the next `t` seconds (IETF draft). Missing where there is no limit.',
    schema: { type: 'string', examples: ['"key";r=998;t=7'] },
  },
  'RateLimit-Policy': {
    description: 'How much the key may ask: `q` requests in `w` seconds (IETF draft).',
    schema: { type: 'string', examples: ['"key";q=1000;w=10'] },
  },
  'Retry-After': { description: 'In how many seconds to come back.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'Which kind of key is missing.', schema: { type: 'string' } },
};

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  201: 'Created.',
  202: 'Taken; it follows.',
  204: 'Done; there is nothing to say.',
};

const HEADERS_BY_STATUS: Readonly<Record<number, ResponseDocument['headers']>> = {
  401: { 'WWW-Authenticate': { $ref: '#/components/headers/WWW-Authenticate' } },
  409: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
  429: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
  503: { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
};

function entriesOfProblems(): [ProblemCode, (typeof PROBLEMS)[ProblemCode]][] {
  return Object.entries(PROBLEMS) as [ProblemCode, (typeof PROBLEMS)[ProblemCode]][];
}
