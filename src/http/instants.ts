import { isISO8601, ValidateBy } from 'class-validator';

/** Epoch ms as the API writes instants: ISO 8601 in UTC with milliseconds. */
export function toIso(instant: number): string {
  return new Date(instant).toISOString();
}

// RFC 3339. ISO 8601 has week dates, day numbers and bare years too, which JavaScript does not read.
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** A moment as clients send it: `2026-01-31T08:00:00Z`. */
export function IsInstant(): PropertyDecorator {
  return ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        INSTANT.test(value) &&
        isISO8601(value, { strict: true }) &&
        Number.isFinite(Date.parse(value)),
      defaultMessage: (faulty) => `${faulty?.property ?? 'It'} must be an instant such as 2026-01-31T08:00:00Z`,
    },
  });
}
