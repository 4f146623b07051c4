import type { Clock, Currency, Money, Msisdn } from '#libs/primitives';
import type { ZodType } from 'zod';
import type { HttpClient } from './http-client.js';
import type { TokenCache } from './token-cache.js';

/** Test money never meets live money: an account, a key and everything made with it have one mode for ever. */
export type Mode = 'test' | 'live';

// ————— What a provider answers —————

/** Ids under which the provider knows an attempt. Opaque: never validated, never parsed. */
export interface ProviderReferences {
  /** The id that inquiries and people use (M-Pesa: CheckoutRequestID). */
  readonly providerReference?: string;
  /** Further ids worth keeping for matching and disputes, by the provider's own key names. */
  readonly others?: Readonly<Record<string, string>>;
}

/** Why a transaction failed, in words that are the same for every provider (public contract, `failure.code`). */
export type FailureReason =
  | 'insufficient_funds'
  | 'cancelled_by_customer'
  | 'customer_timeout'
  | 'customer_unreachable'
  | 'wrong_pin'
  | 'subscriber_busy'
  | 'limit_exceeded'
  | 'duplicate_suspected'
  | 'invalid_recipient'
  | 'account_blocked'
  | 'merchant_balance_low'
  | 'provider_rejected'
  | 'provider_unavailable'
  | 'provider_misconfigured'
  | 'expired'
  | 'unknown_reason';

/** What the customer must do next. */
export type NextAction =
  | { readonly type: 'approve_on_phone' }
  | { readonly type: 'redirect'; readonly url: string }
  | { readonly type: 'enter_otp' };

/** The provider's own words, redacted, kept as evidence beside our reading of them. */
export interface ProviderWords {
  readonly httpStatus?: number;
  readonly providerCode?: string;
  readonly providerMessage?: string;
}

/** What became of one submit. */
export type SubmissionOutcome = { readonly said?: ProviderWords } & (
  | { readonly kind: 'accepted'; readonly references: ProviderReferences; readonly nextAction?: NextAction } // The final word comes later.
  | { readonly kind: 'completed'; readonly report: StatusReport; readonly references: ProviderReferences } // Some answer at once.
  | { readonly kind: 'deferred'; readonly cause: string; readonly retryAfterMs?: number } // Proven not taken. May be sent again.
  | { readonly kind: 'rejected'; readonly reason: FailureReason; readonly providerCode?: string } // No money will move.
  | { readonly kind: 'unknown'; readonly cause: string } // Inquire. Never resend.
);

/** What a provider says about an attempt, in an inquiry's answer or a callback. */
export type StatusReport = { readonly said?: ProviderWords } & (
  | { readonly kind: 'succeeded'; readonly receipt?: string; readonly amount?: Money; readonly payer?: Msisdn }
  | {
      readonly kind: 'failed' | 'cancelled' | 'expired';
      readonly reason: FailureReason;
      readonly providerCode?: string;
    }
  | { readonly kind: 'reversed' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'absent' } // The provider proves that it never had this attempt.
  /** The answer comes by callback, and will name the question by these ids. */
  | { readonly kind: 'asked'; readonly references?: ProviderReferences }
  /** `forReview`: the provider's last word, and no inquiry will settle it. People must decide at once. */
  | { readonly kind: 'unknown'; readonly cause: string; readonly forReview?: true }
);

// ————— What we ask of it —————

