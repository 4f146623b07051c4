import type { HttpRequest } from '#libs/provider-kit';

/** What a request to a provider is for. */
export type Purpose = 'instruct' | 'inquire' | 'other';

/** What an answer says for certain about an instruction; `null` where it says nothing for certain. */
export interface Word {
  readonly reference: string;
  readonly says: 'paid' | 'not_paid' | null;
  /** The provider's book will not bear it out: it lied, or spoke too soon. */
  readonly untrue: boolean;
  /** The provider's first failures are known not to last: one is believed with age, or where a callback agrees. */
  readonly provisional: boolean;
}

/** What the provider did with a request. */
export interface Handled {
  /** Null where the connection is cut without an answer. */
  readonly answer: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  readonly word: Word | undefined;
  /** What follows once the answer has left. */
  readonly afterwards: () => void;
}

/** A movement of money in a provider's own book. */
export interface Movement {
  readonly reference: string;
  readonly amountMinor: bigint;
  /** E.164. */
  readonly party: string;
}

/** Which way the money goes. */
export type Direction = 'in' | 'out';

/** An instruction that a provider took. */
export interface TakenInstruction {
  readonly direction: Direction;
  readonly reference: string;
  /** The provider's own id of it. */
  readonly id: string;
  readonly callbackUrl: string;
  /** Whether it has come to its end, and with that moved money or not. */
  readonly ended: boolean;
}

/** One provider as the network sees it, with a book of its own that the auditor compares with ours. */
export interface ProviderModel {
  readonly baseUrl: string;
  purposeOf(request: HttpRequest): Purpose;
  /** The reference the instruction or inquiry is about, where it is about one. */
  referenceOf(request: HttpRequest): string | undefined;
  handle(request: HttpRequest): Promise<Handled>;
  instructions(): readonly TakenInstruction[];
  movements(): readonly Movement[];
  /** What becomes of the next instruction for this phone: what the customer does, or how a payout ends. Drawn by the model. */
  decide(phone: string, direction: Direction): string;
  /** The instruction that messages on this callback URL are about. */
  referenceAt(url: string): string | undefined;
  /** What a message on its URL says for certain, where an answer is believed by the path that it comes on. */
  wordAt(url: string, body: string): Word | undefined;
  /** Whether the provider would tell for certain how the instruction ended, if it is asked. */
  canTell(reference: string): boolean;
  close(): void;
}
