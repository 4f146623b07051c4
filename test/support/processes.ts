import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'processes');

/** A process of its own that runs a script of `test/support/processes` on the compiled sources. */
export class TestProcess {
  private text = '';
  private readonly child: ChildProcessByStdio<null, Readable, null>;
  private readonly ended: Promise<unknown>;
  private running = true;

  constructor(script: string, ...given: string[]) {
    this.child = spawn(process.execPath, [join(folder, script), ...given], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    this.ended = once(this.child, 'close').finally(() => (this.running = false));
  }

  /** Whole lines that it printed so far. */
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** The first line, once it is there. */
  async firstLine(): Promise<string> {
    while (this.running && this.lines.length === 0) {
      await Promise.race([once(this.child.stdout, 'data'), this.ended]);
    }
    const [line] = this.lines;
    if (line === undefined) throw new Error('It ended without a word.');
    return line;
  }

  /** Ends it as a power cut would, and waits until it is gone and all that it said has arrived. */
  async kill(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.ended;
  }
}
