import 'reflect-metadata';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DestinationStream } from 'pino';
import { findCallerOf } from './api-keys/caller.js';
import { AppModule } from './app.module.js';
import { systemSeams, type Seams } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { lockDatabaseFile } from './database/process-lock.js';
import { serveDocs } from './http/docs.js';
import { createFastifyAdapter } from './http/fastify.js';
import { serveHealthOnly } from './http/health-only.js';
import { registerRequestLog } from './http/request-log.js';
import { createLogger } from './logging/logger.js';
import { Metrics } from './metrics/metrics.js';

/** A running gateway. */
export interface Gateway {
  readonly app: NestFastifyApplication;
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  /** Takes no more work, finishes what is running, and lets go of the database. */
  close(): Promise<void>;
}

/** Where a gateway differs from one that serves the public. */
export interface GatewayOptions {
  /** Where its log goes; standard output if absent. */
  readonly logTo?: DestinationStream;
  /** Runs when the database is ready, before jobs are taken up and requests answered. */
  readonly beforeListening?: (app: NestFastifyApplication) => Promise<void>;
}

/** Starts a gateway with these settings. Tests and the simulation pass seams of their own. */
export async function startGateway(
  settings: Settings,
  seams: Seams = systemSeams(),
  { logTo, beforeListening }: GatewayOptions = {},
): Promise<Gateway> {
  let started: NestFastifyApplication | undefined;
  const unlock = settings.database.kind === 'sqlite' ? lockDatabaseFile(settings.database.file) : () => undefined;
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.with(settings, seams),
      createFastifyAdapter(seams.ids),
      {
        bodyParser: false,
        abortOnError: false,
        logger: createLogger(settings, logTo),
      },
    );
    started = app;
    const { requests } = app.get(Metrics);
    registerRequestLog(app.getHttpAdapter().getInstance(), {
      findKeyId: (request) => findCallerOf(request)?.keyId,
      observe: ({ method, route, status, durationMs }) =>
        requests.observe({ method, route, status }, durationMs / 1_000),
    });
    if (settings.role === 'worker') serveHealthOnly(app);
    await app.register(helmet, {
      contentSecurityPolicy: {
        directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
        useDefaults: false,
      },
    });
    await beforeListening?.(app);
    if (settings.role !== 'worker') await serveDocs(app, settings);
    await app.listen(settings.port, settings.host);
    return {
      app,
      baseUrl: await app.getUrl(),
      close: async () => {
        await app.close();
        unlock();
      },
    };
  } catch (error) {
    // What was opened before the fault is let go of: its connections would keep the process alive.
    await started?.close().catch(() => undefined);
    unlock();
    throw error;
  }
}