/** The person or business whose wallet is asked or paid. */
export interface Party {
  readonly phone: Msisdn;
  readonly name?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly locale?: string;
  readonly address?: string;
  readonly city?: string;
  readonly state?: string;
  readonly country?: string;
  readonly postalCode?: string;
  /** A method's own further fields, by the names in its `requiredFields`. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** One order to move money. Two tries of one attempt carry the same instruction, byte for byte where it matters. */
export interface Instruction {
  /** The provider key: at most 30 characters, never changes, never reused. */
  readonly attemptId: string;
  readonly amount: Money;
  readonly party: Party;
  readonly method: MethodFacts;
  /** The merchant's own reference, for statements the payer reads. */
  readonly reference: string;
  readonly description?: string;
  /** Where the provider reports to, one URL for each of the operation's `callbackPurposes`. */
  readonly callbackUrls: Readonly<Record<string, string>>;
  /** Where a hosted page returns the customer to. */
  readonly returnUrl?: string;
  /** The succeeded collection that a reversal undoes. */
  readonly original?: { readonly receipt?: string; readonly providerReference?: string; readonly amount: Money };
  /** Epoch ms after which the bytes must not leave any more: the sender's lease would have ended. */
  readonly sendBefore: number;
}

/** An attempt that may have reached the provider. */
export interface SentAttempt {
  readonly attemptId: string;
  readonly references: ProviderReferences;
  /** Epoch ms at which the bytes could first have left. */
  readonly sentAt: number;
  readonly amount: Money;
  readonly party: Party;
  readonly method: MethodFacts;
  /** Fresh single-use URLs, one for each of the operation's `inquiryCallbackPurposes`. */
  readonly callbackUrls: Readonly<Record<string, string>>;
}

// ————— Capabilities: present means supported —————

/** The kinds of money movement, by the names of their capabilities. */
export type Operation = 'collections' | 'payouts' | 'reversals' | 'links';

/** Whose a movement at the provider is. `none`: it exists, and carries no attempt id of ours. */
export type Identification =
  | { readonly kind: 'attempt'; readonly attemptId: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly cause: string };

export interface MoneyMovement {
  /** Sends the instruction once. Carries the attempt id: the provider key. */
  submit(instruction: Instruction): Promise<SubmissionOutcome>;
  /** Asks what became of an attempt. Moves no money, may be repeated. */
  inquire(attempt: SentAttempt): Promise<StatusReport>;
  /**
   * Asks which attempt of ours the provider's own id belongs to: the way back to a submit whose answer was lost, when
   * a message names an id that we never learned. Moves no money, may be repeated. Absent where messages name the
   * attempt themselves or come on a path of its own.
   */
  identify?(references: ProviderReferences): Promise<Identification>;
  submitOtp?(attempt: SentAttempt, otp: string): Promise<SubmissionOutcome>;
}

/** A provider's own payment page. */
export interface HostedLinks {
  create(instruction: Instruction): Promise<SubmissionOutcome>;
  inquire(attempt: SentAttempt): Promise<StatusReport>;
}

export interface BalanceInquiry {
  /** The URLs a question needs, where its answer comes by callback (M-Pesa). */
  readonly callbackPurposes: readonly string[];
  /** The float in the account now, by the provider's own account names; `asked` where the answer comes by callback. */
  read(callbackUrls: Readonly<Record<string, string>>): Promise<BalanceAnswer>;
}

export type BalanceAnswer =
  | { readonly kind: 'balances'; readonly balances: readonly { readonly account: string; readonly available: Money }[] }
  /** The answer comes by callback, and will name the question by these ids. */
  | { readonly kind: 'asked'; readonly references?: ProviderReferences }
  | { readonly kind: 'unknown'; readonly cause: string };

export interface MethodCatalogue {
  /** The methods this account can really use now, as provider codes; undefined where the provider did not answer. */
  list(): Promise<readonly string[] | undefined>;
}

/** A message as it reached us, untouched. */
export interface RawCallback {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly sourceAddress: string;
  /** For which of the declared purposes the URL was given out. */
  readonly purpose: string;
}

/**
 * How far a message may be believed by itself.
 * `signed` is evidence, `unsigned` is a hint that makes us ask, `forged` carries a wrong signature and is only kept.
 * `path` is an answer that we asked for, unsigned, on a URL made for this one purpose and known to the provider alone
 * (M-Pesa's Results): evidence if it names an id that is known to us (`namesKnownId`) and every amount and party that it
 * carries matches; a hint otherwise. An adapter gives it to such answers only, never to messages that merely come by themselves.
 */
export type CallbackTrust = 'signed' | 'path' | 'unsigned' | 'forged';

/** What a message claims. Each field that it carries must match the attempt before it counts. */
export interface CallbackMessage {
  readonly report: StatusReport;
  readonly references: ProviderReferences;
  /** Our attempt id, where the message carries it. */
  readonly attemptId?: string;
  /** The kind of movement, where the message says so: whom to ask (`identify`, `inquire`) about an id we do not know. */
  readonly operation?: Operation;
  /** Ids of the question that this message answers, as `asked` gave them; `references` are those of the attempt. */
  readonly inquiry?: ProviderReferences;
  readonly amount?: Money;
  /** The customer: who paid, was paid or was paid back. */
  readonly payer?: Msisdn;
  /** The merchant's account at the provider (M-Pesa: the shortcode), where the message names it. */
  readonly account?: string;
}

/** The answer to a question about the balance, as a message brings it. */
export interface BalanceMessage {
  readonly answer: Exclude<BalanceAnswer, { readonly kind: 'asked' }>;
  /** Ids of the question, as `asked` gave them. */
  readonly inquiry: ProviderReferences;
}

/** All functions are pure: raw bytes in, a verdict out. */
export interface Callbacks {
  /** What genuine messages give as `account` (M-Pesa: the shortcode), where they name it at all. */
  readonly account?: string;
  /** The documents ask to read the object again whatever a genuine message says: even signed, it makes us ask. */
  readonly confirmByInquiry?: boolean;
  authenticate(raw: RawCallback): CallbackTrust;
  /** Undefined where the bytes are no message of this provider. */
  parse(raw: RawCallback): CallbackMessage | undefined;
  /** The same for messages on the URLs of the balance's `callbackPurposes`; absent where balances are answered at once. */
  parseBalance?(raw: RawCallback): BalanceMessage | undefined;
}

/** What a credential check learned. It never moves money. */
export type CredentialCheck =
  | { readonly kind: 'ok'; readonly detail?: string }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** One connected account. */
export interface Provider {
  readonly collections?: MoneyMovement;
  readonly payouts?: MoneyMovement;
  readonly reversals?: MoneyMovement;
  readonly links?: HostedLinks;
  readonly balance?: BalanceInquiry;
  readonly catalogue?: MethodCatalogue;
  readonly callbacks?: Callbacks;
  check(): Promise<CredentialCheck>;
}

// ————— Facts: data about a provider, never coded in the engine —————

/** How a provider protects against the same attempt arriving twice; the engine's rules follow from it. */
export type DedupeStrength = 'idempotent' | 'queryable' | 'refusesDuplicates' | 'neither';

export type MethodFlow = 'approve_on_phone' | 'redirect' | 'otp' | 'direct';

/** One way of paying as one provider offers it. */
export interface MethodFacts {
  /** Unified code, the same across providers: `mpesa_ke`. */
  readonly code: string;
  readonly providerCode: string;
  readonly kind: 'collection' | 'payout';
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly currency: Currency;
  readonly operator: string;
  /** Decimals that the provider takes, at most the currency's own. */
  readonly decimals: number;
  /** Major units, as a decimal string; null where the provider names no bound. */
  readonly min: string | null;
  readonly max: string | null;
  /** Fields of the customer or recipient beyond the phone that this route cannot do without. */
  readonly requiredFields: readonly string[];
  readonly flow: MethodFlow;
}

/** Rules that a network keeps for each phone, whoever the merchant is. */
export interface PhoneGuardFacts {
  /** One open prompt at a time. */
  readonly onePromptAtATime: boolean;
  /** The same amount from the same phone again is refused within this time, in ms; null for no such rule. */
  readonly repeatAmountMs: number | null;
  /** After so many prompts in a row that nobody finished, the line gets none for a while. */
  readonly unfinishedPrompts: { readonly count: number; readonly blockMs: number } | null;
}

/** How one kind of money movement behaves at one provider. */
export interface OperationFacts {
  readonly dedupe: DedupeStrength;
  /** What an inquiry needs: our attempt id, the provider's reference, or there is none. */
  readonly inquireBy: 'attemptId' | 'providerReference' | 'nothing';
  /** When to ask, in ms after the send; after the last one the matter goes to people. */
  readonly inquirySchedule: readonly number[];
  /** A failure that an inquiry reports is not believed before this age in ms, unless a callback agrees. 0: at once. */
  readonly provisionalFailureMs: number;
  /** Age in ms from which `absent` proves that nothing was taken; null: it never does. */
  readonly absentAfterMs: number | null;
  /** How long the customer's prompt can live, in ms; null where there is none. */
  readonly promptLifeMs: number | null;
  /** The URLs a submit needs (M-Pesa B2C: `payout` and `payout_timeout`). */
  readonly callbackPurposes: readonly string[];
  /** The URLs an inquiry needs, where its answer comes by callback. */
  readonly inquiryCallbackPurposes: readonly string[];
  readonly phoneGuards: PhoneGuardFacts | null;
}

/** A provider account as its adapter sees it. */
export interface Account<Credentials, Settings> {
  readonly id: string;
  readonly mode: Mode;
  readonly credentials: Credentials;
  readonly settings: Settings;
  /** The host to talk to: the definition's for the mode, or in test mode the account's own. No trailing slash. */
  readonly baseUrl: string;
}

/** What an adapter may use of the world. */
export interface ProviderDeps {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly tokens: TokenCache;
}

/** What the gateway must know about a provider before any account is connected. */
export interface ProviderDefinition<Credentials = unknown, Settings = unknown> {
  readonly id: string;
  readonly name: string;
  /** Base URLs. Only test mode may replace one. */
  readonly hosts: Readonly<Record<Mode, string>>;
  readonly methods: readonly MethodFacts[];
  /**
   * What the provider's own payment page takes (`links`), one entry for a currency, with `HOSTED_PAGE` as its code. The
   * country is the one whose numbers may be typed without a calling code. Absent where there is no such page.
   */
  readonly hostedPages?: readonly MethodFacts[];
  readonly operations: {
    readonly collections?: OperationFacts;
    readonly payouts?: OperationFacts;
    readonly reversals?: OperationFacts;
    readonly links?: OperationFacts;
  };
  /** Requests an account may make, or null where the provider names no limit. */
  readonly rateLimit: { readonly requests: number; readonly perMs: number } | null;
  /** Addresses callbacks were seen to come from: a soft signal, never proof. */
  readonly sourceAddresses: readonly string[];
  /**
   * Its messages go to one URL of the whole account, which the account's owner enters at the provider; absent where each
   * attempt brings URLs of its own.
   */
  readonly accountCallback?: true;
  /** Validate, type and draw the form of an account. Unknown keys are refused. */
  readonly credentials: ZodType<Credentials>;
  readonly settings: ZodType<Settings>;
  connect(account: Account<Credentials, Settings>, deps: ProviderDeps): Provider;
}
