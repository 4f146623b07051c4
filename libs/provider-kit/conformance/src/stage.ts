import type { FailureReason, Instruction, Operation, ProviderDefinition, StatusReport } from '#libs/provider-kit';
import type { RawCallback, CallbackTrust, SubmissionOutcome } from '#libs/provider-kit';
import type { Reply, WireRequest } from './fault-proxy.js';

/** The kinds of money movement that the suite plays through. */
export type MovementName = Operation;

/**
 * Talks to the simulator's control API, at the paths every simulator has: `POST /_control/reset`, `POST /_control/idle`
 * (`{ waitMs }`: answers once nothing is under way) and `GET /_control/transfers` (the book of money).
 */
export type Control = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<unknown>;

/** A simulator that listens. */
export interface RunningSimulator {
  /** No trailing slash. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** What an instruction of the suite asks for; the suite adds the attempt id, the callback URLs and the rest. */
export interface Order {
  /** A method's unified code. */
  readonly method: string;
  /** Major units of the method's currency. */
  readonly amount: string;
  /** E.164, and whatever else the method requires. */
  readonly party: Omit<Instruction['party'], 'phone'> & { readonly phone: string };
  readonly original?: { readonly receipt?: string; readonly providerReference?: string };
}

/** How to bring something about: by the simulator, by a special order, or by an answer put in its place. */
export interface Situation {
  readonly name: string;
  /** Answers the request in the simulator's place. */
  readonly reply?: Reply;
  readonly arrange?: (control: Control) => Promise<unknown>;
  readonly order?: Partial<Order>;
}

/** What the stage of one kind of movement says. The suite itself knows silence, server faults, HTML and noise. */
export interface MovementStage {
  /** An order that the simulator accepts, or how to prepare one (a reversal needs a collection first). */
  readonly order: Order | ((control: Control) => Promise<Order>);
  /** The one request that can move money. */
  readonly isSubmit: (request: WireRequest) => boolean;
  /** The request that asks; absent only where the facts say `inquireBy: 'nothing'`. */
  readonly isInquiry?: (request: WireRequest) => boolean;
  /** How the simulator takes the order. */
  readonly accepts: Extract<SubmissionOutcome['kind'], 'accepted' | 'completed'>;
  /** Documented refusals, and what they mean. */
  readonly rejections: readonly (Situation & { readonly reason: FailureReason })[];
  /** Documented proofs that nothing was taken: throttling, maintenance. Empty where there are none. */
  readonly deferrals: readonly Situation[];
  /** Answers that look definite and are not (a duplicate id, an ambiguous code). */
  readonly doubts: readonly Situation[];
  /** An answer like the real one but for one word, code or status that no document knows. */
  readonly unknownWord: Reply;
  /** A refusal in the provider's own form whose message quotes the text. */
  readonly quoting?: (text: string) => Reply;
  /** What a 429 without a readable body means; `deferred` only where a document says that nothing was taken. */
  readonly bare429?: 'deferred' | 'unknown';
  /** Body fields that may differ between two tries of one attempt (timestamps and what is made from them). */
  readonly volatileFields?: readonly string[];
  readonly inquiries?: InquiryStage;
  readonly otp?: OtpStage;
}

export interface InquiryStage {
  /** Documented answers, and what they come to. At least one that is final, or `asked`. */
  readonly answers: readonly (Situation & {
    readonly kind: StatusReport['kind'];
    readonly reason?: FailureReason;
    /** Where the kind is `asked`: what the message that follows on one of the inquiry's URLs comes to. */
    readonly thenArrives?: StatusReport['kind'];
  })[];
  /** Answers known to mean nothing, beside the suite's own noise. */
  readonly noise: readonly Situation[];
  readonly unknownWord: Reply;
}

export interface OtpStage {
  readonly isSubmit: (request: WireRequest) => boolean;
  readonly code: string;
  readonly accepts: SubmissionOutcome['kind'];
}

/** For providers that hand out access tokens. */
export interface TokenStage {
  readonly isToken: (request: WireRequest) => boolean;
  /** Every documented way to refuse a token at another endpoint. */
  readonly refusals: readonly Reply[];
}

/** A message as the provider would send it. */
export interface CallbackSample {
  readonly name: string;
  readonly raw: Partial<Omit<RawCallback, 'body'>> & { readonly body: string };
  readonly trust: CallbackTrust;
  readonly kind: StatusReport['kind'];
  readonly reason?: FailureReason;
}

export interface CallbackStage {
  /** Genuine messages: each kind of final state at least once. Signed ones are signed with the stage's credentials. */
  readonly samples: readonly CallbackSample[];
  /** Genuine but for a word that no document knows. */
  readonly unknownWord: CallbackSample['raw'];
  /** The messages that the simulator sends by itself after an accepted order. */
  readonly arrivals?: readonly Arrival[];
}

/** A message that follows an accepted order: on one of the submit's URLs, else on the account's. */
export interface Arrival extends Omit<Situation, 'name' | 'reply'> {
  readonly movement: MovementName;
  readonly kind: StatusReport['kind'];
}

/** How an adapter's spec sets the scene for the suite. A capability that the provider has must have its entry. */
export interface Stage<Credentials, Settings> {
  readonly definition: ProviderDefinition<Credentials, Settings>;
  /** As an operator would enter them; the simulator takes them. */
  readonly account: { readonly credentials: unknown; readonly settings: unknown };
  /** Well-formed credentials that the simulator refuses. */
  readonly badCredentials: unknown;
  /** Starts a simulator on a free loopback port. Account-wide callbacks go to `webhookUrl`. */
  startSimulator(world: { readonly webhookUrl: string }): Promise<RunningSimulator>;
  readonly token?: TokenStage;
  readonly collections?: MovementStage;
  readonly payouts?: MovementStage;
  readonly reversals?: MovementStage;
  readonly links?: MovementStage;
  readonly callbacks?: CallbackStage;
  /** What reading the balance comes to. */
  readonly balance?: { readonly kind: 'balances' | 'asked'; readonly callbackPurposes?: readonly string[] };
  /** A method that the simulator's catalogue holds, by the provider's code. */
  readonly catalogue?: { readonly holds: string };
}
