import { DataSource } from 'typeorm';
import { toDataSourceOptions } from '../src/database/data-source.js';
import { describeOnBothDatabases } from '../test/support/databases.js';
import { createPlace } from '../test/support/open-database.js';
import { quantile, runLoad, toBody } from './load.js';
import { readOptions } from './options.js';
import { withSection } from './page.js';
import { median, toSection, toTable, type Standing } from './report.js';
import { CONTESTANTS, getContestant } from './servers/contestants.js';

const TABLES = ['idempotency_records', 'transactions', 'events', 'jobs'];
const EVERY_TABLE = [...TABLES, 'reference_keys', 'phone_guards'];

describeOnBothDatabases('The bench', (kind) => {
  const contestants = CONTESTANTS.filter(({ database }) => database === kind);

  it.each(contestants.map(({ name }) => name))(
    '%s accepts requests durably, and answers each with a 201',
    async (name) => {
      const { settings, drop } = await createPlace(kind);
      try {
        const server = await getContestant(name).start(settings);
        const load = {
          baseUrl: server.baseUrl,
          apiKey: server.apiKey,
          connections: 3,
          durationMs: 100,
          firstNumber: 1,
        };
        const result = await runLoad(load);
        expect({ ...result, latenciesMs: undefined }).toMatchObject({ refused: 0, firstRefusal: undefined });
        expect(result.accepted).toBeGreaterThanOrEqual(3);
        expect(result.latenciesMs).toHaveLength(result.accepted);
        const wrong = await runLoad({ ...load, apiKey: `${server.apiKey.slice(0, -1)}x`, firstNumber: 100_000 });
        expect(wrong).toMatchObject({ accepted: 0, firstRefusal: expect.stringContaining(' 401 ') });
        await server.close();

        const source = await new DataSource(await toDataSourceOptions(settings)).initialize();
        const counts = await Promise.all(
          EVERY_TABLE.map(async (table) => {
            const [row] = await source.query<{ n: string }[]>(`SELECT COUNT(*) AS n FROM ${table}`);
            return [table, Number(row?.n)] as const;
          }),
        );
        await source.destroy();
        const least = /gateway|every-row/.test(name) ? EVERY_TABLE : TABLES;
        for (const [table, count] of counts) {
          if (least.includes(table)) expect([table, count >= result.accepted]).toEqual([table, true]);
        }
      } finally {
        await drop();
      }
    },
  );
});

describe('The load', () => {
  it('sends bodies of which no two share a reference or a phone', () => {
    const bodies = Array.from({ length: 1_000 }, (_, index) => JSON.parse(toBody(index)));
    expect(new Set(bodies.map((body) => body.reference)).size).toBe(1_000);
    expect(new Set(bodies.map((body) => body.customer.phone)).size).toBe(1_000);
    expect(Buffer.byteLength(toBody(123_456))).toBeGreaterThan(380);
    expect(Buffer.byteLength(toBody(123_456))).toBeLessThan(480);
  });

  it('tells when nobody answers', async () => {
    const load = { baseUrl: 'http://127.0.0.1:1', apiKey: '', connections: 1, durationMs: 10, firstNumber: 1 };
    await expect(runLoad(load)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('The report', () => {
  const standing = (name: string, perSecond: number[]): Standing => ({
    contestant: getContestant(name),
    rounds: perSecond.map((value) => ({ perSecond: value, p50Ms: 10, p99Ms: 20, cpuUs: 100 })),
  });

  it('takes medians, and ratios round by round', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect(quantile(Float64Array.of(1, 2, 3, 4), 0.5)).toBe(3);
    // The machine was half as fast in the second round, for both.
    const table = toTable([standing('mysql-floor', [1000, 500, 1000]), standing('mysql-gateway', [2000, 1000, 2200])]);
    expect(table).toContain('| 2,000 | 2.00 |');
    expect(table).toContain('| 1,000 | 1.00 |');
  });

  it('says how it was made', () => {
    const options = readOptions(['--seconds', '5', '--only', 'mysql-floor,mysql-gateway'], 'mysql://x');
    if (options === 'help') throw new Error('That was no question for help.');
    expect(options.contestants.map(({ name }) => name)).toEqual(['mysql-floor', 'mysql-gateway']);
    const { text } = toSection([standing('mysql-floor', [1000])], options, 'MariaDB', '2026-11-22');
    expect(text).toContain('npm run bench -- --seconds 5 --rounds 3 --connections 64 --warm-up 3 --write');
    expect(text).toContain('on 2026-11-22');
  });

  it('keeps what another command wrote on the page', () => {
    const first = withSection('', { heading: 'Requests', text: 'old requests' });
    const both = withSection(first, { heading: 'Deliveries', text: 'deliveries\n\n### one dead\n\nmore' });
    const page = withSection(both, { heading: 'Requests', text: 'new requests' });
    expect(page.startsWith('# Benchmarks\n')).toBe(true);
    expect(page.slice(page.indexOf('## '))).toBe(
      '## Requests\n\nnew requests\n\n## Deliveries\n\ndeliveries\n\n### one dead\n\nmore\n',
    );
  });

  it.each([[['--only', 'nobody']], [['--seconds', 'x']], [['--rounds', '0']], [['--nope']]])('refuses %j', (given) => {
    expect(() => readOptions(given, '')).toThrow();
  });
});
