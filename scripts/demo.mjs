// `npm run demo`: a plain HTTP client that asks simulated customers for money and shows what everyone says about it.
// It talks to the gateway that data/demo.json names; where none answers it starts one of its own and ends it again.
// Ends with 0 only if the timeline, the signed webhook, the verify call and the provider's own book agree.
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGatewayProcess } from './gateway-process.mjs';
import { startWebhookReceiver } from './webhook-receiver.mjs';

const pollMs = 200;
const storyLimitMs = 40_000;
const finalStatuses = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed'];

const stories = [
  {
    title: 'A customer types the PIN',
    answer: 'pin',
    expected: { status: 'succeeded', agreement: 'agree', transfers: 1 },
  },
  {
    title: 'A customer says no',
    answer: 'cancel',
    expected: { status: 'cancelled', agreement: 'agree', transfers: 0 },
  },
  {
    title: 'A customer pays, and the callback never comes: we ask the provider',
    answer: 'pin',
    faults: { callbackDrop: 1 },
    expected: { status: 'succeeded', agreement: 'single_source', transfers: 1 },
  },
];

const paint =
  process.stdout.isTTY && !process.env.NO_COLOR ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : (_, text) => text;
const bold = (text) => paint(1, text);
const dim = (text) => paint(2, text);
const good = (text) => paint(32, text);
const bad = (text) => paint(31, text);

const undo = [];
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void tidyUp().then(() => process.exit(130)));
try {
  process.exitCode = await main();
} catch (error) {
  console.error(bad(error.message));
  process.exitCode = 1;
} finally {
  await tidyUp();
}

async function main() {
  const demo = await findGateway();
  const gateway = createClient(demo.baseUrl, demo.apiKey);
  const phones = createClient(demo.simulators.mpesa);
  const receiver = await startWebhookReceiver();
  undo.push(() => receiver.close());
  const endpoint = await gateway('POST /v1/webhook-endpoints', { url: receiver.url, events: ['collection.*'] });
  undo.push(() => gateway(`DELETE /v1/webhook-endpoints/${endpoint.id}`));
  receiver.trust(endpoint.secret);

  const findings = [];
  for (const story of stories) findings.push(...(await play(story, { gateway, phones, receiver })));
  if (findings.length === 0) {
    console.log(`\n${good('Timeline, webhooks, verification and the provider’s book agree.')}`);
    return 0;
  }
  console.log(`\n${bad('They do not agree:')}\n${findings.map((finding) => `  ${finding}`).join('\n')}`);
  return 1;
}

/** Tells one story as it happens, and answers what does not fit together. */
async function play({ title, answer, faults, expected }, { gateway, phones, receiver }) {
  console.log(`\n${bold(title)}`);
  const phone = `2547${randomInt(10, 99)}${randomInt(100_000, 999_999)}`;
  if (faults) {
    await phones('PUT /_control/faults', faults);
    undo.push(() => Promise.all(Object.keys(faults).map((name) => phones(`DELETE /_control/faults/${name}`))));
  }
  const created = await gateway(
    'POST /v1/collections',
    {
      reference: `DEMO-${randomUUID().slice(0, 8)}`,
      amount: '150.00',
      currency: 'KES',
      method: 'mpesa_ke',
      customer: { phone: `+${phone}` },
    },
    { 'idempotency-key': randomUUID() },
  );
  console.log(dim(`  ${created.id}: ${created.amount} ${created.currency} from +${phone}`));
  const [{ transaction, timeline }] = await Promise.all([
    follow(gateway, created),
    phones(`POST /_control/phones/${phone}/answer`, { action: answer, waitMs: 10_000 }),
  ]);
  const webhook = await findWebhook(receiver, transaction);
  console.log(
    webhook
      ? `  webhook  ${webhook.type}, version ${webhook.data.version}, ${good('signature valid')}`
      : `  webhook  ${bad('none that fits')} ${receiver.refused.join(', ')}`,
  );
  const verified = await gateway(`POST /v1/transactions/${created.id}/verify`);
  const says = verified.evidence.map(({ source, says: word }) => `${source} ${word}`).join(', ');
  console.log(`  verify   ${verified.transaction.status}, ${verified.agreement} ${dim(`(${says})`)}`);
  const transfers = (await phones('GET /_control/transfers')).filter(({ party }) => party === phone);
  console.log(`  book     ${transfers.length === 0 ? 'no money moved' : toWords(transfers)}`);

  const lastMove = timeline.findLast(({ from, to }) => from !== to);
  return [
    ['status', transaction.status, expected.status],
    ['timeline', lastMove?.to, expected.status],
    ['webhook', webhook?.data.status, expected.status],
    ['verify', verified.transaction.status, expected.status],
    ['agreement', verified.agreement, expected.agreement],
    ['transfers in the provider’s book', transfers.length, expected.transfers],
  ]
    .filter(([, found, wanted]) => found !== wanted)
    .map(([what, found, wanted]) => `${title}: ${what} is ${found}, not ${wanted}`);
}

