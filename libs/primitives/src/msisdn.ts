import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** A mobile number in its international form. Immutable; compare with `equals` or by `e164`. */
export class Msisdn {
  private constructor(
    /** `+254708374149`. */
    readonly e164: string,
    /** ISO 3166-1 alpha-2, as far as the digits tell: a good guess where countries share a calling code (+44, +212). */
    readonly country: string | undefined,
    /** The number inside its country, without trunk zero: `708374149`. */
    readonly nationalDigits: string,
  ) {}

  /**
   * Reads an E.164 number, or a national one where `country` says whose.
   * A number of possible length is accepted: ranges open faster than any table learns of them.
   */
  static parse(text: string, country?: string): Msisdn | undefined {
    const defaultCountry = country !== undefined && isSupportedCountry(country) ? country : undefined;
    const parsed = parsePhoneNumberFromString(text, { defaultCountry, extract: false });
    if (!parsed?.isPossible() || parsed.ext !== undefined) return undefined;
    return new Msisdn(parsed.number, parsed.country, parsed.nationalNumber);
  }

  /** Reads what a provider sends: international digits without a plus (`254708374149`). */
  static parseDigits(digits: string): Msisdn | undefined {
    return /^\d{8,15}$/.test(digits) ? Msisdn.parse(`+${digits}`) : undefined;
  }

  /** International digits without the plus, as most providers want them: `254708374149`. */
  get digits(): string {
    return this.e164.slice(1);
  }

  /** For logs and for people who are not its owner: `+254•••••4149`. Of a short number less is shown. */
  get masked(): string {
    const shown = this.nationalDigits.length >= 8 ? 4 : 2;
    return `${this.e164.slice(0, 4)}${'•'.repeat(this.e164.length - 4 - shown)}${this.e164.slice(-shown)}`;
  }

  equals(other: Msisdn): boolean {
    return this.e164 === other.e164;
  }

  toString(): string {
    return this.e164;
  }
}

/** The digits that numbers of a country begin with abroad: `254` of `KE`. Undefined for a country that we do not know. */
export function findCallingCode(country: string): string | undefined {
  return isSupportedCountry(country) ? getCountryCallingCode(country) : undefined;
}
