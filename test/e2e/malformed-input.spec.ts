import { gzipSync } from 'node:zlib';
import { Database } from '../../src/database/database.js';
import { ENTITIES } from '../../src/database/entities.js';
import { describeOnBothDatabases, type DatabaseKind, type TestAnswer } from '../support/gateway.js';
import { toLinkRequest } from '../support/link-stage.js';
import { ApiContract, type DocumentedOperation, type Json } from '../support/openapi.js';
import { DEMO_ACCOUNT, PaymentStage, suppressAddress } from '../support/payments.js';
import { sendRaw, talk, type RawRequest } from '../support/raw-http.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const HUGE = 'x'.repeat(200_000);

/** Bodies that are wrong whatever the route: what they are, and the code that says so. */
const WRONG_BODIES: readonly [string, string | Buffer, string][] = [
  ['no JSON', 'hello', 'malformed_json'],
  ['cut off', '{"amount": "15', 'malformed_json'],
  ['two documents', '{}{}', 'malformed_json'],
  ['JSON with a comment', '{} // yes', 'malformed_json'],
  ['blank', ' \r\n\t', 'malformed_json'],
  ['with a byte order mark', '\ufeff{}', 'malformed_json'],
  ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'malformed_json'],
  ['UTF-16', Buffer.from('{}', 'utf16le'), 'malformed_json'],
  ['with an unescaped NUL', '{"name":"\0"}', 'malformed_json'],
  ['with an escaped NUL', '{"name":"\\u0000"}', 'malformed_json'],
  ['with a NUL in a name', '{"\\u0000":1}', 'malformed_json'],
  ['with half a surrogate pair', '{"name":"\\ud800"}', 'malformed_json'],
  ['with half a surrogate pair in a name', '{"\\udfff":1}', 'malformed_json'],
  ['a list', '[]', 'invalid_request'],
  ['a list of objects', '[{}]', 'invalid_request'],
  ['a number', '1', 'invalid_request'],
  ['a text', '"{}"', 'invalid_request'],
  ['null', 'null', 'invalid_request'],
  ['a truth', 'true', 'invalid_request'],
  ['ten thousand lists in each other', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'invalid_request'],
  ['ten thousand objects in each other', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'invalid_request'],
  ['with an unknown field', '{"nope":1}', 'unknown_field'],
  ['with __proto__', '{"__proto__":{"admin":true}}', 'unknown_field'],
  ['with an escaped __proto__', '{"\\u005f_proto__":{"admin":true}}', 'unknown_field'],
  ['with constructor', '{"constructor":{"prototype":{"admin":true}}}', 'unknown_field'],
  ['of a hundred thousand quotes without an end', `{"amount":"${'\\"'.repeat(100_000)}`, 'malformed_json'],
];

