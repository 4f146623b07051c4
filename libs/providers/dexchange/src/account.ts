import { Money } from '#libs/primitives';
import type { BalanceAnswer as Balance, CredentialCheck, HttpExchange } from '#libs/provider-kit';
import { MAINTENANCE } from './codes.js';
import { findMessage } from './mapping.js';
import { BalanceAnswer, Services, toLowerKeys } from './wire.js';

/** What the merchant has at DExchange. */
export function toBalance(exchange: HttpExchange): Balance {
  if (exchange.kind !== 'response') return { kind: 'unknown', cause: exchange.cause };
  const said = exchange.status === 200 ? BalanceAnswer.safeParse(toInner(exchange.body)).data?.balance : undefined;
  const available = said && Money.parse(said.balance, said.currency);
  if (typeof available !== 'object') return { kind: 'unknown', cause: `no balance (HTTP ${exchange.status})` };
  return { kind: 'balances', balances: [{ account: 'merchant', available }] };
}

/** The service codes of an account, or undefined where the answer is no list. */
export function toServiceCodes(exchange: HttpExchange): readonly string[] | undefined {
  if (exchange.kind !== 'response' || exchange.status !== 200) return undefined;
  return Services.safeParse(toInner(exchange.body)).data?.services.map(({ serviceCode }) => serviceCode);
}

/** What reading the balance says about the key. */
export function toCredentialCheck(exchange: HttpExchange): CredentialCheck {
  if (exchange.kind !== 'response') return { kind: 'unreachable', detail: exchange.cause };
  if (toBalance(exchange).kind === 'balances') return { kind: 'ok' };
  const { status, body } = exchange;
  const words = findMessage(body);
  if (words !== undefined && status === 401) return { kind: 'refused', detail: 'the API key was refused (HTTP 401)' };
  if (words !== undefined && status === 403 && !MAINTENANCE.test(words))
    return { kind: 'refused', detail: 'the key, the account or our address is not allowed (HTTP 403)' };
  return { kind: 'unreachable', detail: `no answer about the key (HTTP ${status})` };
}

/** Inside the generic envelope, where there is one (§11). */
function toInner(body: unknown): unknown {
  return toLowerKeys(body)?.['data'] ?? body;
}
