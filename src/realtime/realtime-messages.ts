import { z } from 'zod';
import { EventResponse } from '../events/event.dto.js';
import type { EventRecord } from '../events/event.entity.js';
import { Problem, type FieldFault } from '../http/problem.js';
import { SUBJECT_PREFIXES, type Subject, type SubjectKind } from './realtime-session.js';

const ULID = '[0-9A-HJKMNP-TV-Z]{26}';
const Id = z.string().regex(/^[\w.:-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ : -');
const After = z.string().max(200).optional();

const toOne = <Kind extends SubjectKind>(kind: Kind) => ({
  to: z.literal(kind),
  subject: z
    .string()
    .regex(
      new RegExp(`^${SUBJECT_PREFIXES[kind]}_${ULID}$`),
      `must be the id of a ${kind} (${SUBJECT_PREFIXES[kind]}_…)`,
    ),
});
const TO_MERCHANT = { to: z.literal('merchant') };
const SUBSCRIBE = { type: z.literal('subscribe'), id: Id, after: After };

const Subscribe = z.discriminatedUnion('to', [
  z.strictObject({ ...SUBSCRIBE, ...TO_MERCHANT }),
  z.strictObject({ ...SUBSCRIBE, ...toOne('transaction') }),
  z.strictObject({ ...SUBSCRIBE, ...toOne('link') }),
  z.strictObject({ ...SUBSCRIBE, ...toOne('batch') }),
]);

const ClientMessage = z.discriminatedUnion('type', [
  Subscribe,
  z.strictObject({ type: z.literal('unsubscribe'), id: Id }),
  z.strictObject({ type: z.literal('ping'), id: Id.optional() }),
]);

/** What clients say. */
export type ClientMessage = z.infer<typeof ClientMessage>;
export type SubscribeMessage = Extract<ClientMessage, { type: 'subscribe' }>;

/** Reads one text frame. Throws `malformed_json`, `unknown_field` or `invalid_request`. */
export function readMessage(text: string): ClientMessage {
  const { success, data, error } = ClientMessage.safeParse(parse(text));
  if (success) return data;
  const errors = error.issues.flatMap(toFaults);
  const unknown = errors.find(({ code }) => code === 'unknown_field');
  throw new Problem(
    unknown ? 'unknown_field' : 'invalid_request',
    unknown?.detail ?? 'The message is not as docs/realtime.md describes it; `errors` names each fault.',
    { errors },
  );
}

/** The id that a message gave itself, so that its refusal can name it; undefined where there is none to be found. */
export function findId(text: string): string | undefined {
  try {
    return z.object({ id: Id }).safeParse(JSON.parse(text)).data?.id;
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('malformed_json', 'A message is one JSON object in a text frame.');
  }
}

function toFaults(issue: z.core.$ZodIssue): FieldFault[] {
  const at = issue.path.map((part) => `/${String(part)}`).join('');
  if (issue.code !== 'unrecognized_keys') {
    return [{ pointer: at, code: 'invalid', detail: `${at === '' ? 'The message' : at.slice(1)}: ${issue.message}.` }];
  }
  return issue.keys.map((key) => {
    const pointer = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return { pointer, code: 'unknown_field', detail: `There is no field ${key} in this message.` };
  });
}

/** An event, ready to be sent to any number of subscriptions: it becomes text once. */
export interface ToldEvent {
  readonly position: number;
  readonly subjectId: string;
  /** What the merchant's sockets get. */
  readonly text: string;
  /** What a customer's socket gets: the status of the link, and nothing that is the merchant's. */
  readonly publicText: string;
}

export function toToldEvent(row: EventRecord): ToldEvent {
  const { id, object, type, timestamp, data } = EventResponse.from(row);
  const status: unknown = 'status' in data ? data.status : undefined;
  return {
    position: row.position ?? 0,
    subjectId: row.subjectId,
    text: JSON.stringify(EventResponse.from(row)),
    publicText: JSON.stringify({ id, object, type, timestamp, data: { status } }),
  };
}

/** Puts an event into a message for one subscription, without turning the event into text again. */
export function toEventMessage(id: string, eventText: string): string {
  return `{"type":"event","id":${JSON.stringify(id)},"event":${eventText}}`;
}

/** Whether two name the same. */
export function isSameSubject(one: Subject, other: Subject): boolean {
  return JSON.stringify(toKey(one)) === JSON.stringify(toKey(other));
}

function toKey(subject: Subject): readonly string[] {
  return 'subject' in subject ? [subject.to, subject.subject] : [subject.to];
}
