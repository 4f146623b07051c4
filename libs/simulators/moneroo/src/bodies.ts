import { json, type Answer } from '#libs/simulators/kit';
import type { Transaction } from './book.js';
import { deriveId, toIsoMicros, toIsoSeconds } from './ids.js';
import { COUNTRIES, CURRENCIES, findMethod } from './methods.js';
import type { World } from './world.js';

/** JSON as PHP writes it unless told otherwise: `/` escaped, and everything beyond ASCII as `\uXXXX`. */
export function writeJson({ settings }: World, value: unknown): string {
  const plain = JSON.stringify(value);
  if (settings.get('bodyStyle') === 'plain') return plain;
  return plain
    .replaceAll('/', '\\/')
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The envelope of every answer (§3). */
export function envelope(world: World, status: number, message: string, data: unknown): Answer {
  const flag = world.faults.get('successFlag');
  const success = flag === 'absent' ? {} : { success: flag === 'true' };
  return { ...json(status, {}), body: writeJson(world, { ...success, message, data, errors: null }) };
}

/** What went wrong, without a list of fields. */
export function refusal(world: World, status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { ...json(status, {}, headers), body: writeJson(world, { message, data: {}, errors: null }) };
}

/** What is wrong with the fields of a request: the first in words, all in `errors`. */
export function invalid(world: World, problems: Readonly<Record<string, string>>): Answer {
  const [message = 'The given data was invalid.'] = Object.values(problems);
  const errors =
    world.settings.get('errorsForm') === 'map'
      ? Object.fromEntries(Object.entries(problems).map(([field, problem]) => [field, [problem]]))
      : Object.entries(problems).map(([field, problem]) => ({ type: 'validation', message: problem, hint: field }));
  return { ...json(422, {}), body: writeJson(world, { message, data: {}, errors }) };
}

/** The form of verify (§6, §7). */
export function toVerified(world: World, transaction: Transaction): Record<string, unknown> {
  const { record, processedAt, endedAt } = transaction;
  const isPayout = record.kind === 'payout';
  const said = toSaid(world, transaction);
  const means = world.faults.strikes('missingDisburse') ? null : toMeans(world, transaction);
  const at = (status: string) => (transaction.status === status && endedAt !== null ? toIsoMicros(endedAt) : null);
  return {
    id: record.id,
    status: said.status,
    amount: said.amount,
    currency: toCurrency(said.currency),
    amount_formatted: toFormatted(said.amount, said.currency),
    description: record.description,
    environment: said.environment,
    metadata: toMetadata(transaction),
    app: toApp(world, transaction),
    customer: toCustomer(transaction),
    ...(isPayout
      ? {
          disburse: means,
          pending_at: transaction.pendingAt === null ? null : toIsoMicros(transaction.pendingAt),
          success_at: at('success'),
          failed_at: at('failed'),
        }
      : {
          is_processed: processedAt !== null,
          processed_at: processedAt === null ? null : toIsoMicros(processedAt),
          return_url: toReturnUrl(transaction),
          capture: means,
          initiated_at: toIsoMicros(record.createdAt),
          created_at: toIsoMicros(record.createdAt),
        }),
  };
}

/** The older form, that only retrieve has (§6). */
export function toRetrieved(world: World, transaction: Transaction): Record<string, unknown> {
  const { record, plan, processedAt } = transaction;
  const said = toSaid(world, transaction);
  const method = plan === null ? undefined : findMethod(record.kind, plan.method);
  return {
    id: record.id,
    status: said.status,
    is_processed: processedAt !== null,
    processed_at: processedAt === null ? null : toIsoSeconds(processedAt),
    amount: said.amount,
    currency: said.currency,
    amount_formatted: toFormatted(said.amount, said.currency),
    description: record.description,
    return_url: toReturnUrl(transaction),
    environment: said.environment === 'live' ? 'production' : said.environment,
    initiated_at: toIsoSeconds(record.createdAt),
    payout_phone_number: record.recipient,
    metadata: toMetadata(transaction),
    customer: { ...toCustomer(transaction), environment: said.environment },
    method: method
      ? { name: method.name, code: method.code, icon_url: iconOf(method.code), environment: said.environment }
      : null,
    gateway: {
      name: 'PawaPay',
      account_name: 'Acme',
      code: 'pawapay',
      icon_url: iconOf('pawapay'),
      environment: said.environment,
    },
    context: { ip: '192.0.2.7', user_agent: 'Mozilla/5.0', country: record.customer.country, local: 'en' },
  };
}

function toSaid({ faults }: World, { record, status }: Transaction) {
  const word = faults.strikes('readStale') ? 'pending' : status;
  return {
    status: faults.get('readStatus') ?? word,
    amount: Number(faults.get('readAmount') ?? record.amount),
    currency: faults.get('readCurrency') ?? record.currency,
    environment: faults.get('readEnvironment') ?? record.environment,
  };
}

function toCurrency(code: string): Record<string, unknown> {
  const { name = code, symbol = code, decimals = 2 } = CURRENCIES[code] ?? {};
  return {
    name,
    symbol,
    symbol_first: false,
    decimals,
    decimal_mark: ',',
    thousands_separator: '.',
    subunit: 'Centime',
    subunit_to_unit: 100,
    symbol_native: symbol,
    decimal_digits: decimals,
    rounding: 0,
    code,
    name_plural: `${name}s`,
    icon_url: iconOf(code),
  };
}

/** `XOF 2.500`, for people. */
function toFormatted(amount: number, currency: string): string {
  const { decimals = 2 } = CURRENCIES[currency] ?? {};
  return `${currency} ${amount.toLocaleString('de-DE', { minimumFractionDigits: decimals })}`;
}

/** `[]` when empty: PHP knows no empty object. */
function toMetadata({ record }: Transaction): unknown {
  return Object.keys(record.metadata).length === 0 ? [] : record.metadata;
}

function toApp({ directory }: World, { record }: Transaction) {
  const app = directory.apps.find(({ id }) => id === record.app);
  const at = '2025-01-02T03:04:05.000000Z';
  return {
    id: record.app,
    name: app?.name ?? '',
    website_url: app?.websiteUrl ?? '',
    icon_url: iconOf('app'),
    created_at: at,
    updated_at: at,
    is_enabled: true,
  };
}

function toCustomer({ record }: Transaction) {
  const { customer, createdAt } = record;
  return {
    id: deriveId('customer', customer.email),
    first_name: customer.firstName,
    last_name: customer.lastName,
    email: customer.email,
    phone: customer.phone,
    address: customer.address,
    city: customer.city,
    state: customer.state,
    country_code: customer.country,
    country: customer.country === null ? null : (COUNTRIES[customer.country]?.name ?? customer.country),
    zip_code: customer.zip,
    profile_url: iconOf('person'),
    created_at: toIsoMicros(createdAt),
    updated_at: toIsoMicros(createdAt),
  };
}

/** `disburse` and `capture`: how the money went, or is to go; null while nobody chose. */
function toMeans(world: World, transaction: Transaction): Record<string, unknown> | null {
  const { record, plan, status, message } = transaction;
  const method = plan === null ? undefined : findMethod(record.kind, plan.method);
  if (!plan || !method) return null;
  const isTest = method.code.startsWith('moneroo_');
  const failure = status === 'failed' ? message : null;
  const stale = status === 'success' && world.faults.get('staleFailure') ? 'Previous try: insufficient balance' : null;
  const means = {
    id: deriveId(record.id, 'means'),
    identifier: `${record.kind === 'payout' ? 'pd' : 'pc'}_${deriveId(record.id, 'identifier')}`,
    failure_message: failure,
    failure_error_code: null,
    failure_error_type: null,
    method: { id: deriveId(method.code), name: method.name, short_code: method.code, icon_url: iconOf(method.code) },
    gateway: {
      id: deriveId('gateway', method.code),
      account_name: 'Acme',
      name: isTest ? 'Test Payout Gateway (Sandbox)' : 'PawaPay (Sandbox)',
      short_code: isTest ? 'moneroo_payout_test' : 'pawapay_sandbox',
      icon_url: iconOf('pawapay'),
      transaction_id: deriveId(record.id, 'gateway'),
      transaction_status: isTest ? `test_${status}` : GATEWAY_WORDS[status],
      transaction_failure_message: failure ?? stale,
    },
  };
  if (record.kind === 'payout') return means;
  return {
    ...means,
    rate: null,
    rate_formatted: null,
    correction_rate: null,
    phone_number: plan.party === '' ? null : plan.party,
    metadata: {
      network_transaction_id: status === 'success' ? deriveId(record.id, 'network') : null,
      amount_debited: status === 'success' ? record.amount : null,
      commission: null,
      fees: null,
      selected_payment_method: method.code,
    },
    amount: Number(record.amount),
    amount_formatted: toFormatted(Number(record.amount), record.currency),
    currency: toCurrency(record.currency),
    context: { ip: '192.0.2.7', user_agent: { is_mobile: true, browser: 'Chrome' }, country: null, local: 'en' },
  };
}

const GATEWAY_WORDS = {
  initiated: 'ENQUEUED',
  pending: 'SUBMITTED',
  success: 'COMPLETED',
  failed: 'FAILED',
  cancelled: 'FAILED',
};

const iconOf = (name: string): string => `https://assets.example/${name}.svg`;

/** Where the browser goes, as verify echoes it too: with the id and the status appended (§7). */
export function toReturnUrl({ record, status }: Transaction): string | null {
  if (record.returnUrl === null) return null;
  const joint = record.returnUrl.includes('?') ? '&' : '?';
  return `${record.returnUrl}${joint}paymentId=${record.id}&paymentStatus=${status}`;
}
