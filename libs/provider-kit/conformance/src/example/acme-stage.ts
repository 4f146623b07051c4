import type { WireRequest } from '../fault-proxy.js';
import { json } from '../replies.js';
import type { MovementStage, Stage } from '../stage.js';
import { createAcme, type Flaws } from './acme-adapter.js';
import { ACME_KEYS, signAcme, startAcme } from './acme-simulator.js';

const sample = (state: string) =>
  JSON.stringify({ id: 'att_1', reference: 'ref-1', amount: '1500', phone: '254708374149', state });

const signed = (body: string) => ({ headers: { 'x-acme-signature': signAcme(body) }, body });

const isPost = (path: string) => (request: WireRequest) => request.method === 'POST' && request.path === path;
const isGet = (path: string) => (request: WireRequest) => request.method === 'GET' && request.path.startsWith(path);

const ORDER = { method: 'acme_ke', amount: '1500', party: { phone: '+254708374149' } };

const movement = (path: string): MovementStage => ({
  order: ORDER,
  isSubmit: isPost(path),
  isInquiry: isGet(path),
  accepts: 'accepted',
  rejections: [{ name: 'no funds', order: { party: { phone: '+254708370001' } }, reason: 'insufficient_funds' }],
  deferrals: [{ name: 'maintenance', reply: json(500, { code: 'BUSY', message: 'Maintenance' }) }],
  doubts: [{ name: 'busy without its message', reply: json(500, { code: 'BUSY', message: 'Who knows' }) }],
  unknownWord: json(201, { state: 'PARKED', reference: 'ref-9' }),
  quoting: (text) => json(422, { code: 'NO_FUNDS', message: text }),
  inquiries: {
    answers: [
      { name: 'a paid one', kind: 'succeeded' },
      {
        name: 'a refused one',
        reply: json(200, { ...(JSON.parse(sample('REFUSED')) as object) }),
        kind: 'failed',
        reason: 'insufficient_funds',
      },
      { name: 'one that nobody had', reply: json(404, { code: 'NOT_FOUND' }), kind: 'absent' },
    ],
    noise: [{ name: 'another code', reply: json(404, { code: 'LOST' }) }],
    unknownWord: json(200, { ...(JSON.parse(sample('PARKED')) as object) }),
  },
});

const payouts: MovementStage = {
  ...movement('/payouts'),
  order: {
    method: 'acme_ke',
    amount: '1500',
    party: { phone: '+254708374149', lastName: 'Koffi', fields: { branch: '0042' } },
  },
  rejections: [{ name: 'no funds', reply: json(422, { code: 'NO_FUNDS' }), reason: 'insufficient_funds' }],
  doubts: [{ name: 'a duplicate', reply: json(409, { code: 'DUPLICATE' }) }],
};

const reversals: MovementStage = {
  ...movement('/reversals'),
  order: { ...ORDER, original: { receipt: 'RCPT4711' } },
  isInquiry: isPost('/reversals/questions'),
  inquiries: {
    answers: [
      { name: 'a question taken', kind: 'asked', thenArrives: 'succeeded' },
      { name: 'one that nobody had', reply: json(404, { code: 'NOT_FOUND' }), kind: 'absent' },
    ],
    noise: [],
    unknownWord: json(202, { state: 'PERHAPS' }),
  },
};

/** The stage of the example: what an adapter's own `conformance.spec.ts` would say. */
export function createAcmeStage(flaws: Flaws = {}): Stage<unknown, unknown> {
  return {
    definition: createAcme(flaws),
    account: { credentials: ACME_KEYS, settings: {} },
    badCredentials: { key: 'acme-key-0002', secret: 'acme-secret-0002', webhookSecret: 'acme-hook-0002' },
    startSimulator: startAcme,
    token: { isToken: isPost('/token'), refusals: [json(401, { code: 'TOKEN_INVALID' })] },
    collections: {
      ...movement('/collections'),
      otp: { isSubmit: ({ path }) => path.endsWith('/otp'), code: '4711', accepts: 'accepted' },
    },
    payouts,
    reversals,
    links: movement('/links'),
    balance: { kind: 'balances' },
    catalogue: { holds: 'acme' },
    callbacks: {
      samples: [
        { name: 'a paid one', raw: signed(sample('PAID')), trust: 'signed', kind: 'succeeded' },
        { name: 'a refused one', raw: signed(sample('REFUSED')), trust: 'signed', kind: 'failed' },
      ],
      unknownWord: signed(sample('PARKED')),
      arrivals: [
        { movement: 'collections', kind: 'succeeded' },
        { movement: 'payouts', kind: 'succeeded' },
        { movement: 'reversals', kind: 'succeeded' },
      ],
    },
  };
}
