import type { Account, CredentialCheck, MoneyMovement, ProviderDefinition } from '#libs/provider-kit';
import { createCallbacks } from './callbacks.js';
import { createDarajaClient, type DarajaClient } from './client.js';
import { Credentials, Settings } from './config.js';
import { collect, collections, pay, payouts, reversals } from './facts.js';
import { toOutcome, toPushBody, toQueryBody, toReport, toTimestamp } from './mapping.js';
import { createBalance, createPayouts, createReversals, toOrderer, type Orderer } from './orders.js';
import type { Clock } from '#libs/primitives';

/** Safaricom M-Pesa in Kenya, through Daraja. */
export const mpesa: ProviderDefinition<Credentials, Settings> = {
  id: 'mpesa',
  name: 'Safaricom M-Pesa',
  hosts: { test: 'https://sandbox.safaricom.co.ke', live: 'https://api.safaricom.co.ke' },
  methods: [collect, pay],
  operations: { collections, payouts, reversals },
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
    const orderer = toOrderer(account);
    return {
      collections: createCollections(account, client, deps.clock),
      ...(orderer && createOrders(account, client, orderer)),
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

function createOrders({ credentials }: Account<Credentials, Settings>, client: DarajaClient, orderer: Orderer) {
  const { consumerKey, consumerSecret, passkey, initiatorPassword = '' } = credentials;
  const secrets = [orderer.securityCredential, consumerKey, consumerSecret, passkey, initiatorPassword];
  return {
    payouts: createPayouts(orderer, client, secrets),
    reversals: createReversals(orderer, client, secrets),
    balance: createBalance(orderer, client, secrets),
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
