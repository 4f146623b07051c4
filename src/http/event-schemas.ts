import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { EVENT_MEANINGS } from '../webhooks/event-meanings.js';
import { EVENT_TYPES } from '../webhooks/event-types.js';
import { toReadableSchemas } from './openapi-shape.js';
import { documentWebhooks, findEntry, toWebhookName, WEBHOOK_DATA } from './openapi-webhooks.js';
import type { SchemaDocument } from './openapi-parts.js';

/** A type of event that this release announces. */
export interface CatalogueEntry {
  /** Such as `collection.succeeded`. */
  readonly type: string;
  readonly family: string;
  /** One sentence. */
  readonly meaning: string;
}

/** Everything that subscribers can hear of, in the order of the list of types. */
export function listCatalogue(): readonly CatalogueEntry[] {
  return EVENT_TYPES.flatMap((type) => {
    const [family = '', word = ''] = type.split('.');
    if (!(family in WEBHOOK_DATA)) return [];
    const meaning = EVENT_MEANINGS[family]?.[word];
    if (meaning === undefined) throw new Error(`Say in webhooks/event-meanings.ts what ${type} means.`);
    return [{ type, family, meaning }];
  });
}

/**
 * One JSON Schema (2020-12) with a definition for each type of event, the whole message as it is sent: what the OpenAPI
 * document says of its family, narrowed to what the type itself promises. Needs no gateway: it reads the classes alone.
 */
export async function createEventSchemas(): Promise<SchemaDocument> {
  @Module({})
  class NoControllers {}

  const app = await NestFactory.create(NoControllers, new FastifyAdapter(), { logger: false });
  const options = { extraModels: [...new Set(Object.values(WEBHOOK_DATA))] };
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().setOpenAPIVersion('3.1.0').build(), options);
  await app.close();
  documentWebhooks(document);
  return toSchemas(toReadableSchemas(document));
}

function toSchemas(document: OpenAPIObject): SchemaDocument {
  const messages = listCatalogue().map(({ type, meaning }): [string, SchemaDocument] => [
    type,
    { description: meaning, ...narrow(type, readMessage(document, type)) },
  ]);
  const schemas: SchemaDocument = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://malipo.dev/event-schemas.json',
    title: 'Events of Malipo',
    description: 'A message is one of these, by its `type`. Members may be added: ignore those that you do not know.',
    oneOf: listCatalogue().map(({ type }) => ({ $ref: `#/$defs/${type}` })),
    $defs: { ...Object.fromEntries(messages), ...document.components?.schemas },
  };
  return JSON.parse(JSON.stringify(schemas).replaceAll('"#/components/schemas/', '"#/$defs/')) as SchemaDocument;
}

interface MessageSchema extends SchemaDocument {
  readonly properties: { readonly data: SchemaDocument } & SchemaDocument;
}

function readMessage(document: OpenAPIObject, type: string): MessageSchema {
  const body = document.webhooks?.[toWebhookName(findEntry(type))] as {
    post: { requestBody: { content: Record<string, unknown> } };
  };
  return (body.post.requestBody.content['application/json'] as { schema: MessageSchema }).schema;
}

const MOVEMENTS = ['collection', 'payout', 'refund'];

/** The type decides the status that it tells of, and the family the kind. */
function narrow(type: string, message: MessageSchema): SchemaDocument {
  const { properties } = message;
  const promised = toPromised(type);
  const data = promised === undefined ? properties.data : { allOf: [properties.data, { properties: promised }] };
  return { ...message, properties: { ...properties, type: { const: type }, data } };
}

function toPromised(type: string): SchemaDocument | undefined {
  const [family = '', word = ''] = type.split('.');
  if (!MOVEMENTS.includes(family)) return undefined;
  const kind = { const: family };
  if (word === 'succeeded_late') return { kind, status: { const: 'succeeded' }, late: { const: true } };
  if (word === 'created') return { kind, version: { const: 1 } };
  return word === 'updated' ? { kind } : { kind, status: { const: word } };
}
