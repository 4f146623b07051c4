import { z } from 'zod';
import { describeForm, findSecretFields, secretText } from './account-form.js';

const Credentials = z.strictObject({
  apiKey: secretText('API key', 'Shown once under Settings → API'),
  initiatorName: z.string().meta({ title: 'Initiator' }).optional(),
});

it('draws a form with secrets marked', () => {
  expect(describeForm(Credentials)).toMatchObject({
    type: 'object',
    additionalProperties: false,
    required: ['apiKey'],
    properties: {
      apiKey: { title: 'API key', description: expect.any(String), writeOnly: true, format: 'password', minLength: 1 },
      initiatorName: { title: 'Initiator', type: 'string' },
    },
  });
  expect(describeForm(Credentials).properties['initiatorName']).not.toHaveProperty('writeOnly');
});

it('names the secret fields', () => expect(findSecretFields(Credentials)).toEqual(['apiKey']));

it('finds secrets in every alternative', () => {
  const Either = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('key'), apiKey: secretText('API key') }),
    z.strictObject({ type: z.literal('login'), password: secretText('Password'), name: z.string() }),
  ]);
  expect(findSecretFields(Either)).toEqual(['apiKey', 'password']);
  expect(describeForm(Either)).toMatchObject({ properties: {}, oneOf: [{ type: 'object' }, { type: 'object' }] });
});

it('draws settings that have defaults as not required', () => {
  const Settings = z.strictObject({ type: z.enum(['paybill', 'till']).default('paybill') });
  expect(describeForm(Settings)).toMatchObject({ required: [], properties: { type: { default: 'paybill' } } });
});

it('draws an empty form', () => {
  expect(describeForm(z.strictObject({}))).toMatchObject({ properties: {}, required: [] });
});

it('takes pasted secrets without the space around them, and no empty ones', () => {
  expect(Credentials.parse({ apiKey: ' key \n' }).apiKey).toBe('key');
  expect(Credentials.safeParse({ apiKey: '  ' }).success).toBe(false);
});
