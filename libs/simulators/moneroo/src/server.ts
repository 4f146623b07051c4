import {
  answerCommonPages,
  toMachinePage,
  type Answer,
  type Doors,
  type Reply,
  type Request,
} from '#libs/simulators/kit';
import { refusal } from './bodies.js';
import { answerCheckout } from './checkout.js';
import { ROUTES as CONTROL } from './control.js';
import { toEnvironment } from './directory.js';
import { initializePayment, initializePayout } from './initialize.js';
import type { Kind } from './methods.js';
import { listPhonesOnPage } from './phone-views.js';
import { listMethods, processPayment, readTransaction } from './reads.js';
import type { Simulator } from './simulator.js';
import type { Caller } from './world.js';

/** Moneroo, its checkout pages, the phones and the control API. */
export const DOORS: Doors<Simulator> = {
  control: CONTROL,
  pages: (simulator, request) =>
    answerCommonPages(request, () => listPhonesOnPage(simulator.world)) ?? answerCheckout(simulator, request),
  api: callApi,
  tooLarge: { message: 'Payload Too Large' },
};

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
  if (world.meter.count(caller.key, world.settings.get('requestsPerMinute')).isExceeded)
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
  if (faults.strikes('maintenance')) return toMachinePage(503, 'Service Unavailable');
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
