import { tightenRequests, toOperationId, toReadableSchemas } from './openapi-shape.js';

const info = { title: 'x', version: '1' };
const document = (schemas: Record<string, any>, operation: object = {}): any => ({
  openapi: '3.1.0',
  info,
  paths: { '/v1/x': { post: { responses: {}, ...operation } } },
  components: { schemas },
});

describe('The shape of the OpenAPI document', () => {
  it.each([
    ['CollectionsController', 'create', 'createCollection'],
    ['TransactionsController', 'list', 'listTransactions'],
    ['TransactionsController', 'listEvents', 'listTransactionEvents'],
    ['ApiKeysController', 'roll', 'rollApiKey'],
    ['WebhookDeliveriesController', 'get', 'getWebhookDelivery'],
    ['PayoutBatchesController', 'retryFailed', 'retryPayoutBatchFailed'],
  ])('calls %s.%s %s', (controller, method, id) => expect(toOperationId(controller, method)).toBe(id));

  it('names schemas after the thing, wherever they are referred to', () => {
    const readable = toReadableSchemas(
      document({
        PayResponse: { properties: { kind: { enum: ['pay'] }, by: { $ref: '#/components/schemas/PayerDto' } } },
        PayerDto: { enum: ['a', 'b'] },
      }),
    );
    expect(readable.components?.schemas).toEqual({
      Pay: { properties: { kind: { const: 'pay' }, by: { $ref: '#/components/schemas/PayerRequest' } } },
      PayerRequest: { enum: ['a', 'b'] },
    });
  });

  it('lets no two schemas share a name', () => {
    expect(() => toReadableSchemas(document({ Pay: {}, PayResponse: {} }))).toThrow('share a name');
  });

  it('closes what a request holds and leaves what only answers hold', () => {
    const made = document(
      {
        Outer: {
          properties: {
            inner: { allOf: [{ $ref: '#/components/schemas/Inner' }] },
            self: { $ref: '#/components/schemas/Outer' },
          },
        },
        Inner: { properties: { free: { type: 'object' } } },
        Answer: { properties: { a: {} } },
      },
      { requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Outer' } } } } },
    );
    tightenRequests(made);
    const { Outer, Inner, Answer } = made.components.schemas;
    expect([Outer.additionalProperties, Inner.additionalProperties, Answer.additionalProperties]).toEqual([
      false,
      false,
      undefined,
    ]);
    expect(Inner.properties.free).toEqual({ type: 'object' });
  });
});
