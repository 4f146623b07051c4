import type { OpenAPIObject } from '@nestjs/swagger';
import { listOperations, type SchemaDocument } from './openapi-parts.js';

/** Readable operation ids: `TransactionsController.listEvents` is `listTransactionEvents`. */
export function toOperationId(controller: string, method: string): string {
  const subject = controller.replace(/Controller$/, '');
  const [, verb = method, object = ''] = /^([a-z]+)(.*)$/.exec(method) ?? [];
  // `list` and `list…` speak of many, everything else of one.
  if (object === '' && verb === 'list') return `list${subject}`;
  return `${verb}${subject.replace(/ies$/, 'y').replace(/(?<=ch)es$|s$/, '')}${object}`;
}

/** Each scope that opens an operation is an alternative of its own; a bare `ApiBearerAuth` beside them says nothing. */
export function tightenSecurity(document: OpenAPIObject): void {
  for (const { operation } of listOperations(document.paths)) {
    const scoped = (operation.security ?? []).filter((requirement) => (requirement.bearer ?? []).length > 0);
    if (scoped.length > 0) operation.security = scoped;
  }
}

/** Request bodies take no field that is not listed: the gateway refuses it by name. */
export function tightenRequests(document: OpenAPIObject): void {
  const seen = new Set<unknown>();
  const tighten = (schema: unknown): void => {
    if (!isObject(schema) || seen.has(schema)) return;
    seen.add(schema);
    if (typeof schema.$ref === 'string') return tighten(findSchema(document, schema.$ref));
    if (isObject(schema.properties)) {
      schema.additionalProperties ??= false;
      Object.values(schema.properties).forEach(tighten);
    }
    tighten(schema.items);
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
      const members = schema[keyword];
      if (Array.isArray(members)) members.forEach(tighten);
    }
  };
  for (const { operation } of listOperations(document.paths)) {
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) tighten(schema);
  }
}

function findSchema(document: OpenAPIObject, reference: string): unknown {
  return document.components?.schemas?.[reference.slice('#/components/schemas/'.length)];
}

/**
 * Names schemas after the thing and not after our classes (`Transaction`, `CreateCollectionRequest`), and says `const` where
 * only one value is allowed.
 */
export function toReadableSchemas(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components?.schemas ?? {};
  const named = new Map(Object.keys(schemas).map((name) => [name, toSchemaName(name)]));
  if (new Set(named.values()).size < named.size) throw new Error('Two schemas would share a name in the document.');
  const rename = (reference: string): string => reference.replace(/[^/]+$/, (name) => named.get(name) ?? name);
  const readable = mapDeep(document, (part) => ({
    ...part,
    ...(typeof part.$ref === 'string' && { $ref: rename(part.$ref) }),
    ...(Array.isArray(part.enum) && part.enum.length === 1 && { enum: undefined, const: part.enum[0] as unknown }),
  })) as OpenAPIObject;
  const renamed = Object.entries(readable.components?.schemas ?? {}).map(
    ([name, schema]) => [named.get(name) ?? name, schema] as const,
  );
  return { ...readable, components: { ...readable.components, schemas: Object.fromEntries(renamed.sort(byName)) } };
}

function toSchemaName(className: string): string {
  return className.replace(/Response$/, '').replace(/Dto$/, 'Request');
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function mapDeep(value: unknown, change: (part: SchemaDocument) => SchemaDocument): unknown {
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, change));
  if (!isObject(value)) return value;
  const entries = Object.entries(change(value)).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([name, part]) => [name, mapDeep(part, change)]));
}

function isObject(value: unknown): value is SchemaDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
