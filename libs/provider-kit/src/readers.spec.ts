import type { StatusReport, SubmissionOutcome } from './contract.js';
import type { HttpAnswer } from './http-client.js';
import { readStatus, readSubmission } from './readers.js';
import { rememberSecrets } from './redact.js';

const answer = (status: number, body?: unknown, text = body === undefined ? '' : JSON.stringify(body)): HttpAnswer => ({
  kind: 'response',
  status,
  headers: {},
  text,
  body,
  durationMs: 1,
});

const accepted = { kind: 'accepted', references: { providerReference: 'x' } } as const;
const succeeded = { kind: 'succeeded', receipt: 'R1' } as const;
const unread = () => {
  throw new Error('must not be asked');
};

describe('readSubmission', () => {
  it('defers what was not sent', () => {
    expect(readSubmission({ kind: 'notSent', cause: 'connection refused' }, unread)).toEqual({
      kind: 'deferred',
      cause: 'connection refused',
    });
  });

  it('knows nothing after silence', () => {
    const silence = { kind: 'noResponse', cause: 'reset', durationMs: 9 } as const;
    expect(readSubmission(silence, unread)).toEqual({ kind: 'unknown', cause: 'reset' });
  });

  it('passes a token failure on', () => {
    expect(readSubmission({ kind: 'deferred', cause: 'token', retryAfterMs: 7 }, unread)).toEqual({
      kind: 'deferred',
      cause: 'token',
      retryAfterMs: 7,
    });
    expect(readSubmission({ kind: 'rejected', cause: 'wrong secret' }, unread)).toMatchObject({
      kind: 'rejected',
      reason: 'provider_misconfigured',
    });
  });

  it.each([100, 301, 302, 307, 399])('does not even read a %i', (status) => {
    expect(readSubmission(answer(status, { ok: true }), () => accepted)).toMatchObject({ kind: 'unknown' });
  });

  it.each([200, 201, 500, 502, 503, 504])('does not even read a %i without JSON', (status) => {
    expect(readSubmission(answer(status, undefined, '<html>'), () => accepted)).toEqual({
      kind: 'unknown',
      cause: `unreadable answer (HTTP ${status})`,
      said: { httpStatus: status },
    });
  });

  it.each([200, 400, 404, 500])('knows nothing where the reader does not know the answer (%i)', (status) => {
    expect(readSubmission(answer(status, {}), () => undefined)).toMatchObject({
      kind: 'unknown',
      cause: `unknown answer (HTTP ${status})`,
    });
  });

  it('lets the reader judge a 4xx without JSON by its status', () => {
    const reader = ({ status }: HttpAnswer) =>
      status === 401 ? ({ kind: 'rejected', reason: 'provider_misconfigured' } as const) : undefined;
    expect(readSubmission(answer(401), reader)).toMatchObject({ kind: 'rejected' });
    expect(readSubmission(answer(403, undefined, '<html>'), reader)).toMatchObject({ kind: 'unknown' });
  });

  it.each<[SubmissionOutcome, SubmissionOutcome['kind']]>([
    [{ kind: 'rejected', reason: 'provider_rejected', providerCode: '500.001' }, 'rejected'],
    [{ kind: 'deferred', cause: 'spike arrest' }, 'deferred'],
    [accepted, 'unknown'],
    [{ kind: 'completed', report: succeeded, references: {} }, 'unknown'],
    [{ kind: 'completed', report: { kind: 'failed', reason: 'expired' }, references: {} }, 'unknown'],
  ])('lets a 5xx that reads as %j come to %s', (outcome, kind) => {
    expect(readSubmission(answer(500, {}), () => outcome).kind).toBe(kind);
  });

  it("keeps the provider's words, from the outcome and from the words reader", () => {
    const outcome = { kind: 'rejected', reason: 'limit_exceeded', providerCode: '2' } as const;
    const toWords = () => ({ providerMessage: 'Declined due to limit rule' });
    expect(readSubmission(answer(200, {}), () => outcome, toWords)).toEqual({
      ...outcome,
      said: { httpStatus: 200, providerCode: '2', providerMessage: 'Declined due to limit rule' },
    });
    expect(readSubmission(answer(502, {}), () => undefined, toWords)).toMatchObject({
      kind: 'unknown',
      said: { httpStatus: 502, providerMessage: 'Declined due to limit rule' },
    });
  });

  it('keeps no secret, no phone and no flood of words', () => {
    const exchange = answer(400, {});
    rememberSecrets(exchange, ['tok-1']);
    const outcome = readSubmission(exchange, () => ({
      kind: 'deferred',
      cause: 'tok-1 was refused',
      said: { providerCode: 'tok-1', providerMessage: `254708374149 tok-1 ${'x'.repeat(5_000)}` },
    }));
    expect(JSON.stringify(outcome)).not.toMatch(/tok-1|708374149/);
    expect(JSON.stringify(outcome).length).toBeLessThan(600);
  });

  it.each(['500.001.1001', 'SFC_IC0003', '100000100', 'AMOUNT_TOO_LARGE'])('keeps the code %s as it is', (code) => {
    const outcome = readSubmission(answer(400), () => ({
      kind: 'rejected',
      reason: 'provider_rejected',
      providerCode: code,
    }));
    expect(outcome).toMatchObject({ providerCode: code, said: { providerCode: code } });
  });

  it('knows nothing where the reader breaks', () => {
    const reader = () => {
      throw new TypeError('Cannot convert 1.5 to a BigInt');
    };
    expect(readSubmission(answer(200, {}), reader)).toMatchObject({
      kind: 'unknown',
      cause: expect.stringContaining('Cannot convert 1.5 to a BigInt'),
    });
  });
});

