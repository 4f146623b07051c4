import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Money, Msisdn } from '#libs/primitives';
import {
  HOSTED_PAGE,
  readStatus,
  readSubmission,
  readToken,
  secretText,
  withToken,
  type Account,
  type Callbacks,
  type HttpAnswer,
  type Instruction,
  type MethodFacts,
  type MoneyMovement,
  type OperationFacts,
  type ProviderDefinition,
  type ProviderDeps,
  type ProviderExchange,
  type RawCallback,
  type SentAttempt,
  type StatusReport,
  type SubmissionOutcome,
} from '#libs/provider-kit';

const Credentials = z.strictObject({
  key: secretText('Key'),
  secret: secretText('Secret'),
  webhookSecret: secretText('Webhook secret'),
});
const Settings = z.strictObject({});
type AcmeAccount = Account<z.infer<typeof Credentials>, z.infer<typeof Settings>>;

const Created = z.object({ state: z.literal('ACCEPTED'), reference: z.string(), url: z.string().optional() });
const Asked = z.object({ state: z.literal('ASKED') });
const Payment = z.object({
  kind: z.string().optional(),
  /** Payouts are announced without it. */
  id: z.string().optional(),
  reference: z.string(),
  amount: z.string(),
  phone: z.string(),
  state: z.string(),
  code: z.string().optional(),
});
const Refusal = z.object({ code: z.string(), message: z.string().default('') });

const method: MethodFacts = {
  code: 'acme_ke',
  providerCode: 'acme',
  kind: 'collection',
  country: 'KE',
  currency: 'KES',
  operator: 'Acme',
  decimals: 0,
  min: '10',
  max: '70000',
  requiredFields: [],
  flow: 'otp',
};

const payout: MethodFacts = { ...method, kind: 'payout', requiredFields: ['lastName', 'branch'], flow: 'direct' };

const operation: OperationFacts = {
  dedupe: 'idempotent',
  inquireBy: 'attemptId',
  inquirySchedule: [10_000, 60_000],
  provisionalFailureMs: 0,
  absentAfterMs: 600_000,
  promptLifeMs: 120_000,
  callbackPurposes: ['result'],
  inquiryCallbackPurposes: [],
  phoneGuards: null,
};

/** How an adapter can be wrong. The suite must find each of these; see index.spec.ts. */
export interface Flaws {
  readonly definition?: Partial<ProviderDefinition>;
  readonly method?: Partial<MethodFacts>;
  readonly operation?: Partial<OperationFacts>;
  /** Changes what is sent. */
  readonly body?: (body: Record<string, unknown>, instruction: Instruction) => Record<string, unknown>;
  readonly keptConnection?: boolean;
  readonly sendsLate?: boolean;
  readonly rounds?: boolean;
  readonly sendsTwice?: boolean;
  /** Changes what comes of an answer. */
  readonly outcome?: (outcome: SubmissionOutcome, exchange: ProviderExchange, token: string) => SubmissionOutcome;
  readonly report?: (report: StatusReport, exchange: ProviderExchange) => StatusReport;
  readonly ownTokens?: boolean;
  readonly parse?: (raw: RawCallback) => ReturnType<Callbacks['parse']>;
  readonly authenticate?: (raw: RawCallback) => ReturnType<Callbacks['authenticate']>;
  readonly refusesOnFaults?: boolean;
  readonly emptyBalance?: boolean;
  readonly identify?: MoneyMovement['identify'];
  readonly incompleteParties?: boolean;
  readonly asksNobody?: boolean;
}

/** An adapter for the provider of acme-simulator.ts: without flaws, a model one. */
export function createAcme(flaws: Flaws = {}): ProviderDefinition<AcmeAccount['credentials'], AcmeAccount['settings']> {
  return {
    id: 'acme',
    name: 'Acme Pay',
    hosts: { test: 'https://test.acme.example', live: 'https://acme.example' },
    methods: [method, payout].map((offered) => ({ ...offered, ...flaws.method })),
    hostedPages: [{ ...method, code: HOSTED_PAGE, flow: 'redirect' }],
    operations: {
      collections: { ...operation, ...flaws.operation },
      payouts: {
        ...operation,
        dedupe: 'refusesDuplicates',
        inquireBy: 'providerReference',
        absentAfterMs: null,
        promptLifeMs: null,
        callbackPurposes: [],
      },
      reversals: { ...operation, dedupe: 'queryable', promptLifeMs: null, inquiryCallbackPurposes: ['answer'] },
      links: { ...operation, inquireBy: 'providerReference', absentAfterMs: null },
    },
    rateLimit: { requests: 10, perMs: 1_000 },
    sourceAddresses: ['192.0.2.7', '2001:db8::/32'],
    credentials: Credentials,
    settings: Settings,
    ...(flaws.definition as object),
    connect: (account, deps) => connect(account, deps, flaws),
  };
}

