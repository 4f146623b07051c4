import { answerCommonPages, type Answer, type Doors, type Reply, type Request } from '#libs/simulators/kit';
import { refusal } from './bodies.js';
import { ROUTES as CONTROL } from './control.js';
import { createLink, initiate } from './create.js';
import { serveEvents } from './page-events.js';
import { answerPages } from './pages.js';
import { listPhonesOnPage } from './phones.js';
import { confirmWizall, listServices, readBalance, readStatus } from './reads.js';
import type { Simulator } from './simulator.js';

/** DExchange, its hosted pages, the phones and the control API. */
export const DOORS: Doors<Simulator> = {
  stream: serveEvents,
  control: CONTROL,
  pages: (simulator, request) =>
    answerCommonPages(request, () => listPhonesOnPage(simulator.world)) ?? answerPages(simulator, request),
  api: answerLate,
  tooLarge: { message: ['Payload too large'], success: false },
};

async function answerLate(simulator: Simulator, request: Request): Promise<Reply> {
  const reply = await callApi(simulator, request);
  return { ...reply, delayMs: (reply.delayMs ?? 0) + simulator.world.settings.get('latencyMs') };
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
  const { isExceeded, headers } = readMeter(simulator, merchant.key);
  if (isExceeded || world.faults.strikes('throttled'))
    return { answer: refusal(429, ['Too many requests'], { ...headers, 'Retry-After': '60' }) };
  if (world.faults.strikes('errorBefore')) return { answer: refusal(500, ['Internal server error']) };
  const id = decodeURIComponent(found.path.exec(request.path)?.[1] ?? '');
  const reply = await found.handle(simulator, request, { merchant: merchant.name, id });
  const { answer } = reply;
  return answer === 'cut' ? reply : { ...reply, answer: { ...answer, headers: { ...headers, ...answer.headers } } };
}

/** Whether it is one request too many, and what the headers of a limited API say (§1). */
function readMeter({ world }: Simulator, key: string) {
  const limit = world.settings.get('requestsPerMinute');
  const { isExceeded, left, freeAt } = world.meter.count(key, limit);
  const headers: Record<string, string> = {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(left),
    'X-RateLimit-Reset': String(Math.ceil(freeAt / 1000)),
  };
  return { isExceeded, headers: limit === 0 ? {} : headers };
}

function strike({ world: { faults } }: Simulator): Answer | undefined {
  if (faults.strikes('maintenance')) return refusal(403, ['API under maintenance']);
  if (faults.strikes('addressRefused')) return refusal(403, ['IP address not authorized']);
  if (faults.strikes('merchantSuspended')) return refusal(403, ['Merchant account is not active']);
  return undefined;
}
