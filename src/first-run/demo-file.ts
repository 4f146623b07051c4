import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const Demo = z.object({
  /** Where the gateway listens. */
  baseUrl: z.url(),
  /** The demo merchant's key: everything that a merchant may do. */
  apiKey: z.string(),
  /** Another person's key of the same merchant, for what two must agree on. */
  approverKey: z.string(),
  /** Where each simulator listens, by provider. */
  simulators: z.record(z.string(), z.url()),
  /** The demo merchant's account at each simulator, by provider. */
  providerAccounts: z.record(z.string(), z.string()),
});

/** `demo.json`: all that a program on this machine needs to try the gateway. */
export type Demo = z.infer<typeof Demo>;

/** What an earlier start wrote. Undefined where there is nothing that can be used; then everything is made anew. */
export function readDemoFile(dataDir: string): Demo | undefined {
  try {
    return Demo.parse(JSON.parse(readFileSync(toPath(dataDir), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole, so that no reader sees half of it. Only its owner may read it. */
export function writeDemoFile(dataDir: string, demo: Demo): void {
  const draft = `${toPath(dataDir)}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(demo, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, toPath(dataDir));
}

function toPath(dataDir: string): string {
  return path.join(dataDir, 'demo.json');
}
