import { parseArgs } from 'node:util';

/** A command line that cannot be meant: exit code 2, with a pointer to the help. */
export class UsageError extends Error {}

/** One option of a command, for parsing and for its help. */
export interface Option {
  /** What stands behind it, such as `mer_…`; a switch has nothing. */
  readonly value?: string;
  readonly required?: boolean;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** The options of one command as they were given. */
export class Arguments {
  private constructor(private readonly values: Readonly<Record<string, string | boolean | undefined>>) {}

  /** Throws a UsageError for anything that the command does not know or cannot do without. */
  static parse(words: readonly string[], options: Options): Arguments {
    const config = Object.fromEntries(
      Object.entries(options).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const) },
      ]),
    );
    const parsed = new Arguments(parse(words, config));
    for (const [name, { required }] of Object.entries(options)) if (required) parsed.require(name);
    return parsed;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  find(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  require(name: string): string {
    const value = this.find(name)?.trim();
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing.`);
    return value;
  }

  /** One of a few words. */
  findOneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.find(name);
    if (value === undefined) return undefined;
    return assertOneOf(name, value, allowed);
  }

  /** Several of a few words, separated by commas. */
  findList<T extends string>(name: string, allowed: readonly T[]): T[] | undefined {
    const words = this.find(name)
      ?.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
    if (words?.length === 0) throw new UsageError(`--${name} is empty.`);
    return words?.map((word) => assertOneOf(name, word, allowed));
  }
}

function assertOneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  if (found === undefined) throw new UsageError(`--${name} ${value} is not one of: ${allowed.join(', ')}.`);
  return found;
}

function parse(words: readonly string[], options: Record<string, { type: 'boolean' | 'string' }>) {
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const explanation = findExplanation(error);
    if (explanation !== undefined) throw new UsageError(explanation);
    throw error;
  }
}

// parseArgs explains itself well; its first sentence is what matters here.
function findExplanation(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return undefined;
  if (!String(error.code).startsWith('ERR_PARSE_ARGS')) return undefined;
  return `${String(error.message).split('. ')[0] ?? ''}.`;
}
