import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDemoFile, writeDemoFile, type Demo } from './demo-file.js';

const DEMO: Demo = {
  baseUrl: 'http://127.0.0.1:3000',
  apiKey: 'mlp_test_a',
  approverKey: 'mlp_test_b',
  simulators: { mpesa: 'http://127.0.0.1:40000' },
  providerAccounts: { mpesa: 'pac_1' },
};

describe('demo.json', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-demo-file-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('says again what was written, to its owner alone', () => {
    writeDemoFile(folder, { ...DEMO, apiKey: 'mlp_test_old' });
    writeDemoFile(folder, DEMO);
    expect(readDemoFile(folder)).toEqual(DEMO);
    expect(statSync(join(folder, 'demo.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['demo.json']);
  });

  it('is written over what a start that was killed left half written', () => {
    writeFileSync(join(folder, 'demo.json.new'), '{');
    writeDemoFile(folder, DEMO);
    expect(readDemoFile(folder)).toEqual(DEMO);
  });

  it.each([
    ['no file', undefined],
    ['no JSON', '{'],
    ['something else', '{"baseUrl":"here"}'],
  ])('is as if it were not there: %s', (_, text) => {
    if (text !== undefined) writeFileSync(join(folder, 'demo.json'), text);
    expect(readDemoFile(folder)).toBeUndefined();
  });
});
