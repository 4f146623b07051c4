import type { FailureReason } from '#libs/provider-kit';

/** What a form can have against what was typed. The codes are those of the API where it has one. */
export type FormFault =
  | 'phone_missing'
  | 'recipient_invalid'
  | 'method_missing'
  | 'method_unavailable'
  | 'required_field_missing'
  | 'phone_busy'
  | 'repeat_amount_too_soon'
  | 'phone_blocked'
  | 'stale_form'
  | 'too_late_to_cancel'
  | 'otp_missing'
  | 'otp_refused'
  | 'otp_unavailable';

/** Fields that some methods need beside a phone. */
export type ExtraField = 'firstName' | 'lastName' | 'name' | 'email' | 'address' | 'city' | 'state' | 'postalCode';

/** Everything the page says, in one language. */
export interface Words {
  readonly language: string;
  readonly otherLanguage: string;
  readonly testMode: string;
  readonly title: (amount: string, shop: string) => string;
  readonly payTo: string;
  readonly amount: string;
  readonly reference: (reference: string) => string;
  readonly needHelp: string;
  readonly securedBy: string;
  readonly backToShop: (shop: string) => string;
  readonly cancelAndReturn: (shop: string) => string;
  readonly form: {
    readonly heading: string;
    readonly phone: string;
    readonly phoneHint: string;
    readonly phoneKnown: (masked: string) => string;
    readonly method: string;
    readonly elsewhere: string;
    readonly suggested: string;
    readonly troubled: string;
    readonly pay: (amount: string) => string;
    readonly sending: string;
    readonly nothingYet: string;
    readonly fields: Readonly<Record<ExtraField, string>>;
    /** Where it is paid on the provider's own page. */
    readonly hosted: {
      readonly heading: (provider: string) => string;
      readonly phoneHint: string;
      readonly nothingYet: string;
    };
  };
  readonly faults: Readonly<Record<FormFault, (wait: string) => string>>;
  readonly minutes: (count: number) => string;
  readonly hours: (count: number) => string;
  readonly waiting: {
    readonly sendingTitle: string;
    readonly sendingText: (phone: string) => string;
    readonly preparingTitle: string;
    readonly preparingText: (provider: string) => string;
    readonly approveTitle: string;
    readonly steps: (facts: { method: string; phone: string; amount: string; shop: string }) => readonly string[];
    readonly nothingCame: string;
    readonly nothingCameText: string;
    readonly redirectTitle: string;
    readonly redirectText: (method: string) => string;
    readonly redirectButton: (method: string) => string;
    readonly otpTitle: string;
    readonly otpText: (method: string, phone: string) => string;
    readonly otpLabel: string;
    readonly otpButton: (amount: string) => string;
    readonly checkingTitle: string;
    readonly checkingText: (method: string) => string;
    readonly reviewTitle: string;
    readonly reviewText: (shop: string) => string;
    readonly overText: (shop: string) => string;
    readonly payOnce: string;
    readonly cancel: string;
    readonly refreshes: string;
    readonly refresh: string;
  };
  readonly paid: {
    readonly title: string;
    readonly alreadyTitle: string;
    readonly alreadyText: string;
    readonly lateText: (shop: string) => string;
    readonly returning: (shop: string) => string;
    readonly stay: string;
    readonly amount: string;
    readonly receipt: string;
    readonly method: string;
    readonly phone: string;
    readonly date: string;
    readonly item: string;
  };
  readonly failed: { readonly title: string; readonly noMoney: string; readonly tryAgain: string };
  readonly reasons: Readonly<Record<FailureReason, string>>;
  readonly ends: Readonly<
    Record<
      'expired' | 'cancelled' | 'failed' | 'maintenance' | 'notFound' | 'tooMany' | 'broken',
      { readonly title: string; readonly text: (shop: string) => string }
    >
  >;
}
