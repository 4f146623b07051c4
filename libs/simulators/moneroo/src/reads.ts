import { json, type Answer, type Reply } from '#libs/simulators/kit';
import { envelope, refusal, toRetrieved, toVerified, writeJson } from './bodies.js';
import { COUNTRIES, CURRENCIES, METHODS, type Kind, type Method } from './methods.js';
import type { Caller, World } from './world.js';

/** `GET /v1/{payments,payouts}/{id}` and `…/verify`. An id of another key's environment does not exist. */
export function readTransaction(
  world: World,
  caller: Caller,
  asked: { readonly kind: Kind; readonly id: string; readonly verify: boolean },
): Reply {
  const { faults } = world;
  const delayMs = faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0;
  if (faults.strikes('readError')) return { answer: refusal(world, 500, 'Server Error'), delayMs };
  const found = world.book.transactions.get(asked.id);
  const isTheirs = found?.record.app === caller.app.id && found.record.environment === caller.environment;
  if (!found || !isTheirs || found.record.kind !== asked.kind || faults.strikes('readNotFound'))
    return { answer: refusal(world, 404, `No query results for ${asked.kind} transaction.`), delayMs };
  const name = asked.kind === 'payout' ? 'Payout transaction' : 'Payment transaction';
  const isOlder = !asked.verify && world.settings.get('retrieveShape') === 'older';
  const data = isOlder ? toRetrieved(world, found) : toVerified(world, found);
  return { answer: envelope(world, 200, `${name} fetched successfully!`, data), delayMs };
}

/** `POST /v1/payments/{id}/process`: a mark for merchants, enabled on request. */
export function processPayment(world: World, caller: Caller, id: string): Answer {
  if (!world.settings.get('processEnabled')) return refusal(world, 403, 'This action is unauthorized.');
  const found = world.book.transactions.get(id);
  const isTheirs = found?.record.app === caller.app.id && found.record.environment === caller.environment;
  if (!isTheirs || found.record.kind !== 'payment')
    return refusal(world, 404, 'No query results for payment transaction.');
  if (found.processedAt === null) world.book.record({ kind: 'processed', id, at: world.time.now() });
  return envelope(world, 200, 'Payment transaction marked as processed', { id, is_processed: true });
}

/** `GET /utils/{payment,payout}/methods`: no version, no key (§0.7). */
export function listMethods(world: World, kind: Kind): Answer {
  if (world.faults.strikes('catalogueError')) return refusal(world, 500, 'Server Error');
  const data = METHODS.filter(({ kinds }) => kinds.includes(kind)).map((method) => toListed(method, kind));
  return { ...json(200, {}), body: writeJson(world, { message: 'Methods fetched successfully!', data, errors: null }) };
}

function toListed({ code, name, currency, countries, field }: Method, kind: Kind) {
  const icon_url = `https://assets.example/${code}.svg`;
  const { name: currencyName = currency, symbol = currency } = CURRENCIES[currency] ?? {};
  return {
    name,
    short_code: code,
    description: `${name} through the connected gateways`,
    gateways: [{ name: 'PawaPay', short_code: 'pawapay', description: 'PawaPay', icon_url }],
    icon_url,
    is_enabled: true,
    ...(kind === 'payout'
      ? { fields: [{ label: 'Mobile money number', type: 'number', name: field, length: null }] }
      : {}),
    currency: { name: currencyName, symbol, code: currency, icon_url },
    countries: countries.map((country) => ({
      name: COUNTRIES[country]?.name ?? country,
      code: country,
      alpha_3_code: COUNTRIES[country]?.alpha3 ?? null,
      dial_code: COUNTRIES[country] ? `+${COUNTRIES[country].dialCode}` : null,
      currency,
      currency_symbol: symbol,
      flag: `https://assets.example/flags/${country}.svg`,
    })),
  };
}
