import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json, readRequest, sendAnswer, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import { refusal } from './bodies.js';
import { answerCheckout } from './checkout.js';
import { answerControl } from './control.js';
import { toEnvironment } from './directory.js';
import { initializePayment, initializePayout, toPage } from './initialize.js';
import type { Kind } from './methods.js';
import { answerPhones } from './phones.js';
import { listMethods, processPayment, readTransaction } from './reads.js';
import type { Simulator } from './simulator.js';
import type { Caller } from './world.js';

/** The simulator's one door: Moneroo, its checkout pages, the phones and the control API. */
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
  const request = await readRequest(incoming);
  if (request === undefined)
    return sendAnswer(outgoing, json(413, { message: 'Payload Too Large' }, { Connection: 'close' }));
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
  const page = answerPhones(simulator, request) ?? answerCheckout(simulator, request);
  if (page) return { answer: page };
  return callApi(simulator, request);
}

async function callApi(simulator: Simulator, request: Request): Promise<Reply> {
  const { world } = simulator;
  const catalogue = /^\/utils\/(payment|payout)\/methods$/.exec(request.path)?.[1];
  if (catalogue !== undefined) {
    return {
      answer: request.method === 'GET' ? listMethods(world, toKind(catalogue)) : refuseVerb(simulator, request),
    };
  }
  const struck = strike(simulator);
  if (struck) return { answer: struck };
  // Laravel looks for the route first: what does not exist needs no key.
  const found = ROUTES.map((entry) => ({ entry, match: entry.path.exec(request.path) })).filter(
    ({ match }) => match !== null,
  );
  if (found.length === 0)
    return { answer: refusal(world, 404, `The route ${request.path.slice(1)} could not be found.`) };
  const chosen = found.find(({ entry }) => entry.method === request.method);
  if (!chosen) return { answer: refuseVerb(simulator, request) };
  const caller = findCaller(simulator, request);
  if (!caller) return { answer: refusal(world, 401, 'Unauthenticated.') };
  if (simulator.meter.isExceededBy(caller.key))
    return { answer: refusal(world, 429, 'Too Many Attempts.', { 'Retry-After': '60' }) };
  return chosen.entry.handle(simulator, request, { caller, match: chosen.match ?? [] });
}

interface Context {
  readonly caller: Caller;
  readonly match: readonly string[];
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  handle(simulator: Simulator, request: Request, context: Context): Promise<Reply> | Reply;
}

const toKind = (name: string | undefined): Kind => (name?.startsWith('payout') ? 'payout' : 'payment');

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/v1\/(payments|payouts)\/initialize$/,
    handle({ world, timeline }, request, { caller, match }) {
      const initialize = toKind(match[1]) === 'payout' ? initializePayout : initializePayment;
      return initialize(world, timeline, request, caller);
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/(payments|payouts)\/([^/]+)\/verify$/,
    handle: ({ world }, _request, { caller, match }) =>
      readTransaction(world, caller, { kind: toKind(match[1]), id: decodeURIComponent(match[2] ?? ''), verify: true }),
  },
  {
    method: 'POST',
    path: /^\/v1\/payments\/([^/]+)\/process$/,
    handle: ({ world }, _request, { caller, match }) => ({ answer: processPayment(world, caller, match[1] ?? '') }),
  },
  {
    method: 'GET',
    path: /^\/v1\/(payments|payouts)\/(?!initialize$)([^/]+)$/,
    handle: ({ world }, _request, { caller, match }) =>
      readTransaction(world, caller, { kind: toKind(match[1]), id: decodeURIComponent(match[2] ?? ''), verify: false }),
  },
];

function strike({ world }: Simulator): Answer | 'cut' | undefined {
  const { faults } = world;
  if (faults.strikes('requestLost')) return 'cut';
  if (faults.strikes('throttled')) return refusal(world, 429, 'Too Many Attempts.', { 'Retry-After': '60' });
  if (faults.strikes('maintenance')) return toPage(503, 'Service Unavailable');
  if (faults.strikes('errorBefore')) return refusal(world, 500, 'Server Error');
  return undefined;
}

function refuseVerb({ world }: Simulator, { method, path }: Request): Answer {
  return refusal(world, 405, `The ${method} method is not supported for route ${path.slice(1)}.`);
}

function findCaller({ world }: Simulator, { headers }: Request): (Caller & { readonly key: string }) | undefined {
  const key = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const app = world.directory.apps.find(({ keys }) => key !== undefined && keys.includes(key));
  return app && key !== undefined ? { app, key, environment: toEnvironment(key) } : undefined;
}
