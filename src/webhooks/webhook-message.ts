import { z } from 'zod';
import { toList, type LookUp } from '../database/statements.js';
import { toIso } from '../http/instants.js';

/** An event as receivers get it. */
export interface WebhookMessage {
  /** The event's id, the same on every attempt. */
  readonly id: string;
  /** The exact text that is sent, the same on every attempt. */
  readonly body: string;
}

/** What is sent of an event whose data is this JSON text. `createdAt` in epoch ms. */
export function toBody({ type, createdAt, json }: { type: string; createdAt: number; json: string }): string {
  return `{"type":${JSON.stringify(type)},"timestamp":"${toIso(createdAt)}","data":${json}}`;
}

const Rows = z.array(
  z.object({ id: z.string(), type: z.string(), createdAt: z.coerce.number(), json: z.string() }).readonly(),
);

/**
 * Looks up events that still have their data. It comes as the text that was stored and goes out so: nobody here needs to
 * read it and write it anew.
 */
export function messagesOf(eventIds: readonly string[]): LookUp<WebhookMessage> {
  return {
    toStatement(source) {
      const list = toList(source, eventIds);
      return {
        sql:
          'SELECT id, type, created_at AS createdAt, CAST(data AS CHAR) AS json FROM events ' +
          `WHERE id IN ${list.sql} AND data IS NOT NULL AND type IS NOT NULL`,
        values: list.values,
      };
    },
    read: (_source, rows) => Rows.parse(rows).map((row) => ({ id: row.id, body: toBody(row) })),
  };
}
