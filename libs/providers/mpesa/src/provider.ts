import type {
  Account,
  CredentialCheck,
  MethodFacts,
  MoneyMovement,
  OperationFacts,
  ProviderDefinition,
} from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { createDarajaClient, type DarajaClient } from './client.js';
import { Credentials, Settings } from './config.js';
import { toOutcome, toPushBody, toQueryBody, toReport, toTimestamp } from './mapping.js';
import type { Clock } from '#libs/primitives';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const collect: MethodFacts = {
  code: 'mpesa_ke',
  providerCode: 'stkpush',
  kind: 'collection',
  country: 'KE',
  currency: 'KES',
  operator: 'Safaricom',
  decimals: 0, // Whole shillings, although KES has two decimals (§1).
  min: '1', // §16.1
  max: '250000', // §16.1
  requiredFields: [],
  flow: 'approve_on_phone',
};

const collections: OperationFacts = {
  dedupe: 'neither', // The same push twice is two prompts (§3.2).
  inquireBy: 'providerReference',
  // A quick approval showed 17 s after the push (§4); a query every few seconds may wake the firewall (§5).
  inquirySchedule: [
    12 * SECOND,
    25 * SECOND,
    45 * SECOND,
    90 * SECOND,
    150 * SECOND,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    6 * HOUR,
    24 * HOUR,
  ],
  provisionalFailureMs: 90 * SECOND, // §5: early failures were contradicted by callbacks with receipts.
  absentAfterMs: null, // "The transaction does not Exist" is also said of pushes just made (§5).
  // Sources say 60 s, 90 s and one to three minutes (§4). The longest: a guard that opens early costs the payer money.
  promptLifeMs: 3 * MINUTE,
  callbackPurposes: ['result'],
  inquiryCallbackPurposes: [],
  // §16.1
  phoneGuards: {
    onePromptAtATime: true,
    repeatAmountMs: 2 * MINUTE,
    unfinishedPrompts: { count: 5, blockMs: 24 * HOUR },
  },
};

/** Safaricom M-Pesa in Kenya, through Daraja. */
export const mpesa: ProviderDefinition<Credentials, Settings> = {
  id: 'mpesa',
  name: 'Safaricom M-Pesa',
  hosts: { test: 'https://sandbox.safaricom.co.ke', live: 'https://api.safaricom.co.ke' },
  methods: [collect],
  operations: { collections },
  rateLimit: null, // TPS and quota are in each contract and published nowhere (§16.1).
  // §16.3: the addresses of all public lists, those of some, and one seen in 2026-09.
  sourceAddresses: [
    ...['200', '206', '207', '208'].map((host) => `196.201.214.${host}`),
    ...['44', '114'].map((host) => `196.201.213.${host}`),
    ...['69', '74', '127', '128', '129', '132', '136', '138'].map((host) => `196.201.212.${host}`),
  ],
  credentials: Credentials,
  settings: Settings,
  connect(account, deps) {
    const client = createDarajaClient(account, deps);
    return {
      collections: createCollections(account, client, deps.clock),
      callbacks: createCallbacks(account.settings),
      check: () => checkCredentials(client),
    };
  },
};

function createCollections(
  { credentials, settings }: Account<Credentials, Settings>,
  client: DarajaClient,
  clock: Clock,
): MoneyMovement {
  const merchant = { passkey: credentials.passkey, settings };
  const secrets = [credentials.consumerKey, credentials.consumerSecret, credentials.passkey];
  return {
    async submit(instruction) {
      const push = toPushBody(merchant, instruction, toTimestamp(clock.now()));
      return 'kind' in push ? push : toOutcome(await client.push(push, instruction.sendBefore), secrets);
    },
    async inquire({ references: { providerReference } }) {
      if (providerReference === undefined) return { kind: 'unknown', cause: 'no_lookup_possible' };
      const query = toQueryBody(merchant, providerReference, toTimestamp(clock.now()));
      return toReport(await client.query(query), providerReference, secrets);
    },
  };
}

async function checkCredentials(client: DarajaClient): Promise<CredentialCheck> {
  const answer = await client.renewToken();
  switch (answer.kind) {
    case 'token':
      return { kind: 'ok' };
    case 'rejected':
      return { kind: 'refused', detail: answer.cause };
    case 'deferred':
      return { kind: 'unreachable', detail: answer.cause };
  }
}
