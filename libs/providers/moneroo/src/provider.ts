import type {
  Account,
  CredentialCheck,
  MethodCatalogue,
  MoneyMovement,
  OperationFacts,
  ProviderDefinition,
} from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { createMonerooClient, type MonerooClient, type Resource } from './client.js';
import { Credentials, Settings } from './config.js';
import {
  toCodes,
  toCredentialCheck,
  toIdentification,
  toOutcome,
  toPaymentBody,
  toPayoutBody,
  toReport,
} from './mapping.js';
import { METHODS } from './methods.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** An unpaid checkout is given up after five or ten minutes: sources disagree (§7), and the longer one costs nobody. */
const CHECKOUT_LIFE_MS = 10 * MINUTE;

const payouts: OperationFacts = {
  dedupe: 'neither', // No idempotency key, no reference of ours, no list (§0.3).
  inquireBy: 'providerReference',
  // 120 requests a minute are shared by everything (§1): the webhook is the fast way, this the sure one.
  inquirySchedule: [
    ...[15 * SECOND, 30 * SECOND, 1 * MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE],
    ...[30 * MINUTE, 1 * HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR],
  ],
  provisionalFailureMs: 0,
  absentAfterMs: null, // An id that is not found proves nothing.
  promptLifeMs: null,
  callbackPurposes: [], // One URL for the whole account, entered in the dashboard (§9).
  inquiryCallbackPurposes: [],
  phoneGuards: null,
};

const collections: OperationFacts = {
  ...payouts,
  // A failed try can be followed by a good one while the checkout lives (§9).
  provisionalFailureMs: CHECKOUT_LIFE_MS,
  promptLifeMs: CHECKOUT_LIFE_MS,
};

/** Moneroo: one API over the gateways that a merchant connects in its dashboard. */
export const moneroo: ProviderDefinition<Credentials, Settings> = {
  id: 'moneroo',
  name: 'Moneroo',
  // One host: the key selects the environment (§1), and every answer is held against the account's mode.
  hosts: { test: 'https://api.moneroo.io', live: 'https://api.moneroo.io' },
  methods: METHODS,
  operations: { collections, payouts },
  rateLimit: { requests: 120, perMs: MINUTE }, // §1
  sourceAddresses: [], // None published (§1): the signature is the proof.
  accountCallback: true, // Entered in the dashboard, Developers → Webhooks (§9).
  credentials: Credentials,
  settings: Settings,
  connect(account, { http }) {
    const client = createMonerooClient(account, http);
    const { credentials } = account;
    const secrets = Object.values(credentials);
    return {
      collections: {
        async submit(instruction) {
          const body = toPaymentBody(instruction);
          return 'kind' in body
            ? body
            : toOutcome(await client.initializePayment(body, instruction.sendBefore), secrets);
        },
        ...createInquiries(account, client, 'payments'),
      },
      payouts: {
        async submit(instruction) {
          const body = toPayoutBody(instruction);
          return 'kind' in body
            ? body
            : toOutcome(await client.initializePayout(body, instruction.sendBefore), secrets);
        },
        ...createInquiries(account, client, 'payouts'),
      },
      catalogue: createCatalogue(client),
      callbacks: createCallbacks(credentials.webhookSecret),
      check: async (): Promise<CredentialCheck> => toCredentialCheck(await client.probe()),
    };
  },
};

function createInquiries(
  { mode, credentials }: Account<Credentials, Settings>,
  client: MonerooClient,
  resource: Resource,
): Required<Pick<MoneyMovement, 'inquire' | 'identify'>> {
  return {
    async inquire({ references: { providerReference }, method: { country } }) {
      if (providerReference === undefined) return { kind: 'unknown', cause: 'no_lookup_possible' };
      const exchange = await client.verify(resource, providerReference);
      return toReport(exchange, { resource, providerReference, mode, country }, Object.values(credentials));
    },
    async identify({ providerReference }) {
      if (providerReference === undefined) return { kind: 'unknown', cause: 'no_lookup_possible' };
      const exchange = await client.verify(resource, providerReference);
      return toIdentification(exchange, { resource, providerReference, mode });
    },
  };
}

/** What Moneroo offers at all; which of it the account's gateways serve, no call says (§2). */
function createCatalogue(client: MonerooClient): MethodCatalogue {
  return {
    async list() {
      const [payments, payouts] = [await client.listMethods('payment'), await client.listMethods('payout')].map(
        toCodes,
      );
      return payments && payouts ? [...new Set([...payments, ...payouts])] : undefined;
    },
  };
}
