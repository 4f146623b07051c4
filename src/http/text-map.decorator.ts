import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { IfGiven } from './if-given.js';

/** How an object of names and texts is bounded and documented. Lengths in characters. */
export interface TextMapOptions {
  /** Of the property, for the message. */
  readonly name: string;
  readonly description: string;
  readonly example: Readonly<Record<string, string>>;
  readonly mostKeys: number;
  readonly longestName: number;
  readonly longestValue: number;
}

/** An object of short names with text values, which may be left out. */
export function IsTextMap(options: TextMapOptions): PropertyDecorator {
  const { name, description, example, mostKeys, longestName, longestValue } = options;
  return applyDecorators(
    ApiPropertyOptional({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: longestValue },
      description,
      example,
    }),
    IfGiven(),
    ValidateBy({
      name,
      validator: {
        validate: (value: unknown) => isTextMap(value, options),
        defaultMessage: () =>
          `${name} must be an object of at most ${mostKeys} names (1 to ${longestName} characters) with text values (at most ${longestValue} characters)`,
      },
    }),
  );
}

function isTextMap(value: unknown, { mostKeys, longestName, longestValue }: TextMapOptions): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= mostKeys &&
    entries.every(
      ([name, text]) =>
        name.length >= 1 && name.length <= longestName && typeof text === 'string' && text.length <= longestValue,
    )
  );
}
