import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsDefined, IsOptional, Matches, ValidateBy } from 'class-validator';
import { Money } from '#libs/primitives';
import { IfGiven } from './if-given.js';

/**
 * An amount in major units as clients send it: a decimal string, or a JSON integer within ±2^53. Any other number has been
 * rounded before we saw it, so it is refused (`amount_not_exact`).
 */
export function IsAmount(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      description: 'Major units: a decimal string such as "150.00", or a JSON integer.',
      example: '150.00',
      oneOf: AMOUNT_SCHEMAS,
    }),
    // What is missing is not inexact.
    IsDefined({ message: 'amount is required' }),
    IsExact(),
  );
}

/** The same for an amount that may be left out. */
export function IsAmountIfGiven(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ description: `Major units. ${description}`, example: '150.00', oneOf: AMOUNT_SCHEMAS }),
    IfGiven(),
    IsExact(),
  );
}

/** The same for an amount that may be left out, or cleared with null. */
export function IsAmountOrNull(description: string): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      description: `${description} Major units; null lifts it.`,
      example: '50000.00',
      oneOf: [...AMOUNT_SCHEMAS, { type: 'null' }],
    }),
    IsOptional(),
    IsExact(),
  );
}

/** The currency of an amount. Whether there is one of this code is looked at with the amount. */
export function IsCurrency(description = 'ISO 4217.'): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ description, example: 'KES' }),
    Matches(/^[A-Z]{3}$/, { message: 'currency must be an ISO 4217 code such as KES' }),
  );
}

const AMOUNT_SCHEMAS = [
  { type: 'string', pattern: '^\\d{1,17}(\\.\\d{1,9})?$' },
  { type: 'integer', maximum: Number.MAX_SAFE_INTEGER, minimum: 0 },
];

function IsExact(): PropertyDecorator {
  return ValidateBy({
    name: 'amount_not_exact',
    validator: {
      validate: (value: unknown) => (typeof value === 'string' || typeof value === 'number') && isReadable(value),
      defaultMessage: (faulty) =>
        `${faulty?.property ?? 'amount'} must be a decimal string in major units such as "150.00", or a JSON integer within ±2^53`,
    },
  });
}

// Whether the text is an amount of some currency; its own currency is looked at later, with the method.
function isReadable(value: string | number): boolean {
  const money = Money.parse(value, 'KWD');
  return money !== 'not_exact';
}
