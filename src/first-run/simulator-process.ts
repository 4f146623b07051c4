import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { LoggerService } from '@nestjs/common';
import { z } from 'zod';
import type { Scheduler } from '#libs/primitives';
import type { SimulatorPlan } from './simulators.js';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 3_000;
/** How long a simulator of a gateway that was killed may take to notice and go. */
const LEFTOVER_LIMIT_MS = 5_000;
const PROBE_LIMIT_MS = 1_000;
const PROBE_PAUSE_MS = 100;
const STRANGER = 'somebody else';
const NO_ANSWER = 'somebody who hangs up';
const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 30_000;

const Ready = z.object({ ready: z.literal(true), baseUrl: z.url() });
const Health = z.object({ simulator: z.string() });

export interface SimulatorProcessOptions {
  readonly plan: SimulatorPlan;
  /** The folder of its book; one process at a time. */
  readonly dataDir: string;
  readonly scheduler: Scheduler;
  readonly logger: LoggerService;
  /** Called where a restart had to take another port. */
  readonly moved: (baseUrl: string) => Promise<void>;
}

/** One simulator as a process of its own: started, kept alive, and ended with us, however we end. */
export class SimulatorProcess {
  private child: ChildProcess | undefined;
  private address = '';
  private stopped = false;
  private restarting: Promise<void> | undefined;
  private restartAfterMs = FIRST_RESTART_MS;
  private cancelRestart: () => void = () => undefined;

  constructor(private readonly options: SimulatorProcessOptions) {}

  /** Where it listens, once started. */
  get baseUrl(): string {
    return this.address;
  }

  /** Starts it where it listened before, or on a free port where that one is taken. */
  async start(formerUrl: string | undefined): Promise<void> {
    mkdirSync(this.options.dataDir, { recursive: true, mode: 0o700 });
    const port = formerUrl === undefined ? 0 : Number(new URL(formerUrl).port);
    if (port !== 0 && (await this.isFree(port))) {
      try {
        this.address = await this.launch(port);
        return;
      } catch (error) {
        if (!(error instanceof SimulatorStartError)) throw error;
        // Somebody took the port in the meantime, most likely; if it was something else, the next try says so too.
      }
    }
    this.address = await this.launch(0);
  }

  /** Lets it finish what it writes, for a bounded time. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelRestart();
    await this.restarting;
    const { child } = this;
    if (!child || hasEnded(child)) return;
    const ended = once(child, 'exit');
    const giveUp = this.options.scheduler.after(STOP_LIMIT_MS, () => child.kill('SIGKILL'));
    // It ends when its channel does: the same way in which it would notice that we were killed.
    if (child.connected) child.disconnect();
    await ended;
    giveUp();
  }

  private async launch(port: number): Promise<string> {
    const { plan, dataDir } = this.options;
    const child = fork(plan.script, [], {
      // A Ctrl-C in the terminal is for the gateway, which still needs the simulator to finish what is under way.
      detached: true,
      // Nothing of ours: no secret key, no database address.
      env: { ...plan.environment, PORT: String(port), DATA_DIR: dataDir },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child = child;
    const startedAt = performance.now();
    const baseUrl = await this.untilReady(child);
    child.once('exit', (code, signal) => this.afterDeath(signal ?? `code ${code ?? 'unknown'}`, startedAt));
    return baseUrl;
  }

  /** Its first line says where it listens; what it writes later on standard error is for our log. */
  private untilReady(child: ChildProcess): Promise<string> {
    const { scheduler, plan } = this.options;
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new TypeError('The simulator was started without pipes.');
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        giveUp();
        reject(new SimulatorStartError(plan.provider, reason));
      };
      const giveUp = scheduler.after(START_LIMIT_MS, () => {
        child.kill('SIGKILL');
        fail(`it said nothing for ${START_LIMIT_MS / 1000} s`);
      });
      const complaints: string[] = [];
      createInterface(stderr).on('line', (line) => {
        complaints.push(line.slice(0, 1_000));
        complaints.splice(0, complaints.length - 5);
        this.log('warn', `The simulator says: ${line.slice(0, 1_000)}`);
      });
      createInterface(stdout).on('line', (line) => {
        const ready = readReady(line);
        if (ready === undefined) return;
        giveUp();
        resolve(ready);
      });
      child.once('error', (error) => fail(error.message));
      child.once('exit', () => fail(complaints.at(-1) ?? 'it ended without a word'));
    });
  }

  private afterDeath(how: string, startedAt: number): void {
    if (this.stopped) return;
    this.log('warn', `The simulator ended (${how}); starting it again.`);
    // One that dies at once each time is tried ever more rarely.
    const livedMs = performance.now() - startedAt;
    this.restartAfterMs = livedMs > LAST_RESTART_MS ? FIRST_RESTART_MS : this.restartAfterMs;
    this.cancelRestart = this.options.scheduler.after(this.restartAfterMs, () => {
      this.restarting = this.restart();
    });
    this.restartAfterMs = Math.min(this.restartAfterMs * 2, LAST_RESTART_MS);
  }

  private async restart(): Promise<void> {
    const formerUrl = this.address;
    const startedAt = performance.now();
    try {
      await this.start(formerUrl);
      if (this.address !== formerUrl) await this.options.moved(this.address);
    } catch (error) {
      this.log('error', `It could not be started again: ${error instanceof Error ? error.message : String(error)}`);
      this.afterDeath('it never listened', startedAt);
    }
  }

  /**
   * Waits for the simulator of a gateway that was killed: two of them must not write one book. It may hang up on us while it
   * ends.
   */
  private async isFree(port: number): Promise<boolean> {
    const { scheduler, plan } = this.options;
    const since = performance.now();
    for (;;) {
      const holder = await findHolder(port);
      if (holder === 'nobody') return true;
      const patienceMs = { [plan.provider]: LEFTOVER_LIMIT_MS, [NO_ANSWER]: PROBE_LIMIT_MS }[holder] ?? 0;
      if (performance.now() - since >= patienceMs) return false;
      await new Promise<void>((resolve) => void scheduler.after(PROBE_PAUSE_MS, resolve));
    }
  }

  private log(level: 'warn' | 'error', message: string): void {
    this.options.logger[level]({ provider: this.options.plan.provider }, message, 'Simulators');
  }
}

/** Raised where a simulator does not come up. */
export class SimulatorStartError extends Error {
  constructor(provider: string, reason: string) {
    super(`The ${provider} simulator did not start: ${reason}. MALIPO_SIMULATORS=off starts the gateway without it.`);
    this.name = 'SimulatorStartError';
  }
}

function readReady(line: string): string | undefined {
  try {
    return Ready.parse(JSON.parse(line)).baseUrl;
  } catch {
    return undefined;
  }
}

/** Who listens on a port of loopback: a simulator by its name, nobody, or one of those above. */
function findHolder(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/_control/health', agent: false, timeout: PROBE_LIMIT_MS });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED' ? 'nobody' : NO_ANSWER));
    request.once('response', (response) => {
      text(response).then(
        (body) => resolve(readName(body)),
        () => resolve(NO_ANSWER),
      );
    });
  });
}

function readName(body: string): string {
  try {
    return Health.parse(JSON.parse(body)).simulator;
  } catch {
    return STRANGER;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