const WRONG_MEDIA: readonly [string, Record<string, string>, string | Buffer][] = [
  ['text', { 'content-type': 'text/plain' }, '{}'],
  ['XML', { 'content-type': 'application/xml' }, '<a/>'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'amount=1'],
  ['an upload', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
  ['JSON in another charset', { 'content-type': 'application/json; charset=iso-8859-1' }, '{}'],
  ['a type that only begins like JSON', { 'content-type': 'application/jsonp' }, '{}'],
  ['a type that is none', { 'content-type': ';;;' }, '{}'],
  ['something without a type', {}, '{}'],
  ['something packed', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync('{}')],
  ['something packed twice', { ...JSON_TYPE, 'content-encoding': 'gzip, br' }, '{}'],
];

/** As they stand in the text of a body. */
const WRONG_AMOUNTS: readonly [string, number, string][] = [
  ...'1e2 1E2 1.0 150.00 1500.0000000000000001 9007199254740993 -9007199254740993 1e400 0.1 1e-7 true false [] {} ["1"]'
    .split(' ')
    .map((text): [string, number, string] => [text, 400, 'amount_not_exact']),
  ...[
    '1,5',
    '１５０',
    '0x10',
    ' 150',
    '150 ',
    '1e2',
    '+1',
    '',
    '.5',
    '5.',
    '--1',
    '007',
    'NaN',
    'Infinity',
    '1 500',
    '1_500',
    '٣',
    '150\\n',
  ].map((text): [string, number, string] => [`"${text}"`, 400, 'amount_not_exact']),
  ...[
    '0',
    '-0',
    '-1',
    '"0"',
    '"0.00"',
    '"-5"',
    '9007199254740991',
    `"${'9'.repeat(40)}"`,
    `"${'9'.repeat(100_000)}"`,
  ].map((text): [string, number, string] => [text, 422, 'amount_out_of_range']),
  ['"0.001"', 422, 'amount_granularity'],
  [`"1.${'0'.repeat(50_000)}"`, 422, 'amount_granularity'],
];

const WRONG_KEYS: readonly [string, string | string[], string][] = [
  ['an empty one', '', 'idempotency_key_required'],
  ['256 characters', 'k'.repeat(256), 'invalid_idempotency_key'],
  ['letters beyond ASCII', 'clé', 'invalid_idempotency_key'],
  ['a tabulator inside', 'a\tb', 'invalid_idempotency_key'],
  ['a quote that is not closed', '"a', 'invalid_idempotency_key'],
  ['nothing in quotes', '""', 'invalid_idempotency_key'],
  ['a quote inside quotes', '"a"b"', 'invalid_idempotency_key'],
  ['two of them', ['a', 'b'], 'invalid_idempotency_key'],
  ['the same twice', ['a', 'a'], 'invalid_idempotency_key'],
];

const WRONG_QUERIES = ['%', '%zz=1', 'limit=%', 'limit=%ff', 'limit=%c3%28', 'limit=%00', '%00=1', 'limit=%ed%a0%80'];

const WRONG_LIMITS = [
  '',
  '0',
  '101',
  '-1',
  'abc',
  '1.5',
  '1e1',
  '0x10',
  '%2010',
  '10%20',
  '+5',
  'NaN',
  '%D9%A3',
  '9'.repeat(400),
];

const WRONG_INSTANTS = [
  'yesterday',
  '2026',
  '2026-01-31',
  '2026-W05-1',
  '2026-031',
  '2026-02-30T00:00:00Z',
  '2026-01-31T25:00:00Z',
  '2026-01-31%2008:00:00',
  '%2B012026-01-31T00:00:00Z',
  '1767225600000',
  '2026-01-31T08:00:00',
];

describeOnBothDatabases('Malformed input', (database) => {
  let stage: PaymentStage;
  let contract: ApiContract;
  let platformKey: string;
  let ids: Record<string, string>;
  let rowsBefore: Record<string, number>;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
    contract = await ApiContract.of(stage.gateway);
    platformKey = (await stage.gateway.createKey(null)).key;
    ids = await createOneOfEach(stage);
    rowsBefore = await countRows();
  });

  // Whatever was sent above, nothing of it was kept, nobody's work was made, and the gateway lives.
  afterAll(async () => {
    expect(await countRows()).toEqual(rowsBefore);
    expect(stage.gateway.log).not.toContain('"level":"error"');
    expect((await stage.gateway.request('GET /health/ready')).status).toBe(200);
    await stage.close();
  });

  async function countRows(): Promise<Record<string, number>> {
    const { read } = stage.gateway.get(Database);
    const counts = await Promise.all(
      ENTITIES.map(async (entity) => [entity.name, await read.count(entity as never)] as const),
    );
    return Object.fromEntries(counts);
  }

  /** Every operation on MySQL too would tell nothing new: what never reaches the database is the same there. */
  const operations = (fits: (operation: DocumentedOperation) => boolean): DocumentedOperation[] => {
    const fitting = contract.operations.filter(fits);
    return database === 'sqlite' ? fitting : fitting.slice(0, 2);
  };

  const keyFor = ({ operation }: DocumentedOperation): string => {
    const needsPlatform = operation.security.every(({ bearer }: Json) => bearer[0] === 'platform');
    return needsPlatform ? platformKey : stage.merchant.key;
  };

  const pathOf = ({ path }: DocumentedOperation, id?: string): string =>
    path.replace('{id}', () => id ?? ids[path.split('/')[2] ?? ''] ?? 'none');

  /** Sends it and insists on a documented problem with this status and code; more than one where several are right. */
  async function refused(
    operation: DocumentedOperation,
    request: Partial<RawRequest>,
    status: number | readonly number[],
    code?: string,
  ): Promise<TestAnswer> {
    const sent = {
      method: operation.method,
      path: pathOf(operation),
      ...request,
      headers: { authorization: `Bearer ${keyFor(operation)}`, 'idempotency-key': 'malformed', ...request.headers },
    };
    const answer = await sendRaw(stage.gateway.baseUrl, sent);
    const subject = `${operation.name} ${JSON.stringify(request).slice(0, 200)} → ${answer.text.slice(0, 400)}`;
    expect([subject, [status].flat().includes(answer.status)]).toEqual([subject, true]);
    expect([subject, answer.body.code]).toEqual([subject, code ?? answer.body.code]);
    expect([subject, contract.findFaults(operation, answer)]).toEqual([subject, []]);
    expect(answer.headers.get('request-id')).toBe(answer.body.requestId);
    expect(answer.body.requestId).toMatch(/^req_[0-9A-Z]{26}$/);
    return answer;
  }

  const takesBody = ({ method }: DocumentedOperation): boolean => method !== 'GET';
  const hasBodySchema = ({ operation }: DocumentedOperation): boolean => operation.requestBody !== undefined;
  const hasId = ({ path }: DocumentedOperation): boolean => path.includes('{id}');
  const takesKey = ({ operation }: DocumentedOperation): boolean =>
    operation.parameters.some(({ name }: Json) => name === 'Idempotency-Key');
  const queryOf = ({ operation }: DocumentedOperation): string[] =>
    operation.parameters.filter((parameter: Json) => parameter.in === 'query').map(({ name }: Json) => name);

  describe('in a body', () => {
    it.each(WRONG_BODIES)('that is %s', async (_, body, code) => {
      for (const operation of operations(takesBody)) {
        const startedAt = performance.now();
        await refused(operation, { headers: JSON_TYPE, body }, 400, code);
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      }
    });

    it.each(WRONG_MEDIA)('that is %s', async (_, headers, body) => {
      for (const operation of operations(takesBody)) {
        await refused(operation, { headers, body }, 415, 'unsupported_media_type');
      }
    });

    it('that is larger than we take, announced or not', async () => {
      const body = JSON.stringify({ name: 'x'.repeat(300_000) });
      for (const operation of operations(takesBody)) {
        await refused(operation, { headers: JSON_TYPE, body }, 413, 'body_too_large');
        const chunked = { ...JSON_TYPE, 'transfer-encoding': 'chunked' };
        await refused(operation, { headers: chunked, body }, 413, 'body_too_large');
      }
    });

    it('that is missing where fields are required', async () => {
      const required = ({ operation }: DocumentedOperation): boolean => {
        const schema = resolve(contract.document, operation.requestBody?.content['application/json'].schema);
        return (schema?.required ?? []).length > 0;
      };
      for (const operation of operations(required)) await refused(operation, {}, 400);
    });

    it('where a field has another type, or is absurdly long, by name', async () => {
      for (const operation of operations(hasBodySchema)) {
        const schema = operation.operation.requestBody.content['application/json'].schema;
        for (const { pointer, body } of listWrongBodies(contract.document, schema)) {
          const startedAt = performance.now();
          const answer = await refused(operation, { headers: JSON_TYPE, body: JSON.stringify(body) }, [400, 422]);
          const named = answer.body.errors.map((fault: Json) => fault.pointer);
          expect([`${operation.name} ${pointer}`, named.some((at: string) => at.startsWith(pointer))]).toEqual([
            `${operation.name} ${pointer}`,
            true,
          ]);
          expect(performance.now() - startedAt).toBeLessThan(1_000);
        }
      }
    });

    it.each(WRONG_AMOUNTS.map(([text, status, code]) => [text.slice(0, 30), text, status, code] as const))(
      'with the amount %s',
      async (_, text, status, code) => {
        const takesAmount = ({ operation }: DocumentedOperation): boolean =>
          resolve(contract.document, operation.requestBody?.content['application/json'].schema)?.properties.amount !==
          undefined;
        for (const operation of operations(takesAmount)) {
          // What is wrong with the amount of a refund beyond its form, its collection decides.
          if (operation.path === '/v1/refunds' && status !== 400) continue;
          const valid = { reference: 'BAD', ...restOf(operation) };
          for (const name of ['"amount"', '"\\u0061mount"', '"amount" \t']) {
            const body = JSON.stringify(valid).replace('{', `{${name}:${text},`);
            const answer = await refused(operation, { headers: JSON_TYPE, body }, status, code);
            expect(answer.body.errors[0].pointer).toBe('/amount');
          }
        }
      },
    );
  });

  describe('in a query', () => {
    it('that names what the route does not know, in both spellings', async () => {
      for (const operation of operations(() => true)) {
        for (const name of ['nope', 'Limit', 'limit[]', '__proto__', 'constructor', '__proto__[admin]']) {
          const answer = await refused(operation, { path: `${pathOf(operation)}?${name}=1` }, 400, 'unknown_field');
          expect(answer.body.errors[0].pointer).toBe(`#query/${name}`);
        }
      }
    });

    it('that says a thing twice', async () => {
      for (const operation of operations((candidate) => queryOf(candidate).length > 0)) {
        for (const name of queryOf(operation)) {
          const path = `${pathOf(operation)}?${name}=1&${name}=1`;
          const answer = await refused(operation, { path }, 400, 'invalid_request');
          expect(answer.body.errors.map(({ pointer }: Json) => pointer)).toEqual([`#query/${name}`]);
        }
      }
    });

    it.each(WRONG_QUERIES)('that is not encoded: %s', async (query) => {
      for (const operation of operations(() => true)) {
        await refused(operation, { path: `${pathOf(operation)}?${query}` }, 400, 'malformed_request');
      }
    });

    it.each(WRONG_LIMITS.map((limit) => [limit.slice(0, 20), limit]))('with the limit "%s"', async (_, limit) => {
      for (const operation of operations((candidate) => queryOf(candidate).includes('limit'))) {
        await refused(operation, { path: `${pathOf(operation)}?limit=${limit}` }, 400, 'invalid_request');
      }
    });

    it('with a cursor that is damaged, foreign or of other filters', async () => {
      const foreign = (await stage.gateway.request('GET /v1/api-keys?limit=1', { key: stage.merchant.key })).body;
      expect(foreign.nextCursor).toEqual(expect.any(String));
      for (const operation of operations((candidate) => queryOf(candidate).includes('cursor'))) {
        const cursors = [
          '',
          'x',
          '%2e%2e',
          'e30',
          Buffer.from('txn_1.x').toString('base64url'),
          `${foreign.nextCursor}x`,
        ];
        if (operation.path !== '/v1/api-keys') cursors.push(foreign.nextCursor);
        for (const cursor of cursors) {
          await refused(operation, { path: `${pathOf(operation)}?cursor=${cursor}` }, 400, 'invalid_cursor');
        }
        await refused(operation, { path: `${pathOf(operation)}?cursor=${'x'.repeat(201)}` }, 400, 'invalid_request');
      }
    });

    it('with an instant that is none', async () => {
      const operation = contract.find('GET', '/v1/transactions');
      for (const name of ['createdFrom', 'createdTo']) {
        for (const text of WRONG_INSTANTS) {
          await refused(operation, { path: `${pathOf(operation)}?${name}=${text}` }, 400, 'invalid_request');
        }
      }
    });

    it('that is longer than addresses can be', async () => {
      for (const operation of operations(() => true)) {
        const path = `${pathOf(operation)}?cursor=${'x'.repeat(20_000)}`;
        await refused(operation, { path }, 431, 'headers_too_large');
      }
    });
  });

  describe('in a path', () => {
    it('an id that is none of ours is not found, however it is written', async () => {
      for (const operation of operations(hasId)) {
        const real = ids[operation.path.split('/')[2] ?? ''] ?? '';
        const wrong = [
          'x',
          '0',
          '-1',
          '..',
          '%2e%2e',
          '%2f',
          '%2F..%2Fetc',
          '%00',
          `${real}%00`,
          `${real}%20`,
          `%20${real}`,
          real.toLowerCase(),
          real.toUpperCase(),
          `${real}0`,
          real.slice(0, -1),
          '%F0%9F%92%B8',
          'é',
          'x'.repeat(290),
          '*',
          '%27%20OR%201=1--',
          '[object%20Object]',
          '__proto__',
          'null',
          ':id',
          '{id}',
        ];
        for (const id of wrong.map(encodeRaw))
          await refused(operation, { path: pathOf(operation, id) }, 404, 'not_found');
      }
    });

    it('an id that is longer than any is too long', async () => {
      for (const operation of operations(hasId)) {
        await refused(operation, { path: pathOf(operation, 'x'.repeat(5_000)) }, 414, 'uri_too_long');
      }
    });

    it('bad percent-encoding is malformed', async () => {
      for (const operation of operations(hasId)) {
        for (const id of ['%', '%zz', '%f', '%ff', '%c3%28']) {
          await refused(operation, { path: pathOf(operation, id) }, 400, 'malformed_request');
        }
      }
    });

    it('a verb that a route does not have leads nowhere', async () => {
      const paths = database === 'sqlite' ? Object.keys(contract.document.paths) : ['/v1/transactions'];
      for (const path of paths) {
        const known = contract.operations.filter((operation) => operation.path === path);
        const [operation] = known;
        if (!operation) continue;
        const methods = 'GET POST PUT PATCH DELETE OPTIONS TRACE PROPFIND SEARCH LOCK'.split(' ');
        for (const method of methods.filter((verb) => !known.some((other) => other.method === verb))) {
          const headers = { authorization: `Bearer ${keyFor(operation)}` };
          const answer = await sendRaw(stage.gateway.baseUrl, { method, path: pathOf(operation), headers });
          expect([method, path, answer.status, answer.body?.code]).toEqual([method, path, 404, 'not_found']);
          expect(answer.headers.get('request-id')).toBe(answer.body.requestId);
        }
      }
    });

    it('HEAD answers as GET does, without the body', async () => {
      for (const operation of operations(({ method }) => method === 'GET')) {
        const headers = { authorization: `Bearer ${keyFor(operation)}` };
        const path = pathOf(operation);
        const [get, head] = await Promise.all(
          ['GET', 'HEAD'].map((method) => sendRaw(stage.gateway.baseUrl, { method, path, headers })),
        );
        expect([operation.name, head?.status, head?.text]).toEqual([operation.name, get?.status, '']);
        expect(head?.headers.get('content-length')).toBe(get?.headers.get('content-length'));
      }
    });

    it.each([
      '/v1',
      '/v1/',
      '/v2/transactions',
      '//v1/transactions',
      '/v1//transactions',
      '/v1/../v1/transactions',
      '/V1/transactions',
      '/v1/transactions;x=1',
      '/%76%31/nothing',
      '/docs/ui/%2e%2e%2fpackage.json',
      '/favicon.ico',
    ])('%s is not found', async (path) => {
      const headers = { authorization: `Bearer ${stage.merchant.key}` };
      const answer = await sendRaw(stage.gateway.baseUrl, { method: 'GET', path, headers });
      expect([answer.status, answer.body.code, answer.headers.get('content-type')]).toEqual([
        404,
        'not_found',
        'application/problem+json; charset=utf-8',
      ]);
    });
  });

  describe('in a header', () => {
    it.each(WRONG_KEYS)('as Idempotency-Key: %s', async (_, key, code) => {
      for (const operation of operations(takesKey)) {
        // Node sends headers as Latin-1.
        await refused(operation, { headers: { ...JSON_TYPE, 'idempotency-key': key }, body: '{}' }, 400, code);
      }
    });

    it('as Authorization', async () => {
      const wrong = [
        '',
        'Bearer',
        'Bearer ',
        `Basic ${stage.merchant.key}`,
        'Bearer mlp_test_x',
        `Bearer ${stage.merchant.key} x`,
        `Bearer ${stage.merchant.key.slice(0, -1)}`,
        `Bearer ${stage.merchant.key}a`,
        `Bearer ${'x'.repeat(10_000)}`,
      ];
      for (const [index, operation] of operations(() => true).entries()) {
        const authorization = wrong[index % wrong.length] ?? '';
        const answer = await refused(operation, { headers: { authorization } }, [401, 429]);
        const waits = answer.status === 429 ? 'retry-after' : 'www-authenticate';
        expect(answer.headers.get(waits)).not.toBeNull();
      }
    });

    it('as a flood', async () => {
      const operation = contract.find('GET', '/v1/transactions');
      const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, 'y']));
      await refused(operation, { headers: many }, 431, 'headers_too_large');
      await refused(operation, { headers: { 'x-long': HUGE } }, 431, 'headers_too_large');
    });

    it('as an expectation that nobody can meet', async () => {
      const operation = contract.find('GET', '/v1/transactions');
      await refused(operation, { headers: { expect: 'a-miracle' } }, 400, 'malformed_request');
    });
  });

  describe('on the wire', () => {
    const lines = (...parts: string[]): string => `${parts.join('\r\n')}\r\n\r\n`;
    const post = (...headers: string[]): string =>
      lines(
        'POST /v1/collections HTTP/1.1',
        'Host: gateway',
        'Content-Type: application/json',
        'Connection: close',
        ...headers,
      );

    it.each([
      ['no HTTP at all', 'hello\r\n\r\n', 400],
      ['random bytes', Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 167) % 256)), 400],
      ['a TLS greeting', Buffer.from('16030100c8010000c40303', 'hex'), 400],
      ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      ['another version', lines('GET /v1/transactions HTTP/9.9', 'Host: a'), 400],
      ['a verb of its own', lines('BREW /v1/transactions HTTP/1.1', 'Host: a'), 400],
      ['no host', lines('GET /v1/transactions HTTP/1.1', 'Connection: close'), 400],
      ['a header without a colon', lines('GET /v1/transactions HTTP/1.1', 'Host: a', 'oops'), 400],
      ['a NUL in a header', lines('GET /v1/transactions HTTP/1.1', 'Host: a', 'x: a\0b'), 400],
      ['a folded header', lines('GET /v1/transactions HTTP/1.1', 'Host: a', 'x: a', ' b'), 400],
      ['a space before the colon', lines('GET /v1/transactions HTTP/1.1', 'Host : a'), 400],
      ['a header of 64 kB', lines('GET /v1/transactions HTTP/1.1', 'Host: a', `x: ${'y'.repeat(65_536)}`), 431],
      ['an address of 64 kB', lines(`GET /${'y'.repeat(65_536)} HTTP/1.1`, 'Host: a'), 431],
      ['two lengths', `${post('Content-Length: 2', 'Content-Length: 3')}{}`, 400],
      ['a length and chunks', `${post('Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
      ['a negative length', `${post('Content-Length: -2')}{}`, 400],
      ['a length that is no number', `${post('Content-Length: 0x2')}{}`, 400],
      ['chunks that are garbage', `${post('Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`, 400],
      ['chunks of a size beyond counting', `${post('Transfer-Encoding: chunked')}${'f'.repeat(17)}\r\n{}\r\n`, 400],
      ['an encoding that is none', `${post('Transfer-Encoding: cow')}{}`, 400],
    ])('%s is answered with a problem', async (_, bytes, status) => {
      const heard = await talk(stage.gateway.baseUrl, bytes);
      const [head = '', body = ''] = heard.split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(head).toMatch(/^content-type: application\/problem\+json/im);
      expect(head.toLowerCase()).toContain(`request-id: ${JSON.parse(body).requestId.toLowerCase()}`);
    });

    it.each([
      ['a body that ends early', `${post('Content-Length: 200')}{"amount":`],
      ['a chunk that ends early', `${post('Transfer-Encoding: chunked')}20\r\n{"amount":`],
      ['headers that end early', 'POST /v1/collections HTTP/1.1\r\nHost: gate'],
      ['nothing', ''],
      ['a tunnel', lines('CONNECT example.com:443 HTTP/1.1', 'Host: example.com:443')],
    ])('%s ends the connection', async (_, bytes) => {
      expect(await talk(stage.gateway.baseUrl, bytes)).toMatch(/^(HTTP\/1\.1 400 [^]*)?$/);
    });

    it('an absolute address and an asterisk are no way round the router', async () => {
      const key = `Authorization: Bearer ${stage.merchant.key}`;
      const ask = (line: string): Promise<string> =>
        talk(stage.gateway.baseUrl, lines(line, 'Host: a', key, 'Connection: close'), { hangUp: false });
      expect(await ask('GET http://evil.example/v1/transactions HTTP/1.1')).toMatch(/^HTTP\/1\.1 (200|404) /);
      expect(await ask('OPTIONS * HTTP/1.1')).toMatch(/^HTTP\/1\.1 40[04] /);
    });

    it('garbage behind a whole request does not take its answer', async () => {
      const headers = [`Authorization: Bearer ${stage.merchant.key}`, 'Host: a'];
      const request = lines('GET /v1/transactions?limit=1 HTTP/1.1', ...headers);
      const heard = await talk(stage.gateway.baseUrl, `${request}garbage\r\n\r\n`, { hangUp: false });
      expect(heard).toMatch(/^HTTP\/1\.1 200 /);
      expect(heard).not.toContain('malformed_request');
    });
  });
});

