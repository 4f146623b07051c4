import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json, readRequest, sendAnswer, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { refusal } from './bodies.js';
import { answerControl } from './control.js';
import { createLink, initiate } from './create.js';
import { serveEvents } from './page-events.js';
import { answerPages } from './pages.js';
import { answerPhones } from './phones.js';
import { confirmWizall, listServices, readBalance, readStatus } from './reads.js';
import type { Simulator } from './simulator.js';

/** The simulator's one door: DExchange, its hosted pages, the phones and the control API. */
export function createSimulatorServer(simulator: Simulator): Server {
  return createServer((incoming, outgoing) => {
    serve(simulator, incoming, outgoing).catch((error: unknown) => {
      // The book could not be written, or a bug: nothing that was not kept may be answered.
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      outgoing.destroy();
    });
  });
}

async function serve(simulator: Simulator, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  if (serveEvents(simulator, incoming, outgoing)) return;
  const request = await readRequest(incoming);
  if (request === undefined)
    return sendAnswer(outgoing, json(413, { message: ['Payload too large'], success: false }, { Connection: 'close' }));
  const { answer, delayMs = 0, afterwards } = await route(simulator, request);
  if (afterwards && (delayMs > 0 || outgoing.closed)) afterwards();
  else if (afterwards) outgoing.once('close', afterwards);
  // What this answer tells, and everything it was read from, is on the disk before it leaves.
  await simulator.world.book.durable();
  if (delayMs > 0) await new Promise<void>((resolve) => simulator.world.time.after(delayMs, resolve));
  if (answer === 'cut') outgoing.destroy();
  else sendAnswer(outgoing, answer);
}

async function route(simulator: Simulator, request: Request): Promise<Reply> {
  if (request.path.startsWith('/_control')) return { answer: await answerControl(simulator, request) };
  const page = answerPhones(simulator, request) ?? answerPages(simulator, request);
  if (page) return { answer: page };
  const reply = await callApi(simulator, request);
  const latencyMs = simulator.world.settings.get('latencyMs');
  return latencyMs === 0 ? reply : { ...reply, delayMs: (reply.delayMs ?? 0) + latencyMs };
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** `id` is what stands in the path. */
  handle(simulator: Simulator, request: Request, caller: { merchant: string; id: string }): Promise<Reply> | Reply;
}

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/api\/v1\/transaction\/merchant\/get-link$/,
    handle: (simulator, request, { merchant }) => createLink(simulator, request, merchant),
  },
  {
    method: 'POST',
    path: /^\/api\/v1\/transaction\/init$/,
    handle: (simulator, request, { merchant }) => initiate(simulator, request, merchant),
  },
  {
    method: 'POST',
    path: /^\/api\/v1\/transaction\/confirm\/wizall$/,
    handle: (simulator, request, { merchant }) => confirmWizall(simulator, request, merchant),
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/transaction\/merchant\/([^/]+)$/,
    handle: (simulator, _request, { merchant, id }) => readStatus(simulator, { id, isLink: true, merchant }),
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/transaction\/([^/]+)$/,
    handle: (simulator, _request, { merchant, id }) => readStatus(simulator, { id, isLink: false, merchant }),
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/api-services\/services$/,
    handle: (simulator) => ({ answer: listServices(simulator) }),
  },
  {
    method: 'GET',
    path: /^\/api\/v1\/api-services\/balance$/,
    handle: (simulator, _request, { merchant }) => ({ answer: readBalance(simulator, merchant) }),
  },
];

/** In the order of §12: key, maintenance, address and account, rate, then what was asked. */
async function callApi(simulator: Simulator, request: Request): Promise<Reply> {
  const { world } = simulator;
  if (world.faults.strikes('requestLost')) return { answer: 'cut' };
  const found = ROUTES.find(({ method, path }) => method === request.method && path.test(request.path));
  if (!found) return { answer: refusal(404, [`Cannot ${request.method} ${request.path}`]) };
  const key = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const merchant = world.directory.merchants.find((candidate) => candidate.key === key);
  if (!merchant) return { answer: refusal(401, ['Invalid API key']) };
  const struck = strike(simulator);
  if (struck) return { answer: struck };
  const { isExceeded, headers } = simulator.meter.count(merchant.key);
  if (isExceeded || world.faults.strikes('throttled'))
    return { answer: refusal(429, ['Too many requests'], { ...headers, 'Retry-After': '60' }) };
  if (world.faults.strikes('errorBefore')) return { answer: refusal(500, ['Internal server error']) };
  const id = decodeURIComponent(found.path.exec(request.path)?.[1] ?? '');
  const reply = await found.handle(simulator, request, { merchant: merchant.name, id });
  const { answer } = reply;
  return answer === 'cut' ? reply : { ...reply, answer: { ...answer, headers: { ...headers, ...answer.headers } } };
}

function strike({ world: { faults } }: Simulator): Answer | undefined {
  if (faults.strikes('maintenance')) return refusal(403, ['API under maintenance']);
  if (faults.strikes('addressRefused')) return refusal(403, ['IP address not authorized']);
  if (faults.strikes('merchantSuspended')) return refusal(403, ['Merchant account is not active']);
  return undefined;
}
