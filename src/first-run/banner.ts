import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { Demo } from './demo-file.js';

/** What a person who started the gateway for the first time wants to know, and a line to try at once. */
export function toBanner(demo: Demo, { dataDir, smtp }: Pick<Settings, 'dataDir' | 'smtp'>, marker: string): string {
  const phones = Object.entries(demo.simulators).map(([provider, url]) => `    ${provider.padEnd(14)}${url}/phones`);
  const body = JSON.stringify({
    reference: `ORDER-${marker}`,
    amount: '150.00',
    currency: 'KES',
    method: 'mpesa_ke',
    customer: { phone: '+254700000123', email: 'customer@example.com' },
  });
  return `
Malipo is ready.

  API             ${demo.baseUrl}
  Documentation   ${demo.baseUrl}/docs
  Phones          of simulated customers, with what each one is asked, has paid and was paid
${phones.join('\n')}
  E-mails         ${demo.baseUrl}/v1/emails
                  ${smtp ? `sent through ${smtp.host}` : 'kept and not sent, for want of SMTP_URL'}; look at one with /v1/emails/{id}/preview
  API key         ${demo.apiKey}
                  kept with the others in ${toShortPath(path.join(dataDir, 'demo.json'))}

Ask a simulated customer for money, here by M-Pesa:

  curl -X POST ${demo.baseUrl}/v1/collections \\
    -H 'Authorization: Bearer ${demo.apiKey}' \\
    -H 'Idempotency-Key: order-${marker}' \\
    -H 'Content-Type: application/json' \\
    -d '${body}'

Left alone, the phone approves after a few seconds. README.md goes on from there, with a payout and a refund; npm run demo,
in another terminal, plays all of it. No real money moves. Ctrl-C stops everything; the data stays in ${toShortPath(dataDir)}.

`;
}

/** As one would type it here, where that is shorter to read. */
function toShortPath(absolute: string): string {
  const relative = path.relative(process.cwd(), absolute);
  return relative.startsWith('..') ? absolute : relative || '.';
}
