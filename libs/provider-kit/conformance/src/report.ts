import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OperationFacts, Provider, ProviderDefinition } from '#libs/provider-kit';
import { MOVEMENTS, type Check, type Subject } from './check.js';
import type { MovementName } from './stage.js';

/** What one run learned about a provider; the capability matrix in the docs is made of these files. */
export interface ConformanceReport {
  readonly provider: string;
  readonly name: string;
  readonly methods: number;
  readonly countries: readonly string[];
  readonly currencies: readonly string[];
  readonly capabilities: Readonly<Record<Subject, CapabilityResult>>;
}

export interface CapabilityResult {
  readonly supported: boolean;
  /** Only of money movements. */
  readonly facts?: Pick<OperationFacts, 'dedupe' | 'inquireBy' | 'absentAfterMs'>;
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/** Collects results while the suite runs. */
export class ReportWriter {
  private readonly results = new Map<Subject, { name: string; passed: boolean }[]>();

  constructor(
    private readonly definition: ProviderDefinition,
    private readonly provider: Provider,
  ) {}

  /** Runs a check and notes how it ended; what it throws goes on to the test. */
  async record(check: Check, run: () => Promise<void>): Promise<void> {
    const results = this.results.get(check.subject) ?? [];
    this.results.set(check.subject, results);
    try {
      await run();
      results.push({ name: check.name, passed: true });
    } catch (error) {
      results.push({ name: check.name, passed: false });
      throw error;
    }
  }

  toReport(): ConformanceReport {
    const { definition, provider } = this;
    const supported: Record<Subject, boolean> = {
      facts: true,
      account: true,
      token: this.results.has('token'),
      collections: provider.collections !== undefined,
      payouts: provider.payouts !== undefined,
      reversals: provider.reversals !== undefined,
      links: provider.links !== undefined,
      balance: provider.balance !== undefined,
      catalogue: provider.catalogue !== undefined,
      callbacks: provider.callbacks !== undefined,
    };
    const toResult = (subject: Subject): CapabilityResult => {
      const facts = isMovement(subject) ? definition.operations[subject] : undefined;
      return {
        supported: supported[subject],
        ...(facts && {
          facts: { dedupe: facts.dedupe, inquireBy: facts.inquireBy, absentAfterMs: facts.absentAfterMs },
        }),
        checks: this.results.get(subject) ?? [],
      };
    };
    return {
      provider: definition.id,
      name: definition.name,
      methods: definition.methods.length,
      countries: [...new Set(definition.methods.map(({ country }) => country))].sort(),
      currencies: [...new Set(definition.methods.map(({ currency }) => currency))].sort(),
      capabilities: {
        facts: toResult('facts'),
        account: toResult('account'),
        token: toResult('token'),
        collections: toResult('collections'),
        payouts: toResult('payouts'),
        reversals: toResult('reversals'),
        links: toResult('links'),
        balance: toResult('balance'),
        catalogue: toResult('catalogue'),
        callbacks: toResult('callbacks'),
      },
    };
  }

  /** Writes `<folder>/<provider>.json`. */
  async write(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${this.definition.id}.json`), `${JSON.stringify(this.toReport(), null, 2)}\n`);
  }
}

function isMovement(subject: Subject): subject is MovementName {
  return MOVEMENTS.some((name) => name === subject);
}
