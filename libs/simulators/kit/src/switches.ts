import { z } from 'zod';

/** A named thing that can be turned: what it does, what it takes, and what it is when nobody touched it. */
export interface Switch<T> {
  readonly description: string;
  /** For people: `boolean`, `whole number 0–5`, `a | b`, … */
  readonly type: string;
  readonly default: T;
  /** The value, or why it is not one. */
  parse(value: unknown): { readonly value: T } | { readonly refused: string };
}

export type SwitchTable = Readonly<Record<string, Switch<unknown>>>;

/** The values a table of switches holds. */
export type ValuesOf<T extends SwitchTable> = { [K in keyof T]: T[K] extends Switch<infer V> ? V : never };

/** A switch as the control API shows it. */
export interface SwitchDescription {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly default: unknown;
  readonly value: unknown;
}

/**
 * How often a fault strikes: `false` never, `true` always, a whole number that many times and then no more,
 * `"25%"` that share of the occasions.
 */
export type Dose = boolean | number | `${number}%`;

function define<T>(type: string, description: string, fallback: T, schema: z.ZodType<T>): Switch<T> {
  return {
    description,
    type,
    default: fallback,
    parse(value) {
      const parsed = schema.safeParse(value);
      return parsed.success ? { value: parsed.data } : { refused: `expected ${type}` };
    },
  };
}

export function flag(description: string, fallback: boolean): Switch<boolean> {
  return define('boolean', description, fallback, z.boolean());
}

export function whole(
  description: string,
  fallback: number,
  bounds: { min?: number; max?: number } = {},
): Switch<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
  const range = max === Number.MAX_SAFE_INTEGER ? `whole number from ${min}` : `whole number ${min}–${max}`;
  return define(range, description, fallback, z.number().int().min(min).max(max));
}

export function choice<const T extends string>(description: string, options: readonly T[], fallback: T): Switch<T> {
  const isOption = (value: unknown): value is T => options.some((option) => option === value);
  return define<T>(options.map((option) => option || '""').join(' | '), description, fallback, z.custom<T>(isOption));
}

export function text(description: string, pattern: RegExp, type: string): Switch<string | null> {
  return define<string | null>(`${type}, or null`, description, null, z.string().regex(pattern).nullable());
}

export function lookup(description: string, key: RegExp, value: RegExp, type: string): Switch<Record<string, string>> {
  return define(type, description, {}, z.record(z.string().regex(key), z.string().regex(value)));
}

export function dose(description: string): Switch<Dose> {
  const percentage = z.custom<`${number}%`>(
    (value) => typeof value === 'string' && /^\d{1,3}(?:\.\d+)?%$/.test(value) && Number.parseFloat(value) <= 100,
  );
  return define<Dose>(
    'dose: false, true, a number of times, or "25%"',
    description,
    false,
    z.union([z.boolean(), z.number().int().min(0), percentage]),
  );
}

/** A table of switches with their present values. */
export class SwitchBoard<T extends SwitchTable> {
  private values: Map<keyof T, unknown>;
  private readonly atStart: Map<keyof T, unknown>;

  /** Throws a RangeError where a start value is unknown or wrong: that is a mistake in the configuration. */
  constructor(
    readonly table: T,
    start: Readonly<Record<string, unknown>> = {},
  ) {
    this.values = this.defaults();
    const problems = this.set(start);
    if (problems.length > 0) throw new RangeError(problems.join('; '));
    this.atStart = new Map(this.values);
  }

  get<K extends keyof T>(name: K): ValuesOf<T>[K] {
    // The map is only ever filled through the switch of that very name.
    return this.values.get(name) as ValuesOf<T>[K];
  }

  /** Turns all the named switches, or none and says why. Undefined values are skipped. */
  set(changes: Readonly<Record<string, unknown>>): string[] {
    const problems: string[] = [];
    const accepted = new Map<keyof T, unknown>();
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) continue;
      const known = Object.hasOwn(this.table, name) ? this.table[name] : undefined;
      if (!known) {
        problems.push(`There is no "${name}". Known names: ${Object.keys(this.table).join(', ')}`);
        continue;
      }
      const parsed = known.parse(value);
      if ('refused' in parsed) problems.push(`${name}: ${parsed.refused}`);
      else accepted.set(name, parsed.value);
    }
    if (problems.length === 0) for (const [name, value] of accepted) this.values.set(name, value);
    return problems;
  }

  /** Puts one switch, or all of them, back to the table's default. False where the name is unknown. */
  clear(name?: string): boolean {
    if (name === undefined) {
      this.values = this.defaults();
      return true;
    }
    const known = Object.hasOwn(this.table, name) ? this.table[name] : undefined;
    if (known) this.values.set(name, known.default);
    return known !== undefined;
  }

  /** Puts all switches back to what they were when the simulator started. */
  restart(): void {
    this.values = new Map(this.atStart);
  }

  describe(): SwitchDescription[] {
    return Object.entries(this.table).map(([name, { description, type, default: fallback }]) => ({
      name,
      description,
      type,
      default: fallback,
      value: this.values.get(name),
    }));
  }

  private defaults(): Map<keyof T, unknown> {
    return new Map(Object.entries(this.table).map(([name, known]) => [name, known.default]));
  }
}

/** Whether a dose strikes now, and what is left of it. */
export function draw(value: Dose, random: () => number): { strikes: boolean; left: Dose } {
  if (typeof value === 'boolean') return { strikes: value, left: value };
  if (typeof value === 'number') return { strikes: value > 0, left: Math.max(value - 1, 0) };
  return { strikes: random() * 100 < Number.parseFloat(value), left: value };
}