// What is strange but allowed must come back byte for byte, and must find what it names and nothing else.
describeOnBothDatabases('Unusual input', (database: DatabaseKind) => {
  let stage: PaymentStage;

  beforeAll(async () => {
    stage = await PaymentStage.start({ database });
  });
  afterAll(() => stage.close());

  it.each([
    'facture №7 – café',
    'فاتورة ١',
    '付款',
    '💸',
    "Robert'); DROP TABLE transactions;--",
    '\\u0000',
    '%00',
    '"quoted"',
    'e\u0301lan',
    'élan',
    'Élan',
    '${jndi:ldap://x}',
    '{{7*7}}',
    '<script>alert(1)</script>',
    'null',
    '__proto__',
  ])('%s is kept as it is, and found by nothing else', async (reference) => {
    const { status, body } = await stage.collect({
      reference,
      metadata: { note: reference },
      customer: { phone: stage.freshPhone(), name: reference },
    });
    expect([status, body.reference, body.metadata?.note, body.customer?.name]).toEqual([
      201,
      reference,
      reference,
      reference,
    ]);
    const { body: found } = await stage.gateway.request(
      `GET /v1/transactions?reference=${encodeURIComponent(reference)}`,
      { key: stage.merchant.key },
    );
    expect(found.data.map((row: Json) => row.reference)).toEqual([reference]);
  });

  it.each(['two\nlines', ' blank', 'blank ', 'bell\u0007', 'turned \u202e round', '\u2028', ''])(
    '%j is no reference',
    async (reference) => {
      const { status, body } = await stage.collect({ reference });
      expect([status, body.errors?.[0].pointer]).toEqual([400, '/reference']);
    },
  );
});