/** Prints each line of the timeline when it appears, until the transaction is final. */
async function follow(gateway, { id, createdAt }) {
  const since = Date.now();
  const seen = new Set();
  for (;;) {
    const transaction = await gateway(`GET /v1/transactions/${id}`);
    const timeline = (await gateway(`GET /v1/transactions/${id}/events?limit=100`)).data.reverse();
    for (const line of timeline) {
      if (!seen.has(line.id)) console.log(toTimelineLine(line, createdAt));
      seen.add(line.id);
    }
    if (finalStatuses.includes(transaction.status)) return { transaction, timeline };
    if (Date.now() - since > storyLimitMs) {
      throw new Error(`${id} is still ${transaction.status} after ${storyLimitMs / 1_000} s.`);
    }
    await pause();
  }
}

function toTimelineLine({ at, from, to, evidence }, createdAt) {
  const seconds = `+${((Date.parse(at) - Date.parse(createdAt)) / 1_000).toFixed(1)} s`;
  const move = from === to ? dim(to.padEnd(25)) : `${from} → ${colourOf(to)(to)}`.padEnd(25 + colourOf(to)('').length);
  const { source, says, providerMessage, detail, receipt } = evidence;
  const words = [`${source} says ${says}`, receipt && `receipt ${receipt}`, providerMessage ?? detail].filter(Boolean);
  return `  ${seconds.padStart(7)}  ${move}  ${dim(words.join(' · '))}`;
}

function colourOf(status) {
  if (status === 'succeeded') return good;
  return finalStatuses.includes(status) ? bad : (text) => text;
}

function toWords(transfers) {
  return transfers.map(({ amount, currency, receipt }) => `${amount} ${currency} moved, receipt ${receipt}`).join('; ');
}

/** The message about this transaction as it is now. It may take a moment, and others come before it. */
async function findWebhook({ received }, { id, version }) {
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += pollMs) {
    const found = received.find(({ data }) => data.id === id && data.version === version);
    if (found) return found;
    await pause();
  }
  return undefined;
}

/** The gateway that demo.json names, if it answers and knows the key; else one of our own. */
async function findGateway() {
  const file = join(process.env.MALIPO_DATA_DIR ?? 'data', 'demo.json');
  try {
    const demo = JSON.parse(readFileSync(file, 'utf8'));
    await createClient(demo.baseUrl, demo.apiKey)('GET /v1/transactions?limit=1');
    await createClient(demo.simulators.mpesa)('GET /_control/health');
    console.log(`Playing on ${demo.baseUrl} (${file}).`);
    return demo;
  } catch {
    console.log('No gateway of yours answers: starting one on a temporary folder.');
    const { demo, stop } = await startGatewayProcess();
    undo.push(stop);
    return demo;
  }
}

function createClient(baseUrl, key) {
  return async (route, body, headers = {}) => {
    const [method, path] = route.split(' ');
    const answer = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${route} answered ${answer.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, pollMs));
}

/** Undoes what was done, the latest first, whatever fails. */
async function tidyUp() {
  for (let step = undo.pop(); step; step = undo.pop()) {
    await step().catch((error) => console.error(dim(`Could not tidy up: ${error.message}`)));
  }
}
