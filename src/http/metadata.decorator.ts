import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { IfGiven } from './if-given.js';

const MOST_KEYS = 50;
const LONGEST_NAME = 40;
const LONGEST_VALUE = 500;

/** Data of the client's own, echoed in answers and events: at most 50 short names with text values. */
export function IsMetadata(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: LONGEST_VALUE },
      description:
        'Your own data, echoed in events: at most 50 names of at most 40 characters, with text of at most 500.',
      example: { orderId: '118' },
    }),
    IfGiven(),
    ValidateBy({
      name: 'metadata',
      validator: {
        validate: isMetadata,
        defaultMessage: () =>
          'metadata must be an object of at most 50 names (1 to 40 characters) with text values (at most 500 characters)',
      },
    }),
  );
}

function isMetadata(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MOST_KEYS &&
    entries.every(
      ([name, text]) =>
        name.length >= 1 && name.length <= LONGEST_NAME && typeof text === 'string' && text.length <= LONGEST_VALUE,
    )
  );
}
