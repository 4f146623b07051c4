import { findCurrencyDecimals, type Currency } from './currencies.js';

/** Why a text or number is not an amount of money we can hold exactly. */
export type MoneyFault =
  | 'unknown_currency' //   Not an ISO 4217 code.
  | 'not_exact' //          A JSON number that is no integer within ±(2^53 - 1), or a text that is no plain decimal.
  | 'too_many_decimals' //  More decimals than the currency has.
  | 'out_of_range'; //      More than 2^53 - 1 minor units.

/** The largest amount, in minor units, that every layer (JSON, both databases, JavaScript) holds exactly. */
export const MAX_MINOR = BigInt(Number.MAX_SAFE_INTEGER);

// A plain decimal in major units: no sign but minus, no exponent, no separators, no bare point, no idle leading zeros.
const PLAIN_DECIMAL = /^-?(?<whole>0|[1-9]\d*)(?:\.(?<fraction>\d+))?$/;
const WHOLE_NUMBER = /^-?\d{1,20}$/;
// 2^53 - 1 has sixteen digits. What is longer is out of range without being counted, however long it is.
const MOST_DIGITS = 16;

/** An exact amount of one currency: `bigint` minor units, never a float. Immutable. */
export class Money {
  private constructor(
    /** Minor units (cents of KES, francs of XOF). */
    readonly amountMinor: bigint,
    /** ISO 4217 code. */
    readonly currency: Currency,
    private readonly decimals: number,
  ) {}

  /**
   * Reads an amount in major units: a decimal string (`"150.00"`) or a safe integer (`150`).
   * Answers what is wrong instead of throwing: outside input is expected to be wrong now and then.
   */
  static parse(amount: string | number, currency: string): Money | MoneyFault {
    const decimals = findCurrencyDecimals(currency);
    if (decimals === undefined) return 'unknown_currency';
    if (typeof amount === 'number' && !Number.isSafeInteger(amount)) return 'not_exact';
    const text = String(amount);
    const { whole, fraction = '' } = PLAIN_DECIMAL.exec(text)?.groups ?? {};
    if (whole === undefined) return 'not_exact';
    if (fraction.length > decimals) return 'too_many_decimals';
    if (whole.length > MOST_DIGITS) return 'out_of_range';
    const magnitude = BigInt(whole + fraction.padEnd(decimals, '0'));
    const amountMinor = text.startsWith('-') ? -magnitude : magnitude;
    return isHoldable(amountMinor) ? new Money(amountMinor, currency, decimals) : 'out_of_range';
  }

  /** The same for an amount of our own (stored, or a fact in the code): throws a RangeError where it is none. */
  static ofMajor(amount: string | number, currency: string): Money {
    const money = Money.parse(amount, currency);
    if (typeof money === 'string') throw new RangeError(`Not an amount of ${currency}: ${money}`);
    return money;
  }

  /** Money from stored minor units. Throws a RangeError where they are not ours to begin with. */
  static ofMinor(amountMinor: bigint | number | string, currency: string): Money {
    const decimals = findCurrencyDecimals(currency);
    if (decimals === undefined) throw new RangeError(`Not an ISO 4217 currency: ${currency}`);
    // BigInt() would read '' as 0 and '0x10' as 16.
    if (!WHOLE_NUMBER.test(String(amountMinor))) throw new RangeError(`Not a number of minor units of ${currency}`);
    const minor = BigInt(amountMinor);
    if (!isHoldable(minor)) throw new RangeError(`More than 2^53 - 1 minor units of ${currency}`);
    return new Money(minor, currency, decimals);
  }

  /** Major units with exactly the currency's decimals: `"150.00"` KES, `"1500"` XOF. */
  format(): string {
    if (this.decimals === 0) return this.amountMinor.toString();
    const sign = this.amountMinor < 0n ? '-' : '';
    const digits = (this.amountMinor < 0n ? -this.amountMinor : this.amountMinor)
      .toString()
      .padStart(this.decimals + 1, '0');
    return `${sign}${digits.slice(0, -this.decimals)}.${digits.slice(-this.decimals)}`;
  }

  /**
   * The amount in units of `10^-decimals`, for a provider that takes fewer decimals than ISO gives
   * (M-Pesa takes whole shillings), or undefined where that would round.
   */
  inDecimals(decimals: number): bigint | undefined {
    if (decimals >= this.decimals) return this.amountMinor * 10n ** BigInt(decimals - this.decimals);
    const divisor = 10n ** BigInt(this.decimals - decimals);
    return this.amountMinor % divisor === 0n ? this.amountMinor / divisor : undefined;
  }

  equals(other: Money): boolean {
    return this.amountMinor === other.amountMinor && this.currency === other.currency;
  }

  isPositive(): boolean {
    return this.amountMinor > 0n;
  }

  /** Negative, zero or positive as this is less than, equal to or more than the other. Throws across currencies. */
  compare(other: Money): number {
    this.assertSameCurrency(other);
    return this.amountMinor < other.amountMinor ? -1 : Number(this.amountMinor > other.amountMinor);
  }

  plus(other: Money): Money {
    this.assertSameCurrency(other);
    return Money.ofMinor(this.amountMinor + other.amountMinor, this.currency);
  }

  minus(other: Money): Money {
    this.assertSameCurrency(other);
    return Money.ofMinor(this.amountMinor - other.amountMinor, this.currency);
  }

  /** For messages: `150.00 KES`. */
  toString(): string {
    return `${this.format()} ${this.currency}`;
  }

  private assertSameCurrency(other: Money): void {
    if (other.currency !== this.currency) throw new TypeError(`Cannot mix ${this.currency} and ${other.currency}`);
  }
}

function isHoldable(minor: bigint): boolean {
  return minor <= MAX_MINOR && minor >= -MAX_MINOR;
}
