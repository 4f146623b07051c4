// `npm run demo`: a plain HTTP client that takes money from simulated customers, pays salaries and pays an order back,
// by three simulated providers, and shows what everyone says about it. It talks to the gateway that data/demo.json names;
// where none answers it starts one of its own and ends it again.
// Ends with 0 only if the timeline, the signed webhook, the verify call and the provider's own book agree.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stories, toParty } from './demo-stories.mjs';
import { bad, bold, dim, finalStatuses, good, toBookLine, toTimelineLine } from './demo-words.mjs';
import { startGatewayProcess } from './gateway-process.mjs';
import { startWebhookReceiver } from './webhook-receiver.mjs';

const pollMs = 200;
const storyLimitMs = 40_000;

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
  const receiver = await startWebhookReceiver();
  undo.push(() => receiver.close());
  const endpoint = await gateway('POST /v1/webhook-endpoints', {
    url: receiver.url,
    events: ['collection.*', 'payout.*', 'refund.*'],
  });
  undo.push(() => gateway(`DELETE /v1/webhook-endpoints/${endpoint.id}`));
  receiver.trust(endpoint.secret);

  const told = [];
  const findings = [];
  for (const story of stories) {
    const simulator = createClient(demo.simulators[story.provider]);
    findings.push(...(await play(story, { gateway, simulator, receiver, told })));
  }
  console.log(`\n${dim('Every provider here is simulated: no real money moved.')}`);
  if (findings.length === 0) {
    console.log(good('Timelines, webhooks, verification and the providers’ books agree.'));
    return 0;
  }
  console.log(`${bad('They do not agree:')}\n${findings.map((finding) => `  ${finding}`).join('\n')}`);
  return 1;
}

/** Tells one story as it happens, adds its transaction to `told`, and answers what does not fit together. */
async function play(story, { gateway, simulator, receiver, told }) {
  console.log(`\n${bold(story.title)}`);
  if (story.faults) await switchOn(simulator, story.faults);
  const created = await (story.open ?? order)({ gateway, told, story });
  told.push(created);
  const { id, amount, currency, kind, method } = created;
  console.log(dim(`  ${id}: ${kind}, ${amount} ${currency} by ${method}, ${toParty(created)}`));
  const [{ transaction, timeline }] = await Promise.all([
    follow(gateway, created),
    story.act?.({ simulator, created, read: (isReached) => readUntil(gateway, id, isReached) }),
  ]);
  const webhook = await findWebhook(receiver, transaction);
  console.log(
    webhook
      ? `  webhook  ${webhook.type}, version ${webhook.data.version}, ${good('signature valid')}`
      : `  webhook  ${bad('none that fits')} ${receiver.refused.join(', ')}`,
  );
  const verified = await gateway(`POST /v1/transactions/${id}/verify`);
  const says = verified.evidence.map(({ source, says: word }) => `${source} ${word}`).join(', ');
  console.log(`  verify   ${verified.transaction.status}, ${verified.agreement} ${dim(`(${says})`)}`);
  const transfers = (await simulator('GET /_control/transfers')).filter(
    ({ party }) => `+${party}` === toParty(created),
  );
  console.log(`  book     ${toBookLine(transfers)}`);
  const seen = await story.look?.({ gateway, created });
  if (seen) console.log(`  seen     ${seen}`);
  return findDifferences(story, { transaction, timeline, webhook, verified, transfers, seen });
}

function order({ gateway, told, story: { create, toBody } }) {
  return gateway(`POST ${create}`, toBody(told), { 'idempotency-key': randomUUID() });
}

/** Everybody's word against what must have come of it. */
function findDifferences({ title, expected }, { transaction, timeline, webhook, verified, transfers, seen }) {
  const lastMove = timeline.findLast(({ from, to }) => from !== to);
  const moved = transfers.map(({ direction, amount }) => `${direction} ${amount}`);
  return [
    ['status', transaction.status, expected.status],
    ['timeline', lastMove?.to, expected.status],
    ['webhook', webhook?.data.status, expected.status],
    ['verify', verified.transaction.status, expected.status],
    ['agreement', verified.agreement, expected.agreement ?? noConflict(verified)],
    ['the provider’s book', moved.join(', '), expected.transfers.join(', ')],
    ['what else is seen', seen, expected.seen],
  ]
    .filter(([, found, wanted]) => found !== wanted)
    .map(([what, found, wanted]) => `${title}: ${what} is ${found || 'nothing'}, not ${wanted || 'nothing'}`);
}

/** M-Pesa answers a question about a payout later, by a message of its own: how many have spoken by now, nobody can say. */
function noConflict({ agreement }) {
  return agreement === 'conflict' ? 'agree' : agreement;
}

async function switchOn(simulator, faults) {
  await simulator('PUT /_control/faults', faults);
  undo.push(() => Promise.all(Object.keys(faults).map((name) => simulator(`DELETE /_control/faults/${name}`))));
}

async function readUntil(gateway, id, isReached) {
  for (let waitedMs = 0; waitedMs < storyLimitMs; waitedMs += pollMs) {
    const transaction = await gateway(`GET /v1/transactions/${id}`);
    if (isReached(transaction)) return transaction;
    if (finalStatuses.includes(transaction.status)) break;
    await pause();
  }
  throw new Error(`${id} never came to what its story needs.`);
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
    for (const url of Object.values(demo.simulators)) await createClient(url)('GET /_control/health');
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
