import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { Settings } from '../config/settings.js';
import { documentProblems } from './openapi-problems.js';
import { tightenRequests, tightenSecurity, toOperationId, toReadableSchemas } from './openapi-shape.js';
import { documentWebhooks, WEBHOOK_DATA } from './openapi-webhooks.js';

/** The version of the API, which is the version of this package. */
export const API_VERSION = '0.1.0';

const DESCRIPTION = `
One API to collect and pay out mobile money through any provider, that always knows, or honestly says that it does not
know, where the money is.

**Keys.** Send \`Authorization: Bearer mlp_test_…\` or \`mlp_live_…\`. The key decides the merchant and the mode: test and live
never meet, and what belongs to someone else answers 404.

**Money.** \`amount\` is a decimal string in major units (\`"150.00"\` KES, \`"1500"\` XOF). A JSON integer will do too; any other
number is refused, because it was rounded before we saw it.

**Repeating a request.** A POST that can move money needs an \`Idempotency-Key\`. Send the same key and the same body again
whenever you got no answer: you get the first answer, with \`Idempotent-Replayed: true\`, and nothing is sent twice.

**Strictness.** A field or query parameter that we do not know is a 400 that names it. Answers may gain fields: ignore those
that you do not know.

**Lists.** Newest first. Pass \`nextCursor\` as \`cursor\`, with the same filters, until \`hasMore\` is false. Events alone are
oldest first, and go on with \`after\`.

**Waiting.** A POST that creates a transaction answers at once. With \`Prefer: wait=N\` (0–30 s) it answers when the transaction
is final, or when there is something for you to do (\`nextAction\` is \`redirect\` or \`enter_otp\`), or after N seconds with its
state of that moment.

**Limits.** \`RateLimit\` and \`RateLimit-Policy\` say what is left to your key. Over it the answer is 429 with \`Retry-After\`.

**Errors** are \`application/problem+json\` (RFC 9457). \`code\` is stable; the schema \`Problem\` lists every one. Each answer has a
\`Request-Id\`: quote it when you ask us.
`.trim();

/** What a tag of a controller is about. A tag without a line here fails the tests. */
const TAGS: Readonly<Record<string, string>> = {
  Collections: 'Money in: ask a customer to pay.',
  Payouts: 'Money out: pay salaries, suppliers and customers.',
  Refunds: 'Money back: undo a collection, or a part of it.',
  'Payment links': 'A page of ours where a customer pays one thing once.',
  Transactions: 'Every movement of money, its timeline and its evidence.',
  Review: 'What people decide where no provider can.',
  'Payout rules': 'What payouts may come to, who must agree to them, and the switch that stops them.',
  'Provider callbacks': 'What providers told us about your payments, and what we made of it.',
  Methods: 'The ways of paying that you can use, and how they are doing.',
  Balances: 'What your provider accounts hold, as far as we know.',
  Events: 'Everything that happened, in order, for whoever was away.',
  'Real time': 'Events as they happen, over a WebSocket.',
  Webhooks: 'Where you want to hear of events, and what became of each message.',
  'E-mails': 'What people are told by e-mail, what became of each mail, and who wants which.',
  'Provider accounts': 'Your own accounts at mobile money providers.',
  'API keys': 'The keys that act for you.',
  Merchant: 'Your own merchant.',
  Platform: 'All merchants, for the operator of this gateway.',
};

/** Generates the OpenAPI 3.1 document from the controllers of the application. */
export function createOpenApiDocument(
  app: NestFastifyApplication,
  { publicUrl }: Pick<Settings, 'publicUrl'>,
): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Malipo')
    .setVersion(API_VERSION)
    .setDescription(DESCRIPTION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer(publicUrl, 'This gateway')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'An API key: `mlp_test_…` or `mlp_live_…`. Scopes are named in each operation.',
    });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    operationIdFactory: toOperationId,
    extraModels: [...new Set(Object.values(WEBHOOK_DATA))],
  });
  tightenSecurity(document);
  tightenRequests(document);
  documentProblems(document);
  documentWebhooks(document);
  return toReadableSchemas(document);
}