async function createOneOfEach(stage: PaymentStage): Promise<Record<string, string>> {
  const post = async (route: string, body: object, key = stage.merchant.key): Promise<string> => {
    const answer = await stage.gateway.request(`POST ${route}`, { key, body });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body.id;
  };
  const settings = { ...DEMO_ACCOUNT.settings, baseUrl: stage.mpesa.baseUrl };
  const link = await post('/v1/payment-links', toLinkRequest());
  // The secret is made when it is first needed.
  await stage.gateway.request('GET /v1/signing-secret', { key: stage.merchant.key });
  await post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:8099/', events: ['*'] });
  const collection = await stage.collect({ customer: { phone: stage.freshPhone(), email: 'mine@example.com' } });
  await stage.until(collection.body.id, ['succeeded']);
  await suppressAddress(stage);
  const emails = await stage.gateway.request('GET /v1/emails', { key: stage.merchant.key });
  const suppressions = await stage.gateway.request('GET /v1/email-suppressions', { key: stage.merchant.key });
  const deliveries = await stage.gateway.request('GET /v1/webhook-deliveries', { key: stage.merchant.key });
  const { keyId } = await stage.gateway.createKey(stage.merchant.id);
  const endpoints = await stage.gateway.request('GET /v1/webhook-endpoints', { key: stage.merchant.key });
  // Nothing may be under way any more, or rows would come by themselves.
  await stage.gateway.request(`PATCH /v1/webhook-endpoints/${endpoints.body.data[0].id}`, {
    key: stage.merchant.key,
    body: { enabled: false },
  });
  const callbacks = await stage.gateway.request('GET /v1/callbacks', { key: stage.merchant.key });
  // The row that counts positions comes with the first of them.
  const listEvents = () => stage.gateway.request('GET /v1/events', { key: stage.merchant.key });
  let events = await listEvents();
  while (events.body.data.length === 0) {
    await stage.pass(25);
    events = await listEvents();
  }
  return {
    transactions: collection.body.id,
    'payment-links': link,
    callbacks: callbacks.body.data[0].id,
    'provider-accounts': await post('/v1/provider-accounts', { ...DEMO_ACCOUNT, settings, enabled: false }),
    'webhook-endpoints': endpoints.body.data[0].id,
    'webhook-deliveries': deliveries.body.data[0].id,
    events: events.body.data[0].id,
    emails: emails.body.data[0].id,
    'email-suppressions': suppressions.body.data[0].id,
    'api-keys': keyId,
    merchants: stage.merchant.id,
  };
}

