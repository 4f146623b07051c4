import { readJsonObject, type Request } from '#libs/simulators/kit';
import type { World } from './world.js';

type Body = Readonly<Record<string, unknown>>;

/** Bounds of a direct transaction (§5); the upper one of links is our assumption (§3). */
export const LEAST_DIRECT = 200;
export const LEAST_LINK = 100;
export const MOST = 1_000_000;

/** Looks at the fields of a request one by one, and keeps one message for each that is wrong, as a validation pipe does. */
export class Fields {
  readonly problems: string[] = [];

  constructor(private readonly body: Body) {}

  /** A text that must be there. */
  text(name: string): string {
    return this.optionalText(name) ?? this.refuse(`${name} should not be empty`);
  }

  /** A text that may be there; null where it is missing or empty. */
  optionalText(name: string): string | null {
    const value = this.body[name] ?? null;
    if (value === null || value === '') return null;
    return typeof value === 'string' ? value : this.refuse(`${name} must be a string`);
  }

  url(name: string): string {
    const value = this.text(name);
    if (value !== '' && !URL.canParse(value)) this.refuse(`${name} must be a URL address`);
    return value;
  }

  /** Whole francs within bounds. */
  francs(name: string, least: number): number {
    const value = this.body[name];
    if (typeof value !== 'number' || !Number.isFinite(value))
      this.refuse(`${name} must be a number conforming to the specified constraints`);
    else if (value < least) this.refuse(`${name} must not be less than ${least}`);
    else if (value > MOST) this.refuse(`${name} must not be greater than ${MOST}`);
    else if (!Number.isInteger(value)) this.refuse(`${name} must be an integer number`);
    return Number(value);
  }

  /** A national number of that many digits. */
  number(name: string, digits: number): string {
    const value = this.body[name];
    if (typeof value === 'string' && new RegExp(`^[0-9]{${digits}}$`).test(value)) return value;
    return this.refuse(`${name} must match /^[0-9]{${digits}}$/ regular expression`);
  }

  private refuse(problem: string): string {
    this.problems.push(problem);
    return '';
  }
}

/** The fields of a JSON object, or undefined where the body is none. */
export function readFields(request: Request): Fields | undefined {
  const body = readJsonObject(request);
  return body && new Fields(body);
}

/** Rounded half up: 7500 at 1.5 % is 113 (§12). */
export function toFee({ settings }: World, amount: number): number {
  return Math.floor((amount * settings.get('feeBps') + 5_000) / 10_000);
}
