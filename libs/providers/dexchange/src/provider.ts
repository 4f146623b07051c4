import type {
  Account,
  HostedLinks,
  MoneyMovement,
  OperationFacts,
  ProviderDefinition,
  SentAttempt,
} from '#libs/provider-kit';
import { toBalance, toCredentialCheck, toServiceCodes } from './account.js';
import { STATUS_PURPOSE, toDirectBody, toLinkBody } from './bodies.js';
import { callbacks } from './callbacks.js';
import { createDexchangeClient, type DexchangeClient } from './client.js';
import { Credentials, Settings } from './config.js';
import { toDirectOrder, toLinkOrder, toOtpOutcome, toOutcome, toReport } from './mapping.js';
import { HOSTED_PAGES, METHODS } from './methods.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NO_LOOKUP = { kind: 'unknown', cause: 'no_lookup_possible' } as const;

/** Nobody publishes how long a prompt or a link lives (§15); Wave's own session lasts half an hour (§5). */
const PROMPT_LIFE_MS = 30 * MINUTE;
const LINK_LIFE_MS = 24 * HOUR;

/** 10, 20, 40 s, then each minute to 15, then ever more rarely until a day past the prompt (§14). */
// prettier-ignore
const INQUIRY_SCHEDULE = [
  10 * SECOND, 20 * SECOND, 40 * SECOND, ...Array.from({ length: 15 }, (_, minute) => (minute + 1) * MINUTE),
  30 * MINUTE, 45 * MINUTE, 1 * HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, 24 * HOUR, 25 * HOUR,
];

const payouts: OperationFacts = {
  dedupe: 'refusesDuplicates', // The same externalTransactionId again is a 409 (§0.4), and there is no look-up by it.
  inquireBy: 'providerReference',
  inquirySchedule: INQUIRY_SCHEDULE,
  provisionalFailureMs: 0,
  absentAfterMs: null,
  promptLifeMs: null,
  callbackPurposes: [STATUS_PURPOSE],
  inquiryCallbackPurposes: [],
  phoneGuards: null,
};

const collections: OperationFacts = { ...payouts, promptLifeMs: PROMPT_LIFE_MS };

const links: OperationFacts = {
  ...collections,
  promptLifeMs: LINK_LIFE_MS,
  inquirySchedule: [...INQUIRY_SCHEDULE, 36 * HOUR, 48 * HOUR],
};

/** DExchange of Senegal, its first-generation API: the one that most integrations speak. */
export const dexchange: ProviderDefinition<Credentials, Settings> = {
  id: 'dexchange',
  name: 'DExchange',
  // One host: the key decides (§1). Whether a sandbox host exists is not certain.
  hosts: { test: 'https://api-m.dexchange.sn', live: 'https://api-m.dexchange.sn' },
  methods: METHODS,
  hostedPages: HOSTED_PAGES,
  operations: { collections, payouts, links },
  rateLimit: { requests: 100, perMs: MINUTE }, // §1
  sourceAddresses: [], // None published (§15).
  credentials: Credentials,
  settings: Settings,
  connect(account, { http }) {
    const client = createDexchangeClient(account, http);
    const direct = createDirect(account, client);
    const secrets = [account.credentials.apiKey];
    return {
      collections: {
        ...direct,
        async submitOtp(attempt, otp) {
          const id = attempt.references.providerReference;
          if (id === undefined) return NO_LOOKUP;
          const exchange = await client.confirmWizall(id, otp);
          return toOtpOutcome(exchange, toDirectOrder(attempt), [...secrets, otp]);
        },
      },
      payouts: direct,
      links: createLinks(account, client),
      balance: { callbackPurposes: [], read: async () => toBalance(await client.readBalance()) },
      catalogue: { list: async () => toServiceCodes(await client.listServices()) },
      callbacks,
      check: async () => toCredentialCheck(await client.readBalance()),
    };
  },
};

type Connected = Pick<Account<Credentials, Settings>, 'credentials' | 'settings'>;

function createDirect({ credentials, settings }: Connected, client: DexchangeClient): MoneyMovement {
  return {
    async submit(instruction) {
      const body = toDirectBody(instruction, settings.returnUrl);
      if ('kind' in body) return body;
      const exchange = await client.initiate(body, instruction.sendBefore);
      return toOutcome(exchange, toDirectOrder(instruction), [credentials.apiKey]);
    },
    async inquire(attempt: SentAttempt) {
      const id = attempt.references.providerReference;
      if (id === undefined) return NO_LOOKUP;
      return toReport(await client.readDirect(id), toDirectOrder(attempt), [credentials.apiKey]);
    },
  };
}

function createLinks({ credentials, settings }: Connected, client: DexchangeClient): HostedLinks {
  return {
    async create(instruction) {
      const body = toLinkBody(instruction, settings.returnUrl);
      if ('kind' in body) return body;
      const exchange = await client.createLink(body, instruction.sendBefore);
      return toOutcome(exchange, toLinkOrder(instruction), [credentials.apiKey]);
    },
    async inquire(attempt: SentAttempt) {
      const id = attempt.references.providerReference;
      if (id === undefined) return NO_LOOKUP;
      return toReport(await client.readLink(id), toLinkOrder(attempt), [credentials.apiKey]);
    },
  };
}
