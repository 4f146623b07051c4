import type { RunResult } from './run.js';

/** What many runs came to. */
export class Summary {
  private runs = 0;
  private steps = 0;
  private audits = 0;
  private lives = 0;
  private readonly faults = new Map<string, number>();
  private readonly outcomes = new Map<string, number>();

  add({ steps, audits, lives, faults, outcomes }: RunResult): void {
    this.runs++;
    this.steps += steps;
    this.audits += audits;
    this.lives += lives;
    addAll(this.faults, faults);
    addAll(this.outcomes, outcomes);
  }

  /** A table for people. */
  toString(): string {
    const struck = [...this.faults.values()].reduce((sum, count) => sum + count, 0);
    return [
      `${this.runs} runs, ${this.steps} steps, ${this.audits} of them checked against the provider's book, ` +
        `${this.lives - this.runs} deaths of the process, ${struck} faults. Every promise held.`,
      '',
      'Transactions, by how they ended',
      ...toRows(this.outcomes),
      '',
      'Faults, by kind',
      ...toRows(this.faults),
      '',
    ].join('\n');
  }
}

function addAll(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
}

function toRows(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `  ${String(count).padStart(7)}  ${name}`);
}
