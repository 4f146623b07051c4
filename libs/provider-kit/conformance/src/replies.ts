import type { Fault, Reply } from './fault-proxy.js';

/** An answer in JSON. */
export const json = (status: number, body: unknown): Reply => ({
  status,
  body: typeof body === 'string' ? JSON.stringify(body) : body,
  headers: { 'content-type': 'application/json' },
});

/** A page such as firewalls and load balancers answer with. */
export const html = (status: number): Reply => ({
  status,
  body: `<html><head><title>${status}</title></head><body>Request unsuccessful. Incident 4711-815</body></html>`,
});

/** Headers and nothing else. */
export const empty = (status: number): Reply => ({ status });

/** A fault with its name in a test. */
export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
}

const reply = (name: string, answer: Reply): NamedFault => ({ name, fault: { kind: 'reply', reply: answer } });

/** Silence in all its forms: the request arrived, perhaps was taken, and no whole answer came. */
export const SILENCE: readonly NamedFault[] = [
  { name: 'no answer at all', fault: { kind: 'hang' } },
  { name: 'an answer that never ends', fault: { kind: 'drip' } },
  { name: 'a reset after the request', fault: { kind: 'reset' } },
  { name: 'a lost answer', fault: { kind: 'lose' } },
  { name: 'a connection that breaks inside the answer', fault: { kind: 'break' } },
];

const SERVER_FAULTS = [500, 502, 503, 504].flatMap((status) => [
  reply(`${status} with JSON`, json(status, { status: 'error', message: 'Something went wrong' })),
  reply(`${status} with HTML`, html(status)),
  reply(`${status} with an empty body`, empty(status)),
]);

/** Answers that no provider meant as one. */
export const NOISE: readonly NamedFault[] = [
  ...SERVER_FAULTS,
  { name: 'an answer cut in the middle', fault: { kind: 'cut' } },
  reply('HTML with 200', html(200)),
  reply('an empty body with 200', empty(200)),
  reply('204', empty(204)),
  reply('an empty object', json(200, {})),
  reply('an empty list', json(200, [])),
  reply('null', json(200, null)),
  reply('a bare text', json(200, 'OK')),
  reply('a bare number', json(200, 0)),
  reply('the HTML 403 of a firewall', html(403)),
  reply('an HTML 404', html(404)),
  reply('a 408', empty(408)),
  reply('a redirect', { status: 302, headers: { location: '/elsewhere' } }),
];