function connect(account: AcmeAccount, deps: ProviderDeps, flaws: Flaws) {
  const { http, tokens } = deps;
  const { baseUrl, credentials } = account;
  let lastToken = '';

  const requestToken = async () =>
    readToken(
      await http.send({
        method: 'POST',
        url: `${baseUrl}/token`,
        json: { key: credentials.key, secret: credentials.secret },
      }),
      ({ status, body }) => {
        const given = z.object({ token: z.string(), expiresIn: z.number() }).safeParse(body).data;
        if (given && status === 200) return { kind: 'token', token: given.token, expiresInMs: given.expiresIn * 1_000 };
        const refused = codeOf(body) === 'BAD_CREDENTIALS' || (flaws.refusesOnFaults && status >= 500);
        return refused ? { kind: 'rejected', cause: 'wrong key or secret' } : undefined;
      },
    );

  const call = (method: 'GET' | 'POST', path: string, json?: unknown, sendBefore?: number) =>
    withToken(
      {
        tokens: flaws.ownTokens ? { get: (_, refresh) => refresh(), drop: async () => undefined } : tokens,
        accountId: account.id,
        refresh: requestToken,
        isTokenRefusal: ({ status, body }) => status === 401 && codeOf(body) === 'TOKEN_INVALID',
      },
      (token) => {
        lastToken = token;
        const headers = { authorization: `Bearer ${token}` };
        const freshConnection = method === 'POST' && !flaws.keptConnection;
        return http.send({ method, url: baseUrl + path, headers, json, freshConnection, sendBefore });
      },
    );

  const submitTo =
    (path: string) =>
    async (instruction: Instruction): Promise<SubmissionOutcome> => {
      const body = toBody(instruction, flaws);
      if (!body) return { kind: 'rejected', reason: 'provider_rejected' };
      const send = () => call('POST', path, body, flaws.sendsLate ? undefined : instruction.sendBefore);
      let exchange = await send();
      if (flaws.sendsTwice && exchange.kind === 'noResponse') exchange = await send();
      const outcome = readSubmission(exchange, readCreated, toWords);
      return flaws.outcome?.(outcome, exchange, lastToken) ?? outcome;
    };

  const inquire = async (path: string, id: string | undefined): Promise<StatusReport> => {
    if (id === undefined) return { kind: 'unknown', cause: 'no reference' };
    const exchange = await call('GET', `${path}/${id}`);
    const report = readStatus(exchange, readPayment, toWords);
    return flaws.report?.(report, exchange) ?? report;
  };

  const identifyPayout: MoneyMovement['identify'] = async ({ providerReference }) => {
    if (providerReference === undefined) return { kind: 'unknown', cause: 'no reference' };
    const exchange = await call('GET', `/payouts/${providerReference}`);
    const body = exchange.kind === 'response' && exchange.status === 200 ? exchange.body : undefined;
    const attemptId = Payment.safeParse(body).data?.id;
    return attemptId === undefined ? { kind: 'unknown', cause: 'no answer' } : { kind: 'attempt', attemptId };
  };

  const askAboutReversal: MoneyMovement['inquire'] = async ({ attemptId, callbackUrls }) => {
    if (flaws.asksNobody) return { kind: 'asked' };
    const question = { id: attemptId, answerUrl: callbackUrls['answer'] };
    const exchange = await call('POST', '/reversals/questions', question);
    const report = readStatus(exchange, readAnnounced, toWords);
    return flaws.report?.(report, exchange) ?? report;
  };

  return {
    collections: {
      submit: submitTo('/collections'),
      inquire: (attempt: SentAttempt) => inquire('/collections', attempt.attemptId),
      submitOtp: async (attempt: SentAttempt, code: string) =>
        readSubmission(await call('POST', `/collections/${attempt.attemptId}/otp`, { code }), readCreated, toWords),
    },
    payouts: {
      submit: submitTo('/payouts'),
      inquire: (attempt: SentAttempt) => inquire('/payouts', attempt.references.providerReference),
      identify: flaws.identify ?? identifyPayout,
    },
    reversals: { submit: submitTo('/reversals'), inquire: askAboutReversal },
    links: {
      create: submitTo('/links'),
      inquire: (attempt: SentAttempt) => inquire('/links', attempt.references.providerReference),
    },
    balance: {
      callbackPurposes: [],
      async read() {
        const exchange = await call('GET', '/balance');
        const body = exchange.kind === 'response' && exchange.status === 200 ? exchange.body : undefined;
        const rows = z
          .array(z.object({ name: z.string(), amount: z.string() }))
          .min(1)
          .safeParse(body).data;
        if (!rows && !flaws.emptyBalance) return { kind: 'unknown' as const, cause: 'no balance' };
        const balances = (rows ?? []).flatMap(({ name, amount }) => {
          const available = Money.parse(amount, 'KES');
          return typeof available === 'string' ? [] : [{ account: name, available }];
        });
        return { kind: 'balances' as const, balances };
      },
    },
    catalogue: {
      async list() {
        const exchange = await call('GET', '/methods');
        const body = exchange.kind === 'response' && exchange.status === 200 ? exchange.body : undefined;
        return z.array(z.string()).min(1).safeParse(body).data;
      },
    },
    callbacks: {
      authenticate: flaws.authenticate ?? ((raw: RawCallback) => authenticate(raw, credentials.webhookSecret)),
      parse: flaws.parse ?? parseCallback,
    },
    async check() {
      const answer = await requestToken();
      if (answer.kind === 'token') return { kind: 'ok' as const };
      return {
        kind: answer.kind === 'rejected' ? ('refused' as const) : ('unreachable' as const),
        detail: answer.cause,
      };
    },
  };
}

