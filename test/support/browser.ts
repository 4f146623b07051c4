import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = process.env.TEST_CHROMIUM ?? '/usr/bin/chromium';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** The same tests in a real browser where there is one (`TEST_CHROMIUM` names another); reported as skipped elsewhere. */
export function describeInBrowser(name: string, tests: (open: () => Promise<Browser>) => void): void {
  const open = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  if (existsSync(CHROMIUM)) describe(name, () => tests(open));
  else describe.skip(name, () => tests(open));
}
