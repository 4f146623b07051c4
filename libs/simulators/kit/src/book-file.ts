import { join } from 'node:path';
import { z } from 'zod';
import { FileJournal, forgetfulJournal, readJournal, type Journal } from './journal.js';

/** What a book is made of. */
export interface BookRules<Entry> {
  /** The file is `<name>-book.jsonl`. */
  readonly name: string;
  readonly schema: z.ZodType<Entry>;
  /** What an entry makes of the book. */
  readonly apply: (entry: Entry) => void;
}

/**
 * Keeps a book as the entries that led to it, one line each, so that reading the file again gives the same book.
 * Without a folder the entries are forgotten.
 */
export class BookFile<Entry> {
  private readonly journal: Journal;

  /** Applies what an earlier run wrote. */
  constructor(
    private readonly rules: BookRules<Entry>,
    dataDir?: string,
  ) {
    const path = dataDir === undefined ? undefined : join(dataDir, `${rules.name}-book.jsonl`);
    const earlier = path === undefined ? [] : z.array(rules.schema).parse(readJournal(path));
    this.journal = path === undefined ? forgetfulJournal : new FileJournal(path);
    for (const entry of earlier) rules.apply(entry);
  }

  /** Writes down what happened. It counts at once, and is durable when `durable()` says so. */
  record(entry: Entry): void {
    this.journal.append(toLine(entry));
    this.rules.apply(entry);
  }

  durable(): Promise<void> {
    return this.journal.durable();
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

/** Whole numbers beyond JSON's stand as their digits. */
function toLine(entry: unknown): string {
  return JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