function toBody(instruction: Instruction, flaws: Flaws): Record<string, unknown> | undefined {
  const { attemptId, amount, party, callbackUrls, method, original } = instruction;
  const whole = amount.inDecimals(0) ?? (flaws.rounds ? amount.amountMinor / 100n : undefined);
  if (whole === undefined) return undefined;
  const wanted: Readonly<Record<string, string | undefined>> = { lastName: party.lastName, ...party.fields };
  const fields = Object.fromEntries(method.requiredFields.map((field) => [field, wanted[field]]));
  if (Object.values(fields).includes(undefined) && !flaws.incompleteParties) return undefined;
  const body = {
    id: attemptId,
    amount: String(whole),
    phone: party.phone.digits,
    ...fields,
    undoes: original?.receipt,
    callbackUrl: callbackUrls['result'],
  };
  return flaws.body?.(body, instruction) ?? body;
}

function readCreated({ status, body }: HttpAnswer): SubmissionOutcome | undefined {
  const created = status < 300 ? Created.safeParse(body).data : undefined;
  if (created) {
    const references = { providerReference: created.reference };
    return {
      kind: 'accepted',
      references,
      nextAction: created.url ? { type: 'redirect', url: created.url } : undefined,
    };
  }
  const refusal = Refusal.safeParse(body).data;
  if (refusal?.code === 'NO_FUNDS' && status === 422)
    return { kind: 'rejected', reason: 'insufficient_funds', providerCode: 'NO_FUNDS' };
  if (refusal?.code === 'BUSY' && refusal.message === 'Maintenance') return { kind: 'deferred', cause: 'maintenance' };
  return undefined;
}

function readAnnounced({ status, body }: HttpAnswer): StatusReport | undefined {
  if (status === 404 && codeOf(body) === 'NOT_FOUND') return { kind: 'absent' };
  return status === 202 && Asked.safeParse(body).success ? { kind: 'asked' } : undefined;
}

const STATES: Readonly<Record<string, StatusReport>> = {
  PAID: { kind: 'succeeded' },
  REFUSED: { kind: 'failed', reason: 'insufficient_funds' },
  WAITING: { kind: 'pending' },
};

function readPayment({ status, body }: HttpAnswer): StatusReport | undefined {
  if (status === 404 && codeOf(body) === 'NOT_FOUND') return { kind: 'absent' };
  const payment = status === 200 ? Payment.safeParse(body).data : undefined;
  return payment && toReport(payment.state);
}

function toReport(state: string): StatusReport {
  return (Object.hasOwn(STATES, state) ? STATES[state] : undefined) ?? { kind: 'unknown', cause: 'unknown state' };
}

function toWords({ body }: HttpAnswer) {
  const refusal = Refusal.safeParse(body).data;
  return refusal && { providerCode: refusal.code, providerMessage: refusal.message };
}

function codeOf(body: unknown): string | undefined {
  return Refusal.safeParse(body).data?.code;
}

function authenticate({ headers, body }: RawCallback, secret: string) {
  const given = Buffer.from(headers['x-acme-signature'] ?? '', 'hex');
  const expected = createHmac('sha256', secret).update(body).digest();
  return given.length === expected.length && timingSafeEqual(given, expected) ? 'signed' : 'forged';
}

/** Reads a callback as the documents say; flawed adapters borrow it. */
export function parseCallback({ body }: RawCallback): ReturnType<Callbacks['parse']> {
  const text = new TextDecoder().decode(body);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const payment = Payment.safeParse(json).data;
  if (!payment) return undefined;
  const amount = Money.parse(payment.amount, 'KES');
  return {
    report: toReport(payment.state),
    references: { providerReference: payment.reference },
    attemptId: payment.id,
    operation: (['collections', 'payouts', 'reversals', 'links'] as const).find((name) => name === payment.kind),
    amount: typeof amount === 'string' ? undefined : amount,
    payer: Msisdn.parseDigits(payment.phone),
  };
}