/** For each field of a body schema, bodies in which it alone is wrong. */
function listWrongBodies(document: Json, given: Json, pointer = ''): { pointer: string; body: Json }[] {
  // What may be null is one of two.
  const schema = given.anyOf?.[0] ?? given;
  const { properties = {} } = resolve(document, schema) ?? {};
  const valid = sampleOf(document, schema);
  return Object.entries<Json>(properties).flatMap(([name, property]) => {
    const at = `${pointer}/${name}`;
    const shallow = wrongValuesOf(resolve(document, property)).map((value) => ({
      pointer: at,
      body: { ...valid, [name]: value },
    }));
    const deep = listWrongBodies(document, property, at).map((wrong) => ({
      pointer: wrong.pointer,
      body: { ...valid, [name]: wrong.body },
    }));
    return [...shallow, ...deep];
  });
}

function wrongValuesOf(schema: Json): unknown[] {
  const choices: Json[] | undefined = schema.oneOf ?? schema.anyOf;
  const types: string[] = choices?.map(({ type }) => type ?? 'object') ?? [schema.type ?? 'object'].flat();
  const byType: Record<string, unknown> = {
    string: schema.enum ? 'no such value' : HUGE,
    integer: 1.5,
    number: 1,
    boolean: true,
    array: [null],
    object: { nope: 1 },
    null: null,
  };
  const others = Object.entries(byType).filter(
    ([type]) => !types.includes(type) && !(type === 'number' && types.includes('integer')),
  );
  // An object that takes any member takes this one too; amounts and arrays have cases of their own.
  const own = types.filter((type) => type === 'string' || type === 'integer').map((type) => byType[type]);
  const bounds = [schema.minimum, schema.maximum].flatMap((bound, index) =>
    typeof bound === 'number' ? [index === 0 ? bound - 1 : bound + 1] : [],
  );
  return [...others.map(([, value]) => value), ...own, ...bounds];
}

