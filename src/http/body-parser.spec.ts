import type { FastifyInstance } from 'fastify';
import fc from 'fast-check';
import { createIdSource, systemClock } from '#libs/primitives';
import { createFastifyAdapter } from './fastify.js';
import { Problem } from './problem.js';

describe('Reading a body', () => {
  let fastify: FastifyInstance;

  beforeAll(async () => {
    fastify = createFastifyAdapter(createIdSource(systemClock)).getInstance();
    fastify.setErrorHandler((error, _, reply) => {
      const problem = error instanceof Problem ? error : undefined;
      void reply.status(problem?.status ?? 500).send({ code: problem?.code, errors: problem?.extras.errors });
    });
    fastify.post('/v1/echo', ({ body }, reply) =>
      reply.send({ kind: Buffer.isBuffer(body) ? 'bytes' : 'value', body }),
    );
    fastify.post('/callbacks/:token', ({ body }, reply) =>
      reply.send({ kind: Buffer.isBuffer(body) ? 'bytes' : 'value', text: String(body) }),
    );
    await fastify.ready();
  });
  afterAll(() => fastify.close());

  async function send(
    payload: string | Buffer,
    {
      url = '/v1/echo',
      headers = { 'content-type': 'application/json' },
    }: { url?: string; headers?: Record<string, string> } = {},
  ): Promise<any> {
    return (await fastify.inject({ method: 'POST', url, payload, headers: { host: 'a', ...headers } })).json();
  }

  it('keeps every JSON object as it was sent', async () => {
    const safe = (value: unknown): boolean =>
      !/"(__proto__|constructor|prototype|amount)"|\\u0000|\\ud[89a-f]/.test(JSON.stringify(value));
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 10 })).filter(safe);
    await fc.assert(
      fc.asyncProperty(objects, async (object) => {
        const text = JSON.stringify(object);
        expect((await send(text)).body).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['an integer amount', '{"amount":150}'],
    ['a negative one, for the rules to judge', '{"amount":-150}'],
    ['a text amount that looks like a fraction', '{"amount":"1.50"}'],
    ['text that only looks like an amount', '{"note":"\\"amount\\": 1.5, ","amount":1}'],
    ['fractions of other names', '{"rate":1.5,"xamount":1e3,"amountX":0.1,"amount":1}'],
    ['a fraction in a list beside it', '{"amount":1,"list":[1.5,{"x":2.5}]}'],
    ['UTF-8 by name', '{"a":"é"}', 'application/json; charset=utf-8'],
    ['UTF-8 by another name, in capitals', '{"a":"é"}', 'Application/JSON;Charset="UTF8"'],
    ['twenty levels', `${'{"a":'.repeat(19)}{}${'}'.repeat(19)}`],
  ])('takes %s', async (_, text, type = 'application/json') => {
    expect((await send(text, { headers: { 'content-type': type } })).body).toEqual(JSON.parse(text));
  });

  it.each([
    ['{"amount":1.0}', 'amount_not_exact', '/amount'],
    ['{"rows":[{"amount":1},{"amount":1.5}]}', 'amount_not_exact', '/rows/1/amount'],
    ['{"\\u0061\\u006dount":1e0}', 'amount_not_exact', '/amount'],
    ['{"amount":"1","amount":1.5}', 'amount_not_exact', '/amount'],
    [`${'{"a":'.repeat(20)}{}${'}'.repeat(20)}`, 'invalid_request', '/a'.repeat(20)],
    ['{"a":[0,{"b~/c":"\\u0000"}]}', 'malformed_json', '/a/1/b~0~1c'],
    ['{"a":{"__proto__":1}}', 'unknown_field', '/a/__proto__'],
  ])('refuses %s by code and place', async (text, code, pointer) => {
    const answer = await send(text);
    expect([answer.code, answer.errors?.[0].pointer]).toEqual([code, pointer]);
  });

  it('leaves what providers send as it is, whatever they call it and however the address is written', async () => {
    const kinds: Record<string, string>[] = [
      { 'content-type': 'application/json' },
      { 'content-type': 'text/xml' },
      { 'content-encoding': 'gzip' },
    ];
    for (const headers of kinds) {
      for (const url of ['/callbacks/abc', '/%63allbacks/abc']) {
        const text = '{"amount":1.5, not JSON';
        expect(await send(text, { url, headers })).toEqual({ kind: 'bytes', text });
      }
    }
  });
});
