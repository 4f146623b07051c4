import type { Type } from '@nestjs/common';
import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { BalanceResponse } from '../balances/balance.dto.js';
import { ProviderConditionResponse } from '../circuits/provider-condition.response.js';
import { PayoutSwitchResponse } from '../limits/payout-switch.dto.js';
import { PaymentLinkData } from '../links/payment-link.response.js';
import { TransactionResponse } from '../transactions/transaction.response.js';
import { EVENT_TYPES } from '../webhooks/event-types.js';
import { PingResponse } from '../webhooks/webhook-delivery.dto.js';
import { WebhookEndpointResponse } from '../webhooks/webhook-endpoint.dto.js';

/** What `data` is, by the family of the event, or by its type where that has data of its own. It comes into the document with the feature that announces it. */
export const WEBHOOK_DATA: Readonly<Record<string, Type>> = {
  collection: TransactionResponse,
  payout: TransactionResponse,
  refund: TransactionResponse,
  payment_link: PaymentLinkData,
  payouts: PayoutSwitchResponse,
  provider: ProviderConditionResponse,
  'provider.balance_low': BalanceResponse,
  webhook_endpoint: WebhookEndpointResponse,
  test: PingResponse,
};

const DESCRIPTION =
  'A POST to each of your webhook endpoints that listens to the type, signed as Standard Webhooks 1.0.0 says. Answer any 2xx ' +
  'within 15 seconds. Anything else is tried again, ten times over 75 hours. A message may come more than once: its ' +
  '`webhook-id` stays the same. It may also come out of order: `data.version` rises with every change.';

const HEADERS = [
  ['webhook-id', 'The id of the event, the same on every attempt.', 'evt_01K9ZQ3V7F0000000000000000'],
  ['webhook-timestamp', 'When this attempt was signed, in seconds since 1970.', '1767225600'],
  [
    'webhook-signature',
    'One or more `v1,<base64>` of HMAC-SHA256, separated by spaces.',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ],
] as const;

/** Describes the messages that subscribers get: one entry for each family of events. */
export function documentWebhooks(document: OpenAPIObject): void {
  document.webhooks = Object.fromEntries(
    Object.entries(WEBHOOK_DATA).map(([family, data]) => [
      toWebhookName(family),
      {
        post: {
          operationId: `on${family.replace(/(?:^|[._])([a-z])/g, (_, letter: string) => letter.toUpperCase())}Event`,
          tags: ['Webhooks'],
          summary: `An event of a ${family.replaceAll(/[._]/g, ' ')}`,
          description: DESCRIPTION,
          // Our signature proves the sender; no API key travels this way.
          security: [],
          parameters: HEADERS.map(([name, description, example]) => ({
            name,
            in: 'header' as const,
            required: true,
            description,
            example,
            schema: { type: 'string' },
          })),
          requestBody: {
            required: true,
            content: { 'application/json': { schema: toMessageSchema(family, data) } },
          },
          responses: { '2XX': { description: 'You have it. The body is ignored, its first 16 kB are kept for you.' } },
        },
      },
    ]),
  );
}

function toMessageSchema(family: string, data: Type): object {
  return {
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { type: 'string', enum: EVENT_TYPES.filter((type) => findEntry(type) === family) },
      timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
      data: { $ref: getSchemaPath(data) },
    },
  };
}

/** Where in `WEBHOOK_DATA` a type of event has its data. */
export function findEntry(type: string): string {
  return type in WEBHOOK_DATA ? type : type.slice(0, type.indexOf('.'));
}

/** The name in the OpenAPI document of an entry of `WEBHOOK_DATA`. */
export function toWebhookName(entry: string): string {
  return entry.replace('.', '_');
}