/** A body in which everything is as the schema says. */
function sampleOf(document: Json, reference: Json): Json {
  const schema = resolve(document, reference);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.properties) {
    return Object.fromEntries(
      (schema.required ?? []).map((name: string) => [name, sampleOf(document, schema.properties[name])]),
    );
  }
  return { string: 'text', integer: schema.minimum ?? 1, boolean: true, array: [] as Json[], object: {} }[
    [schema.type].flat()[0] as string
  ];
}

function resolve(document: Json, schema: Json): Json {
  const reference = schema?.$ref ?? schema?.allOf?.[0]?.$ref;
  return reference === undefined ? schema : document.components.schemas[reference.split('/').at(-1)];
}

// A client that sends these bytes raw exists; Node's does not let us, so they are encoded as browsers do.
function encodeRaw(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/** What the operation wants beside a reference and an amount. */
function restOf({ path }: DocumentedOperation): object {
  if (path === '/v1/refunds') return { transactionId: 'txn_01ARZ3NDEKTSV4RRFFQ69G5FAV' };
  if (path === '/v1/payment-links') {
    const shop = 'https://shop.example/';
    return { itemName: 'Maize', currency: 'KES', successUrl: shop, failureUrl: shop };
  }
  const party = { phone: '+254712000001' };
  const movement = { currency: 'KES', method: 'mpesa_ke' };
  return path === '/v1/payouts'
    ? { ...movement, recipient: party, purpose: 'other' }
    : { ...movement, customer: party };
}
