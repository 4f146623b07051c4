import { randomText, systemRandom } from '#libs/simulators/kit';
import { toEastAfricaTime } from './time.js';

const UPPER_ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ALPHANUMERIC = `${UPPER_ALPHANUMERIC}abcdefghijklmnopqrstuvwxyz`;
/** The first year whose receipt letter is known is 2017, `L`. */
const FIRST_RECEIPT_YEAR = 2017;

/** Identifiers in the shapes that Safaricom gives them (§1.1). */
export class WireIds {
  private counter: number;

  constructor(private readonly random: () => number = systemRandom) {
    this.counter = 2_201_457 + Math.floor(random() * 1_000_000);
  }

  /** `a1b2-4c3d-9e8f-0123456789ab2201457`: a random UUID without its first group, then a counter. */
  merchantRequestId(): string {
    const hex = (length: number): string => this.pick('0123456789abcdef', length);
    return `${hex(4)}-4${hex(3)}-${this.pick('89ab', 1)}${hex(3)}-${hex(12)}${this.counter++}`;
  }

  /** 28 characters, as every token that was seen. */
  accessToken(): string {
    return this.pick(ALPHANUMERIC, 28);
  }

  /**
   * `ws_CO_` + day first, East Africa Time, + one to three sub-second digits + the subscriber's nine digits.
   * Takes more digits, then later ones, where that id is in use.
   */
  checkoutRequestId(at: number, msisdn: string, digits: number, isTaken: (id: string) => boolean): string {
    const { year, month, day, hour, minute, second, millisecond } = toEastAfricaTime(at);
    const toId = (fraction: string): string =>
      `ws_CO_${day}${month}${year}${hour}${minute}${second}${fraction}${msisdn.slice(-9)}`;
    for (let length = digits; length <= 3; length++) {
      const id = toId(millisecond.slice(0, length));
      if (!isTaken(id)) return id;
    }
    for (let step = 1; step < 1000; step++) {
      const id = toId(String((Number(millisecond) + step) % 1000).padStart(3, '0'));
      if (!isTaken(id)) return id;
    }
    return this.checkoutRequestId(at + 1000, msisdn, digits, isTaken);
  }

  /** Ten characters: year, month and day of the East African date as one character each, then seven at random. */
  receipt(at: number, isTaken: (receipt: string) => boolean): string {
    for (;;) {
      const receipt = `${toReceiptDate(at)}${this.pick(UPPER_ALPHANUMERIC, 7)}`;
      if (!isTaken(receipt)) return receipt;
    }
  }

  /** `UCE0000000`: the TransactionID of an order that failed. */
  failedTransactionId(at: number): string {
    return `${toReceiptDate(at)}0000000`;
  }

  /** `AG_20260314_` and twenty characters: hexadecimal until 2025, other letters among them since. */
  conversationId(at: number): string {
    const { year, month, day } = toEastAfricaTime(at);
    return `AG_${year}${month}${day}_${this.pick('0123456789abcdefghijklmnopqrstuvwxyz', 20)}`;
  }

  private pick(alphabet: string, length: number): string {
    return randomText(alphabet, length, this.random);
  }
}

function toReceiptDate(at: number): string {
  const { year, month, day } = toEastAfricaTime(at);
  const letter = (offset: number): string => String.fromCharCode(65 + (offset % 26));
  const yearLetter = letter(11 + Number(year) - FIRST_RECEIPT_YEAR);
  const dayLetter = Number(day) < 10 ? String(Number(day)) : letter(Number(day) - 10);
  return `${yearLetter}${letter(Number(month) - 1)}${dayLetter}`;
}
