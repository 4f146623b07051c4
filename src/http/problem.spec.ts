import { BadRequestException, InternalServerErrorException, Logger, NotFoundException } from '@nestjs/common';
import { sendProblem } from './problem.filter.js';
import { notFound, Problem, PROBLEMS, retryLater, type ProblemCode } from './problem.js';

const codes = Object.keys(PROBLEMS) as ProblemCode[];

describe('Problems', () => {
  it.each(codes)('%s has a status of an error, a title and an address of its own', (code) => {
    const { type, title, status, requestId } = new Problem(code, 'detail').toBody('req_1');
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(type).toBe(`https://malipo.dev/problems/${code.replaceAll('_', '-')}`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(title).toMatch(/^[A-Z]/);
    expect(requestId).toBe('req_1');
  });

  it('carry further members and faults beside the usual ones', () => {
    const errors = [{ pointer: '/a', code: 'b', detail: 'c' }];
    const body = new Problem('reference_taken', 'x', { members: { transactionId: 'txn_1' }, errors }).toBody('req_1');
    expect(body).toMatchObject({ code: 'reference_taken', transactionId: 'txn_1', errors });
    expect(notFound().toBody('req_1')).not.toHaveProperty('errors');
  });

  it.each([
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [0, '1'],
    [-5, '1'],
  ])('that end by themselves say when: after %d ms in %s s', (afterMs, seconds) => {
    expect(retryLater('phone_busy', 'x', afterMs).extras.headers).toEqual({ 'retry-after': seconds });
  });

  describe('of what others throw', () => {
    beforeAll(() => Logger.overrideLogger(false));
    afterAll(() => Logger.overrideLogger(['log', 'error', 'warn']));

    function answer(error: unknown): { status: number; body: any; headers: Record<string, string> } {
      const sent: any = { headers: {} };
      const reply: any = {
        status: (status: number) => ((sent.status = status), reply),
        headers: (headers: object) => (Object.assign(sent.headers, headers), reply),
        type: (type: string) => ((sent.headers['content-type'] = type), reply),
        send: (text: string) => ((sent.body = JSON.parse(text)), reply),
      };
      sendProblem(error, { id: 'req_1', routeOptions: { url: '/v1/x' } } as any, reply);
      return sent;
    }

    it.each([
      ['of Nest', new NotFoundException('secret table'), 404, 'not_found'],
      ['of Nest, about input', new BadRequestException('secret table'), 400, 'malformed_request'],
      ['of Nest, about us', new InternalServerErrorException('secret table'), 500, 'internal_error'],
      ['of Fastify', Object.assign(new Error('secret table'), { statusCode: 413 }), 413, 'body_too_large'],
      [
        'of Fastify, with a status that we do not know',
        Object.assign(new Error('x'), { statusCode: 418 }),
        400,
        'malformed_request',
      ],
      ['of a library', new TypeError('secret table'), 500, 'internal_error'],
      ['that is no error at all', 'secret table', 500, 'internal_error'],
      ['that is nothing', undefined, 500, 'internal_error'],
      ['with a status that is no error', Object.assign(new Error('x'), { statusCode: 200 }), 500, 'internal_error'],
    ])('tell nothing of it: %s', (_, error, status, code) => {
      const { body, headers, ...sent } = answer(error);
      expect([sent.status, body.status, body.code]).toEqual([status, status, code]);
      expect(headers).toMatchObject({
        'request-id': 'req_1',
        'content-type': 'application/problem+json; charset=utf-8',
      });
      expect(JSON.stringify(body)).not.toContain('secret');
    });
  });
});
