import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startMonerooSimulator } from '#libs/simulators/moneroo';
import { findDialCode, METHODS } from './methods.js';

const DATASET = 'libs/providers/moneroo/data/methods.json';
const run = promisify(execFile);

describe('methods', () => {
  it('offers every documented payout, and the payments that belong to a phone', () => {
    const codes = (kind: string) => METHODS.filter((method) => method.kind === kind).map(({ code }) => code);
    expect(codes('payout')).toHaveLength(44);
    expect(codes('collection')).toContain('mpesa_ke');
    expect(codes('collection').filter((code) => /^(card|crypto|bank|qr|ussd)_/.test(code))).toEqual([]);
  });

  it.each([
    [
      'mtn_bj',
      'payout',
      { country: 'BJ', currency: 'XOF', requiredFields: ['email', 'firstName', 'lastName'], flow: 'direct' },
    ],
    ['mtn_bj', 'collection', { country: 'BJ', currency: 'XOF', flow: 'redirect' }],
    ['togocel', 'payout', { country: 'TG', currency: 'XOF', operator: 'Togocel' }],
    ['moneroo_payout_demo', 'payout', { country: 'US', requiredFields: expect.arrayContaining(['account_number']) }],
  ])('%s as a %s', (code, kind, expected) => {
    expect(METHODS.find((method) => method.code === code && method.kind === kind)).toMatchObject(expected);
  });

  it('knows the calling code of every method on offer', () => {
    expect(
      METHODS.filter(({ code }) => !/^[1-9]\d{0,2}$/.test(findDialCode(code) ?? '')).map(({ code }) => code),
    ).toEqual([]);
  });
});

describe('npm run refresh:moneroo', () => {
  const folder = mkdtempSync(join(tmpdir(), 'moneroo-methods-'));
  const file = join(folder, 'methods.json');
  afterAll(() => rmSync(folder, { recursive: true }));

  it('writes what the catalogues list, prints each difference, and leaves a dataset that is up to date alone', async () => {
    const simulator = await startMonerooSimulator();
    const refresh = () =>
      run('node', ['scripts/refresh-moneroo.mjs', '--base-url', simulator.baseUrl, '--file', file, '--key', 'k']);
    try {
      const dataset = JSON.parse(readFileSync(DATASET, 'utf8')) as { methods: { code: string; currency: string }[] };
      const methods = dataset.methods.filter(({ code }) => code !== 'wave_sn');
      for (const method of methods) if (method.code === 'mtn_bj') method.currency = 'XAF';
      const gone = { ...dataset.methods[0], code: 'gone_bj' };
      writeFileSync(file, JSON.stringify({ ...dataset, methods: [...methods, gone] }));

      const { stdout } = await refresh();
      expect(stdout).toContain('- gone_bj');
      expect(stdout).toContain('+ wave_sn');
      expect(stdout).toContain('~ mtn_bj.currency: "XAF" → "XOF"');
      expect((await refresh()).stdout).toContain('as Moneroo lists it');

      const before = readFileSync(file, 'utf8');
      simulator.setFaults({ catalogueError: true });
      await expect(refresh()).rejects.toThrow('HTTP 500');
      expect(readFileSync(file, 'utf8')).toBe(before);
    } finally {
      await simulator.close();
    }
  });
});