describe('readStatus', () => {
  it.each([
    { kind: 'notSent', cause: 'refused' } as const,
    { kind: 'noResponse', cause: 'refused', durationMs: 1 } as const,
    { kind: 'deferred', cause: 'refused' } as const,
    { kind: 'rejected', cause: 'refused' } as const,
  ])('knows nothing after $kind', (exchange) => {
    expect(readStatus(exchange, unread)).toEqual({ kind: 'unknown', cause: 'refused' });
  });

  it.each([
    [200, undefined],
    [200, null],
    [302, {}],
    [502, undefined],
  ])('knows nothing after a %i with body %p that no table knows', (status, body) => {
    expect(readStatus(answer(status, body), () => (body === null ? undefined : succeeded))).toMatchObject({
      kind: 'unknown',
    });
  });

  it.each<[number, StatusReport, StatusReport['kind']]>([
    [200, succeeded, 'succeeded'],
    [200, { kind: 'failed', reason: 'wrong_pin', providerCode: '2001' }, 'failed'],
    [202, { kind: 'asked' }, 'asked'],
    [404, { kind: 'absent' }, 'absent'],
    [500, { kind: 'pending' }, 'pending'],
    [500, succeeded, 'unknown'],
    [500, { kind: 'absent' }, 'unknown'],
    [500, { kind: 'failed', reason: 'expired' }, 'unknown'],
    [503, { kind: 'reversed' }, 'unknown'],
  ])('lets a %i that reads as %j come to %s', (status, report, kind) => {
    expect(readStatus(answer(status, {}), () => report).kind).toBe(kind);
  });

  it('keeps the words of what it could not believe', () => {
    const toWords = () => ({ providerCode: '500.001.1001', providerMessage: 'The transaction does not Exist' });
    expect(readStatus(answer(500, {}), () => ({ kind: 'absent' }), toWords)).toEqual({
      kind: 'unknown',
      cause: 'unknown answer (HTTP 500)',
      said: { httpStatus: 500, providerCode: '500.001.1001', providerMessage: 'The transaction does not Exist' },
    });
  });
});
