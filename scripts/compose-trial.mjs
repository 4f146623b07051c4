// What `npm start` does for a person who tries Malipo, for docker-compose.yml: a demo merchant that is connected to the
// simulators, which are containers of their own there. Run again it keeps the merchant and its key.
//   node scripts/compose-trial.mjs <address of the API> <provider>=<address of its simulator> …
import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SIMULATORS } from '../dist/src/first-run/simulators.js';

const admin = fileURLToPath(new URL('../dist/src/admin/main.js', import.meta.url));
const answerLimitMs = 30_000;
const file = join(process.env.MALIPO_DATA_DIR ?? 'data', 'trial.json');

const [api, ...pairs] = process.argv.slice(2);
const simulators = Object.fromEntries(pairs.map((pair) => pair.split('=')));

const apiKey = (await findWorkingKey()) ?? (await createMerchant());
await connectSimulators(apiKey);
console.log(toBanner(apiKey));

/** The key of an earlier run, where the gateway still knows it; the database may have been thrown away since. */
async function findWorkingKey() {
  const kept = readKept();
  if (kept === undefined) return undefined;
  const { status } = await call('GET', '/v1/merchant', kept);
  return status === 200 ? kept : undefined;
}

function readKept() {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).apiKey;
  } catch {
    return undefined; // A first run, or a file that was cut short: made anew.
  }
}

async function createMerchant() {
  const merchant = await runAdmin('create-merchant', '--name', 'Demo Shop');
  const { secret } = await runAdmin('create-key', '--merchant', merchant.id, '--mode', 'test', '--name', 'Demo');
  writeFileSync(`${file}.new`, JSON.stringify({ apiKey: secret }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secret;
}

/** One account for each simulator that has none yet, so that a run that was cut short is finished by the next. */
async function connectSimulators(key) {
  const { body } = await expectStatus(200, 'GET', '/v1/provider-accounts', key);
  for (const [provider, baseUrl] of Object.entries(simulators)) {
    const plan = SIMULATORS.find((simulator) => simulator.provider === provider);
    if (plan === undefined) throw new Error(`There is no simulator of ${provider}.`);
    const known = body.data.find((account) => account.provider === provider);
    const account = known ?? (await createAccount(key, plan, baseUrl));
    if (plan.webhooksPath) await enterWebhook(plan, baseUrl, account.webhookUrl);
  }
}

async function createAccount(key, { provider, account: { credentials, settings, priority } }, baseUrl) {
  const account = { provider, credentials, settings: { ...settings, baseUrl }, priority };
  const created = await expectStatus(201, 'POST', '/v1/provider-accounts', key, account);
  const check = await expectStatus(200, 'POST', `/v1/provider-accounts/${created.body.id}/check`, key);
  if (check.body.status !== 'ok') throw new Error(`The simulator of ${provider} says: ${JSON.stringify(check.body)}`);
  return created.body;
}

/** What one would enter in the dashboard of the real provider. */
async function enterWebhook({ provider, account, webhooksPath }, baseUrl, url) {
  const answer = await fetch(`${baseUrl}${webhooksPath}`, {
    method: 'PUT',
    body: JSON.stringify([{ url, secret: account.credentials.webhookSecret }]),
    signal: AbortSignal.timeout(answerLimitMs),
  });
  if (!answer.ok) throw new Error(`The simulator of ${provider} refused the webhook: ${await answer.text()}`);
}

async function expectStatus(expected, ...request) {
  const answer = await call(...request);
  if (answer.status === expected) return answer;
  throw new Error(`${request[0]} ${request[1]} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

async function call(method, path, key, body) {
  const answer = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(answerLimitMs),
  });
  return { status: answer.status, body: await answer.json() };
}

async function runAdmin(...words) {
  const { stdout } = await promisify(execFile)(process.execPath, [admin, ...words, '--json'], {
    timeout: answerLimitMs * 4,
  });
  return JSON.parse(stdout);
}

function toBanner(key) {
  const marker = Date.now().toString(36);
  const body = JSON.stringify({
    reference: `ORDER-${marker}`,
    amount: '150.00',
    currency: 'KES',
    method: 'mpesa_ke',
    customer: { phone: '+254700000123' },
  });
  return `
The trial is ready. Ask a simulated customer for money (the ports are those of .env, unless they were changed):

  curl -X POST http://127.0.0.1:3000/v1/collections \\
    -H 'Authorization: Bearer ${key}' \\
    -H 'Idempotency-Key: order-${marker}' \\
    -H 'Content-Type: application/json' \\
    -d '${body}'

  Documentation  http://127.0.0.1:3000/docs
  Phones         http://127.0.0.1:4000/phones (M-Pesa), http://127.0.0.1:4001/phones (Moneroo),
                 http://127.0.0.1:4002/phones (DExchange)
  E-mails        http://127.0.0.1:8025
`;
}
