import type { Doors, Reply, Request } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import { ROUTES as CONTROL } from './control.js';
import { drawDelayMs, strikeGateway, type Scope } from './gateway.js';
import { generateToken } from './oauth.js';
import { BALANCE_QUERY, PAYOUT, PAYOUT_V1, REVERSAL, STATUS_QUERY, takeOrder, type OrderKind } from './orders.js';
import { answerPage } from './page.js';
import type { Simulator } from './simulator.js';
import { pushPrompt } from './stk-push.js';
import { queryPush } from './stk-query.js';

interface Api {
  readonly scope: Scope;
  readonly method: 'GET' | 'POST';
  handle(simulator: Simulator, request: Request): Promise<Reply> | Reply;
}

const order = (kind: OrderKind): Api => ({
  scope: kind.api,
  method: 'POST',
  handle: ({ world, desk }, request) => takeOrder(world, desk, kind, request),
});

/** What Daraja offers, by path. */
const APIS: Readonly<Record<string, Api>> = {
  '/oauth/v1/generate': {
    scope: 'oauth',
    method: 'GET',
    handle: ({ world }, request) => ({ answer: generateToken(world, request) }),
  },
  '/mpesa/stkpush/v1/processrequest': {
    scope: 'push',
    method: 'POST',
    handle: ({ world, timeline }, request) => pushPrompt(world, timeline, request),
  },
  '/mpesa/stkpushquery/v1/query': {
    scope: 'query',
    method: 'POST',
    handle: ({ world }, request) => ({ answer: queryPush(world, request) }),
  },
  '/mpesa/b2c/v3/paymentrequest': order(PAYOUT),
  '/mpesa/b2c/v1/paymentrequest': order(PAYOUT_V1),
  '/mpesa/transactionstatus/v1/query': order(STATUS_QUERY),
  '/mpesa/reversal/v1/request': order(REVERSAL),
  '/mpesa/accountbalance/v1/query': order(BALANCE_QUERY),
};

/** Daraja, the phones page and the control API. */
export const DOORS: Doors<Simulator> = {
  control: CONTROL,
  pages: (_simulator, request) => answerPage(request),
  api: callApi,
  tooLarge: { error: 'too_large', message: 'At most 1 MiB.' },
};

/** Answers a call of Daraja's API; the caller keeps `delayMs` and runs `afterwards`. */
export async function callApi(simulator: Simulator, request: Request): Promise<Reply> {
  const { world } = simulator;
  const api = Object.hasOwn(APIS, request.path) ? APIS[request.path] : undefined;
  if (!api) return { answer: refusal(404, '404.001.01', 'Resource not found', world.ids.merchantRequestId()) };
  const struck = strikeGateway(world, api.scope);
  if (struck) return { answer: struck };
  if (api.method === 'POST' && request.method !== 'POST') {
    return { answer: refusal(405, '405.001', `${request.method} Method Not Allowed`, world.ids.merchantRequestId()) };
  }
  const delayMs = drawDelayMs(world, api.scope);
  return { ...(await api.handle(simulator, request)), delayMs };
}
