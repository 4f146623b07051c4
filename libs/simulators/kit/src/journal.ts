import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);
const closeFile = promisify(fs.close);

/** Lines that are on the disk before anybody hears of them. */
export interface Journal {
  /** One line, without its end. */
  append(line: string): void;
  /** Resolves when everything appended so far is durable; rejects where it never will be. */
  durable(): Promise<void>;
  close(): Promise<void>;
}

/** Keeps nothing: for a simulator without a data folder. */
export const forgetfulJournal: Journal = {
  append: () => undefined,
  durable: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** The entries of a journal as an earlier run left it. A line that the end of that run cut short is removed. */
export function readJournal(path: string): unknown[] {
  fs.mkdirSync(dirname(path), { recursive: true });
  const bytes = fs.existsSync(path) ? fs.readFileSync(path) : Buffer.alloc(0);
  const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
  if (whole.length < bytes.length) fs.truncateSync(path, whole.length);
  const lines = whole.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      const entry: unknown = JSON.parse(line);
      return entry;
    } catch {
      throw new Error(`${path} is damaged at line ${index + 1}: it is not what this simulator wrote.`);
    }
  });
}

/** Appends to a file, and makes what gathered while one write was on its way durable with the next. */
export class FileJournal implements Journal {
  private readonly file: number;
  private gathered: string[] = [];
  private writing: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private closed = false;

  constructor(path: string) {
    this.file = fs.openSync(path, 'a');
  }

  append(line: string): void {
    // The number of a closed file may belong to another one by now.
    if (this.closed) throw new Error('The journal is closed.');
    this.gathered.push(`${line}\n`);
    void this.durable().catch(() => undefined); // Whoever needs the answer asks for it himself.
  }

  durable(): Promise<void> {
    if (this.gathered.length === 0) return this.writing ?? Promise.resolve();
    // Once a write failed, `writing` stays rejected: no later answer may claim that it was kept.
    this.next ??= (this.writing ?? Promise.resolve()).then(() => {
      this.next = undefined;
      this.writing = this.flush();
      return this.writing;
    });
    return this.next;
  }

  async close(): Promise<void> {
    this.closed = true;
    try {
      await this.durable();
    } finally {
      await closeFile(this.file);
    }
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.from(this.gathered.join(''), 'utf8');
    this.gathered = [];
    let written = 0;
    while (written < bytes.length) written += (await write(this.file, bytes, written)).bytesWritten;
    await fdatasync(this.file);
  }
}
