import { ValidationPipe, type ArgumentMetadata, type Type, type ValidationError } from '@nestjs/common';
import { compileDto, type QuickReader } from './compiled-dto.js';
import { Problem, type FieldFault, type ProblemCode } from './problem.js';

// Constraints whose name is a problem code of its own.
const OWN_CODES: readonly ProblemCode[] = ['amount_not_exact'];

/** Checks every body, query and path by its class: unknown names are refused by name, wrong values by pointer. */
export function createValidationPipe(): ValidationPipe {
  return new RequestPipe();
}

class RequestPipe extends ValidationPipe {
  private readonly readers = new Map<Type, QuickReader | undefined>();

  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => new InvalidInput(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Whatever the quick way does not take, the slow one judges and words.
    return this.readQuickly(value, metadata) ?? this.readCarefully(value, metadata);
  }

  private readQuickly(value: unknown, { type, metatype }: ArgumentMetadata): object | undefined {
    if (type !== 'body' || !metatype) return undefined;
    let reader = this.readers.get(metatype);
    if (!reader && !this.readers.has(metatype)) {
      reader = compileDto(metatype);
      this.readers.set(metatype, reader);
    }
    return reader?.(value);
  }

  private async readCarefully(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      throw error instanceof InvalidInput ? toProblem(error.errors, metadata.type === 'query' ? '#query' : '') : error;
    }
  }
}

// Where the value came from is known to the pipe alone, what is wrong with it to Nest.
class InvalidInput extends Error {
  constructor(readonly errors: readonly ValidationError[]) {
    super('The input is not valid.');
  }
}

function toProblem(errors: readonly ValidationError[], place: string): Problem {
  const faults = errors.flatMap((error) => toFaults(error, place));
  const own = OWN_CODES.find((code) => faults.some((fault) => fault.code === code));
  const unknown = faults.find((fault) => fault.code === 'unknown_field');
  const code = unknown ? 'unknown_field' : (own ?? 'invalid_request');
  const shown = faults.find((fault) => fault.code === code) ?? faults[0];
  const detail = shown?.detail ?? 'The request is not valid.';
  const more = faults.length > 1 ? ` (and ${String(faults.length - 1)} more, see errors)` : '';
  return new Problem(code, `${detail}${more}`, { errors: faults });
}

function toFaults(error: ValidationError, path: string): FieldFault[] {
  const pointer = `${path}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(error.constraints ?? {}).map(([name, message]) =>
    toFault(pointer, error.property, name, message),
  );
  return [...own, ...(error.children ?? []).flatMap((child) => toFaults(child, pointer))];
}

function toFault(pointer: string, property: string, constraint: string, message: string): FieldFault {
  if (constraint === 'whitelistValidation') return unknownField(pointer, property);
  return { pointer, code: toSnakeCase(constraint), detail: `${message}.` };
}

/** The fault of a name that a route does not know. */
export function unknownField(pointer: string, name: string): FieldFault {
  const kind = pointer.startsWith('#query') ? 'query parameter' : 'field';
  return { pointer, code: 'unknown_field', detail: `There is no ${kind} ${shorten(name)} here.` };
}

function shorten(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
