import type { MethodFacts, OperationFacts } from '#libs/provider-kit';
import { PURPOSES } from './callbacks.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Collecting by STK push. */
export const collect: MethodFacts = {
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

export const collections: OperationFacts = {
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

/** Paying out by B2C. */
export const pay: MethodFacts = {
  ...collect,
  providerCode: 'b2c',
  kind: 'payout',
  min: '10', // §16.1
  max: '250000', // §9, §16.1
  flow: 'direct',
};

export const payouts: OperationFacts = {
  // By OriginatorConversationID, our attempt id (§9). No answer to the question proves absence (§10), so never sent again.
  dedupe: 'queryable',
  inquireBy: 'attemptId',
  // A Result follows within seconds; each question costs a Result of its own.
  inquirySchedule: [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 24 * HOUR],
  provisionalFailureMs: 0,
  absentAfterMs: null, // 2033 and SFC_IC0003 are also said of what is there (§10).
  promptLifeMs: null,
  callbackPurposes: PURPOSES.payouts,
  inquiryCallbackPurposes: PURPOSES.payoutStatus,
  phoneGuards: null,
};

export const reversals: OperationFacts = {
  dedupe: 'neither', // The second one is told R000001, which does not say whose the first was (§11).
  inquireBy: 'providerReference',
  // May wait for somebody's approval at Safaricom (§11).
  inquirySchedule: [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR, 24 * HOUR, 72 * HOUR],
  provisionalFailureMs: 0,
  absentAfterMs: null,
  promptLifeMs: null,
  callbackPurposes: PURPOSES.reversals,
  inquiryCallbackPurposes: PURPOSES.reversalStatus,
  phoneGuards: null,
};
