import type { TransactionRecord } from './book.js';
import { CURRENCIES } from './methods.js';

type Body = Readonly<Record<string, unknown>>;
type Customer = TransactionRecord['customer'];

/** Looks at the fields of a request one by one, and remembers what is wrong with each. */
export class Fields {
  readonly problems: Record<string, string> = {};

  constructor(private readonly body: Body) {}

  get(path: string): unknown {
    return path.split('.').reduce<unknown>((node, key) => (isBody(node) ? node[key] : undefined), this.body);
  }

  refuse(path: string, problem: string): void {
    this.problems[path] ??= problem;
  }

  /** A text that must, or may, be there. */
  text(path: string, rule: { readonly max: number; readonly required?: boolean }): string | null {
    const value = this.get(path) ?? null;
    if (value === null || value === '') {
      if (rule.required) this.refuse(path, `The ${path} field is required.`);
      return null;
    }
    if (typeof value !== 'string') this.refuse(path, `The ${path} field must be a string.`);
    else if (value.length > rule.max)
      this.refuse(path, `The ${path} field must not be greater than ${rule.max} characters.`);
    else return value;
    return null;
  }

  /** Digits, as a text or as a number, without plus, blanks or anything else. */
  digits(path: string, rule: { readonly required?: boolean; readonly plus?: boolean } = {}): string | null {
    const value = this.get(path) ?? null;
    if (value === null || value === '') {
      if (rule.required) this.refuse(path, `The ${path} field is required.`);
      return null;
    }
    const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
    const plain = rule.plus ? text.replace(/^\+/, '') : text;
    if (/^\d{6,15}$/.test(plain)) return plain;
    this.refuse(path, `The ${path} field must be an integer.`);
    return null;
  }

  /** A JSON number of major units: whole, or with the currency's decimals. */
  amount(currency: string | null): string | null {
    const value = this.get('amount') ?? null;
    if (value === null) this.refuse('amount', 'The amount field is required.');
    else if (typeof value !== 'number' || !Number.isFinite(value))
      this.refuse('amount', 'The amount field must be a number.');
    else if (value <= 0) this.refuse('amount', 'The amount must be at least 0.01.');
    else {
      const text = String(value);
      const decimals = CURRENCIES[currency ?? '']?.decimals ?? 2;
      if (
        new RegExp(`^\\d+(\\.\\d{1,${Math.max(decimals, 1)}})?$`).test(text) &&
        (decimals > 0 || Number.isInteger(value))
      )
        return text;
      this.refuse('amount', 'The amount field must be an integer.');
    }
    return null;
  }

  customer(): Customer {
    const email = this.text('customer.email', { max: 254, required: true });
    if (email !== null && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
      this.refuse('customer.email', 'The customer.email field must be a valid email address.');
    return {
      email: email ?? '',
      firstName: this.text('customer.first_name', { max: 100, required: true }) ?? '',
      lastName: this.text('customer.last_name', { max: 100, required: true }) ?? '',
      phone: this.digits('customer.phone', { plus: true }),
      address: this.text('customer.address', { max: 200 }),
      city: this.text('customer.city', { max: 100 }),
      state: this.text('customer.state', { max: 100 }),
      country: this.text('customer.country', { max: 10 }),
      zip: this.text('customer.zip', { max: 100 }),
    };
  }

  /** At most ten texts. */
  metadata(): Record<string, string> {
    const value = this.get('metadata') ?? {};
    const entries = isBody(value) ? Object.entries(value) : [];
    if (!isBody(value) || entries.length > 10)
      this.refuse('metadata', 'The metadata field must have at most 10 items.');
    const texts: [string, string][] = [];
    for (const [key, item] of entries) {
      if (typeof item === 'string') texts.push([key, item]);
      else this.refuse(`metadata.${key}`, `The metadata.${key} field must be a string.`);
    }
    return Object.fromEntries(texts);
  }
}

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
