import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { IsNull, Not } from 'typeorm';
import type { Database } from '../../src/database/database.js';
import { EventRecord } from '../../src/events/event.entity.js';
import { createEventSchemas } from '../../src/http/event-schemas.js';
import { toIso } from '../../src/http/instants.js';

const MOST_EVENTS = 2_000;

let checks: Promise<(message: unknown) => string[]> | undefined;

/** What the event catalogue has against a message of a webhook: nothing, if it keeps its word. */
export async function findMessageFaults(message: unknown): Promise<string[]> {
  checks ??= createChecks();
  return (await checks)(message);
}

/** What it has against any event that a gateway has told; each fault once. */
export async function findEventFaults(database: Database): Promise<string[]> {
  const events = await database.read.find(EventRecord, {
    where: { type: Not(IsNull()), data: Not(IsNull()) },
    order: { id: 'DESC' },
    take: MOST_EVENTS,
  });
  const faults = new Set<string>();
  for (const { type, createdAt, data } of events) {
    const found = await findMessageFaults({ type, timestamp: toIso(createdAt), data });
    for (const fault of found) faults.add(fault);
  }
  return [...faults];
}

async function createChecks(): Promise<(message: unknown) => string[]> {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  const schemas = await createEventSchemas();
  // Subscribers must live with new members. For us one that is not documented is a slip.
  const definitions = schemas.$defs as Record<string, { properties?: object; additionalProperties?: boolean }>;
  for (const definition of Object.values(definitions))
    if (definition.properties) definition.additionalProperties ??= false;
  ajv.addSchema(schemas, 'events');
  return (message) => check(ajv, message);
}

function check(ajv: Ajv2020, message: unknown): string[] {
  const type = (message as { type?: unknown }).type;
  const validate: ValidateFunction | undefined = ajv.getSchema(`events#/$defs/${String(type)}`);
  if (!validate) return [`The catalogue has no ${String(type)}: add its family to http/openapi-webhooks.ts.`];
  if (validate(message)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message: text, params }) =>
      `${String(type)}${instancePath} ${text ?? ''} ${JSON.stringify(params)}`,
  );
}
