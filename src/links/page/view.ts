import type { FailureReason } from '#libs/provider-kit';
import type { LinkLocale } from '../payment-link.entity.js';
import type { ExtraField, FormFault } from './words.js';

/** Whose page it is. */
export interface Shop {
  readonly name: string;
  readonly colour: string | null;
  readonly logoUrl: string | null;
  readonly supportUrl: string | null;
}

/** A way of paying, as the form offers it. */
export interface MethodOption {
  readonly code: string;
  readonly name: string;
  readonly brand: string;
  readonly country: string;
  /** Not well at the moment, by our own traffic. */
  readonly isTroubled: boolean;
  /** Probably reaches the phone that is known; suggested where it is its own operator's. */
  readonly reaches: boolean;
  readonly isSuggested: boolean;
  /** First digits of its operator's national numbers, and the country's calling code: the script marks what fits. */
  readonly prefixes: readonly string[];
  readonly callingCode: string;
}

/** What is wrong with what was typed, and how many seconds to wait where only time helps. */
export interface FaultView {
  readonly code: FormFault;
  readonly waitSeconds?: number;
}

/** The form to pay with, filled with what is known. */
export interface FormView {
  readonly nonce: string;
  readonly methods: readonly MethodOption[];
  readonly method: string | undefined;
  readonly phone: string;
  /** The customer's number as the merchant gave it, not to be read by whoever else opens the link. */
  readonly knownPhone: string | undefined;
  /** It is paid on the provider's own page: there is nothing to choose here. */
  readonly isHosted: boolean;
  /** What the method needs beside a phone, and what was typed. */
  readonly extra: readonly { readonly name: ExtraField; readonly value: string }[];
  readonly fault: FaultView | undefined;
}

/** What is being waited for. */
export type WaitingStep = 'sending' | 'preparing' | 'approve' | 'redirect' | 'otp' | 'checking' | 'review';

export type EndKind = 'expired' | 'cancelled' | 'failed' | 'maintenance' | 'notFound' | 'tooMany' | 'broken';

/** What the page shows. */
export type Screen =
  | { readonly kind: 'choose'; readonly form: FormView }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly form: FormView }
  | {
      readonly kind: 'waiting';
      readonly step: WaitingStep;
      readonly method: string;
      /** Masked. */
      readonly phone: string;
      readonly redirectUrl: string | undefined;
      /** The link is over, and the prompt on the phone cannot be taken back. */
      readonly isOver: boolean;
      /** Nothing was sent yet: with this nonce it can be stopped. */
      readonly cancelNonce: string | undefined;
      /** Of the form for the one-time code, where one is waited for. */
      readonly otpNonce: string | undefined;
      readonly fault: FaultView | undefined;
    }
  | {
      readonly kind: 'paid';
      /** Just now, so this is the receipt of whoever looks. */
      readonly isFresh: boolean;
      readonly late: boolean;
      readonly receipt: string | null;
      readonly method: string;
      /** Masked; null where the payer typed it elsewhere. */
      readonly phone: string | null;
      /** Of the method: its clocks tell when. */
      readonly country: string | undefined;
      /** Epoch ms. */
      readonly paidAt: number;
    }
  | { readonly kind: 'end'; readonly end: EndKind; readonly isFresh: boolean };

/** What is paid for. */
export interface Bill {
  readonly amount: string;
  readonly itemName: string;
  readonly reference: string;
  readonly isTest: boolean;
}

/** Everything that the page needs to be drawn. */
export interface PageView {
  readonly locale: LinkLocale;
  /** Undefined where no link was found. */
  readonly shop: Shop | undefined;
  readonly bill: Bill | undefined;
  /** What every path begins with where the public address has a path of its own. */
  readonly base: string;
  /** The page's own path, without a query. */
  readonly path: string;
  /** Whether the visitor switched to this language: then every further address says so. */
  readonly isSwitched: boolean;
  readonly screen: Screen;
  /** Changes with what is shown; undefined where nothing will change by itself. */
  readonly state: string | undefined;
  /** The signed way back to the shop. */
  readonly returnUrl: string | undefined;
}
