import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { createIdSource, type Clock, type RandomBytes, type Scheduler } from '#libs/primitives';
import type { HttpClient } from '#libs/provider-kit';
import { AppModule } from '../src/app.module.js';
import type { Settings } from '../src/config/settings.js';
import { toDataSourceOptions } from '../src/database/data-source.js';
import { Database } from '../src/database/database.js';
import { createFastifyAdapter } from '../src/http/fastify.js';
import { PROVIDER_HTTP } from '../src/providers/provider-ports.js';
import { WebhookSender } from '../src/webhooks/webhook-sender.js';
import { DEAD, SqliteGate } from './sqlite-gate.js';

/** What the process finds around it. */
export interface Surroundings {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomBytes;
  readonly http: HttpClient;
  readonly webhooks: Pick<WebhookSender, 'send'>;
  /** An error that the process logged while it lived. */
  readonly onError: (text: string) => void;
}

/** Breaks the engine on purpose, to prove that the simulation sees it. */
export type Sabotage = (gateway: Pick<GatewayProcess, 'get'>) => void;

/** One request to the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly from?: string;
}

/** What came back. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * One life of the gateway: the whole application on its real SQLite file, from its start until it is killed. The real
 * HTTP layer is entered without sockets. Once killed it does nothing more: its timers, its network and its database
 * connection are cut off at that very statement.
 */
export class GatewayProcess {
  alive = true;
  /** Rises with everything the process does: where it stands still, the process is waiting for the world. */
  activity = 0;
  private readonly gate: SqliteGate;
  private app: NestFastifyApplication | undefined;
  private source: DataSource | undefined;

  private constructor(
    private readonly around: Surroundings,
    onDeath: () => void,
  ) {
    this.gate = new SqliteGate(() => {
      this.alive = false;
      onDeath();
    });
  }

  /** Starts it on what earlier lives left in the file. */
  static async start(around: Surroundings, onDeath: () => void, sabotage?: Sabotage): Promise<GatewayProcess> {
    const life = new GatewayProcess(around, onDeath);
    await life.boot(sabotage);
    return life;
  }

  /** A service of the running application. */
  get<T>(token: { readonly prototype: T } | symbol): T {
    if (!this.app) throw new Error('It has not started.');
    // A class whose constructor is private is a token like any other.
    return this.app.get<T>(token as Type<T> | symbol, { strict: false });
  }

  /** Statements that went to the database. */
  get statements(): number {
    return this.gate.statements;
  }

  /** Undefined where the process died before it answered. */
  async request({ method, path, headers = {}, body, from = '127.0.0.1' }: ApiRequest): Promise<ApiAnswer | undefined> {
    if (!this.app || !this.alive) return undefined;
    this.activity++;
    const answer = await this.app.inject({
      method,
      url: path,
      remoteAddress: from,
      headers: { host: 'gateway.test', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { payload: body }),
    });
    this.activity++;
    return this.isAlive() ? { status: answer.statusCode, headers: answer.headers, text: answer.payload } : undefined;
  }

  /** It will die at a statement to come. */
  dieAfter(statements: number, side: 'before' | 'after'): void {
    this.gate.dieAfter(statements, side);
  }

  die(): void {
    this.gate.die();
  }

  /** Frees what the operating system would free. */
  async bury(): Promise<void> {
    this.die();
    const reader = this.app?.get(Database, { strict: false }).read.dataSource;
    if (reader?.isInitialized) await reader.destroy();
  }

  private async boot(sabotage: Sabotage | undefined): Promise<void> {
    const { settings, clock, random } = this.around;
    const seams = { clock, scheduler: this.scheduler(), random, ids: createIdSource(clock, random) };
    const logger = this.logger();
    const module = await Test.createTestingModule({ imports: [AppModule.with(settings, seams)] })
      .overrideProvider(getDataSourceToken())
      .useFactory({ factory: () => this.openDatabase() })
      .overrideProvider(PROVIDER_HTTP)
      .useValue({ ...this.http(), close: () => undefined })
      .overrideProvider(WebhookSender)
      .useValue(this.webhooks())
      .setLogger(logger)
      .compile();
    this.app = module.createNestApplication<NestFastifyApplication>(createFastifyAdapter(seams.ids), {
      bodyParser: false,
      logger,
    });
    const fastify = this.app.getHttpAdapter().getInstance();
    // Requests that come without a socket lack what Node's own have.
    fastify.addHook('onRequest', (request: FastifyRequest, _reply: unknown, done: () => void) => {
      const distinct = Object.entries(request.raw.headers).map(([name, value]) => [name, [value ?? []].flat()]);
      Object.defineProperty(request.raw, 'headersDistinct', { value: Object.fromEntries(distinct) });
      done();
    });
    await this.app.init();
    await fastify.ready();
    // Not before: while it starts, time stands still.
    sabotage?.(this);
  }

  private async openDatabase(): Promise<DataSource> {
    const options = await toDataSourceOptions(this.around.settings.database);
    this.source = new DataSource({ ...options, ...{ driver: this.gate.createDriver() } });
    return this.source.initialize();
  }

  private scheduler(): Scheduler {
    return {
      after: (delayMs, work) => {
        this.activity++;
        if (!this.alive) return () => undefined;
        return this.around.scheduler.after(delayMs, () => {
          this.activity++;
          if (this.alive) work();
        });
      },
    };
  }

  private http(): HttpClient {
    return { send: (request) => this.whileAlive(() => this.around.http.send(request)) };
  }

  private webhooks(): Pick<WebhookSender, 'send'> {
    return { send: (message) => this.whileAlive(() => this.around.webhooks.send(message)) };
  }

  /** A dead process hears nothing any more, and says nothing. */
  private async whileAlive<T>(exchange: () => Promise<T>): Promise<T> {
    this.activity++;
    if (!this.alive) return never();
    const answer = await exchange();
    this.activity++;
    return this.isAlive() ? answer : never();
  }

  /** Asked anew after each wait. */
  private isAlive(): boolean {
    return this.alive;
  }

  private logger() {
    const quiet = (): void => undefined;
    const complain = (...parts: unknown[]): void => {
      const text = parts.map(describe).join(' ');
      // Loggers are shared by all that run here: the last words of an earlier life may arrive at this one's.
      if (this.alive && !text.includes(DEAD)) this.around.onError(text);
    };
    return { log: quiet, warn: quiet, debug: quiet, verbose: quiet, error: complain, fatal: complain };
  }
}

function describe(part: unknown): string {
  if (typeof part === 'string') return part;
  if (typeof part === 'object' && part !== null && 'err' in part && part.err instanceof Error)
    return part.err.stack ?? part.err.message;
  return JSON.stringify(part);
}
