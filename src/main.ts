import { systemScheduler } from '#libs/primitives';
import { systemSeams } from './config/config.module.js';
import { readSettings, type Settings } from './config/settings.js';
import { toBanner } from './first-run/banner.js';
import { FirstRun, wantsFirstRun } from './first-run/first-run.js';
import { startGateway, type Gateway } from './gateway.js';
import { createLogger } from './logging/logger.js';
import { explainStartFailure } from './start-failure.js';

/** Work under way gets this long to finish. What does not is found again at the next start: nothing depends on it. */
const SHUTDOWN_LIMIT_MS = 20_000;

/** A running process, as its role wants it. */
interface Running {
  readonly gateway: Gateway;
  readonly firstRun: FirstRun | undefined;
}

async function start(settings: Settings): Promise<Running> {
  const seams = systemSeams();
  const logger = createLogger(settings);
  const firstRun = wantsFirstRun(settings)
    ? FirstRun.over({ settings, scheduler: seams.scheduler, logger })
    : undefined;
  try {
    // The simulators come up while the database is opened: both take a moment.
    const simulators = firstRun?.start();
    simulators?.catch(() => undefined);
    const gateway = await startGateway(settings, seams, {
      beforeListening: async (app) => {
        await simulators;
        await firstRun?.seed((token) => app.get(token, { strict: false }));
      },
    });
    const baseUrl = toLocalUrl(gateway.baseUrl);
    logger.log({ baseUrl, role: settings.role, database: settings.database.kind }, 'Listening.', 'Main');
    if (firstRun) {
      process.stdout.write(toBanner(firstRun.announce(baseUrl), settings, seams.clock.now().toString(36)));
    }
    return { gateway, firstRun };
  } catch (error) {
    await firstRun?.stop();
    throw error;
  }
}

/** The address for programs on this machine, where the gateway listens on all of them. */
function toLocalUrl(baseUrl: string): string {
  const url = new URL(baseUrl);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1';
  return url.origin;
}

/** Ends in order: no more requests and jobs, then the database, then what stood beside the gateway. */
async function stop(starting: Promise<Running>): Promise<never> {
  systemScheduler.after(SHUTDOWN_LIMIT_MS, () => {
    process.stderr.write(
      `Not everything ended within ${SHUTDOWN_LIMIT_MS / 1_000} s; the next start goes on with it.\n`,
    );
    process.exit(1);
  });
  const { gateway, firstRun } = await starting;
  await gateway.close();
  await firstRun?.stop();
  process.exit(0);
}

/** A fault that nobody caught: what state we are in is unknown, so we end. Whatever was acknowledged is on the disk. */
function fail(error: unknown, settings: Settings | undefined): never {
  const explained = explainStartFailure(error, settings);
  const text = explained ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`\n${text}\n`);
  process.exit(1);
}

function main(environment: NodeJS.ProcessEnv): void {
  let settings: Settings | undefined;
  try {
    settings = readSettings(environment);
  } catch (error) {
    fail(error, undefined);
  }
  const logger = createLogger(settings);
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal?.({ err: error }, `Ending after an ${event}.`, 'Main');
      process.exit(1);
    });
  }
  const starting = start(settings);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A Ctrl-C under npm arrives twice: from the terminal, and from npm.
      if (stopping) return;
      stopping = true;
      logger.log(`${signal}: finishing what is under way.`, 'Main');
      void stop(starting);
    });
  }
  starting.catch((error: unknown) => fail(error, settings));
}

// eslint-disable-next-line no-restricted-properties -- The one place that hands the environment to src/config.
main(process.env);
