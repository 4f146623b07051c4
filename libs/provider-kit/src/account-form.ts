import { z, type ZodType } from 'zod';

type Field = Readonly<Record<string, unknown>>;

/**
 * A JSON schema (2020-12) of an account's credentials or settings. Secret fields are `writeOnly`, `format: "password"`.
 * Where the fields depend on a choice, the alternatives stand in `oneOf` or `anyOf` and `properties` is empty.
 */
export interface AccountForm {
  readonly [keyword: string]: unknown;
  readonly properties: Readonly<Record<string, Field>>;
  readonly required: readonly string[];
}

const fields = z.record(z.string(), z.record(z.string(), z.unknown()));
const Form = z.looseObject({ properties: fields.default({}), required: z.array(z.string()).default([]) });
const Alternatives = z.object({
  oneOf: z.array(z.unknown()).default([]),
  anyOf: z.array(z.unknown()).default([]),
  allOf: z.array(z.unknown()).default([]),
});

/** A text that is sealed at rest, never shown again, and drawn as a password field. Trimmed: it is pasted. */
export function secretText(title: string, description?: string) {
  return z
    .string()
    .trim()
    .min(1)
    .max(4_096)
    .meta({ title, ...(description === undefined ? {} : { description }), writeOnly: true, format: 'password' });
}

/** The form that a definition's `credentials` or `settings` schema draws in the console and in the API's answer. */
export function describeForm(schema: ZodType): AccountForm {
  return Form.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
}

/** The names of the fields that are secret, as `secretText` makes them, in whichever alternative they stand. */
export function findSecretFields(schema: ZodType): string[] {
  return [...new Set(listSecretFields(describeForm(schema)))];
}

function listSecretFields(form: unknown): string[] {
  const { properties } = Form.parse(form);
  const { oneOf, anyOf, allOf } = Alternatives.parse(form);
  const own = Object.entries(properties).filter(([, field]) => field['writeOnly'] === true);
  return [...own.map(([name]) => name), ...[...oneOf, ...anyOf, ...allOf].flatMap(listSecretFields)];
}
