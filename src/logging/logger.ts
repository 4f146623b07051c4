import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import type { Settings } from '../config/settings.js';
import { scrub } from './scrub.js';

/**
 * One JSON line an event, on standard output unless another place is given. Whatever is logged goes through the scrubber
 * first.
 */
export function createLogger(
  settings: Pick<Settings, 'logLevel'>,
  destination: DestinationStream = pino.destination(1),
): LoggerService {
  const logger = pino(
    {
      level: settings.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => scrub(pino.stdSerializers.err(toError(error))) },
    },
    destination,
  );
  return new NestLogger(logger);
}

// Nest tells of each module and route that it sets up: sixty lines at every start that interest nobody who only starts it.
const SETTING_UP = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    this.write(typeof context === 'string' && SETTING_UP.has(context) ? 'debug' : 'info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  // Nest passes (message, …, context); ours pass ({ fields }, sentence, context).
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const texts = rest.filter((part): part is string => typeof part === 'string');
    const context = texts.at(-1);
    if (typeof message === 'object' && message !== null) {
      const fields = Object.fromEntries(
        Object.entries(message).map(([name, value]) => [name, name === 'err' ? (value as unknown) : scrub(value)]),
      );
      this.logger[level]({ context, ...fields }, texts.length > 1 ? texts[0] : undefined);
    } else {
      this.logger[level](
        { context, ...(texts.length > 1 && { stack: scrub(texts[0]) }) },
        String(scrub(String(message))),
      );
    }
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
