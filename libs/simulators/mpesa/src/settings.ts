import { choice, flag, whole, type ValuesOf } from '#libs/simulators/kit';

/** How the simulated world is when nothing goes wrong: its rules, its clocks, its limits. */
export const SETTINGS = {
  acceptLoopbackCallbacks: flag(
    'Take CallBackURLs that Safaricom would refuse for their scheme or host: plain http, loopback and private addresses, tunnels.',
    false,
  ),
  refuseForbiddenWords: flag(
    'Refuse a CallBackURL that contains mpesa, m-pesa, safaricom, exe, exec, cmd, sql or query. Enforced for C2B; for STK reports disagree.',
    true,
  ),
  promptDelayMs: whole('From the accepted push to the prompt on the phone.', 1_500),
  answerDelayMs: whole('How long a phone that nobody touches waits before it answers by its rule.', 6_000),
  processingDelayMs: whole('From the answer on the phone to the end of the transaction.', 1_000),
  callbackDelayMs: whole('From the end of the transaction to its callback.', 500),
  promptLifeMs: whole('How long a prompt waits for an answer before it ends with 1037.', 60_000),
  testNumberLifeMinMs: whole('Shortest time from a push to 254708374149 to its 1037.', 14_000),
  testNumberLifeMaxMs: whole('Longest time from a push to 254708374149 to its 1037.', 26_000),
  orderDelayMs: whole('From an accepted payout, status query or balance query to its end.', 1_500),
  reversalDelayMs: whole('From an accepted reversal to its end.', 3_000),
  callbackTimeoutMs: whole('How long a callback waits for its answer.', 10_000, { min: 1 }),
  callbackRetryDelayMs: whole(
    'Between two tries of one callback, where the fault callbackRetries asks for more than one.',
    5_000,
  ),
  tokenLifeSeconds: whole('How long an access token lives. expires_in says one second less.', 3_600, { min: 1 }),
  timestampToleranceMs: whole(
    'Refuse a Timestamp further than this from the clock in Nairobi (Invalid Timestamp); 0 takes any. Whether Safaricom looks is uncertain.',
    0,
  ),
  overCap: choice(
    'Above KES 250,000 per transaction: refuse at once (Invalid Amount), or take the push and end it with code 3.',
    ['sync', 'async'],
    'sync',
  ),
  subscriberLock: choice(
    'A second push while a prompt is open on that phone: refuse at once (500.001.1001), take it and end it with 1001, or allow it.',
    ['sync', 'async', 'off'],
    'sync',
  ),
  sameAmountWindowMs: whole(
    'The same amount paid by the same phone again within this time ends with code 17 after the PIN; 0 allows it.',
    120_000,
  ),
  unfinishedPromptLimit: whole(
    'After so many prompts in a row that ended without a PIN the line gets no more prompts: they end with 1037; 0 never blocks. Numbers with a magic ending are exempt.',
    5,
  ),
  unfinishedPromptBlockMs: whole('How long such a line stays blocked.', 24 * 60 * 60 * 1000),
  subSecondDigits: whole('Digits after the seconds in a CheckoutRequestID. One since Aug 2026, three before.', 1, {
    min: 1,
    max: 3,
  }),
  customerOpeningBalance: whole('Whole shillings in the wallet of a phone that is seen for the first time.', 250_000),
  openingFloat: whole('Whole shillings in the Utility Account of each merchant at the start.', 1_000_000),
  customerMaximumBalance: whole(
    'Whole shillings a wallet holds at most: a payout beyond that ends with code 8.',
    500_000,
  ),
  duplicateWindowMs: whole(
    'How long an OriginatorConversationID stays used; 0 for ever. After that the same one pays again. How long it is at Safaricom is not documented.',
    0,
  ),
  credentialTries: whole(
    "After so many wrong SecurityCredentials in a row a merchant's API operator is locked: 8006 until the control API unlocks it; 0 never.",
    5,
  ),
  queryLimitPerMinute: whole(
    'STK queries an app may make in a minute before the firewall answers 403; 0 has no limit.',
    0,
  ),
} as const;

export type SettingValues = ValuesOf<typeof SETTINGS>;
