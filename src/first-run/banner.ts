import path from 'node:path';
import type { Demo } from './demo-file.js';

/** What a person who started the gateway for the first time wants to know, and a line to try at once. */
export function toBanner(demo: Demo, dataDir: string, marker: string): string {
  const phones = Object.entries(demo.simulators).map(
    ([provider, url]) =>
      `  Phones (${provider})  ${url}/phones\n                  where the simulated customers answer`,
  );
  const body = JSON.stringify({
    reference: `ORDER-${marker}`,
    amount: '150.00',
    currency: 'KES',
    method: 'mpesa_ke',
    customer: { phone: '+254700000123' },
  });
  return `
Malipo is ready.

  API             ${demo.baseUrl}
  Documentation   ${demo.baseUrl}/docs
${phones.join('\n')}
  API key         ${demo.apiKey}
                  kept with the others in ${toShortPath(path.join(dataDir, 'demo.json'))}

Ask a simulated customer for money:

  curl -X POST ${demo.baseUrl}/v1/collections \\
    -H 'Authorization: Bearer ${demo.apiKey}' \\
    -H 'Idempotency-Key: order-${marker}' \\
    -H 'Content-Type: application/json' \\
    -d '${body}'

Left alone, the phone approves after a few seconds. Ctrl-C stops everything; the data stays in ${toShortPath(dataDir)}.

`;
}

/** As one would type it here, where that is shorter to read. */
function toShortPath(absolute: string): string {
  const relative = path.relative(process.cwd(), absolute);
  return relative.startsWith('..') ? absolute : relative || '.';
}
