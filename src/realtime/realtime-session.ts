import type { EventStream } from '../events/event-position.entity.js';

/** What a socket can listen to, and how ids of it begin. Everything of the merchant has no id. */
export const SUBJECT_PREFIXES = { transaction: 'txn', link: 'lnk', batch: 'bat' } as const;

export type SubjectKind = keyof typeof SUBJECT_PREFIXES;

/** One object, or everything of the merchant. */
export type Subject = { readonly to: 'merchant' } | { readonly to: SubjectKind; readonly subject: string };

/** On whose behalf a socket is open, and what it may see. */
export interface RealtimeSession extends EventStream {
  /** Null for the customer of a payment page. */
  readonly keyId: string | null;
  /** All that it may subscribe to; null for everything of the merchant. */
  readonly narrowed: readonly Subject[] | null;
  /** `customer`: sees the status of its one link and nothing else. */
  readonly audience: 'merchant' | 'customer';
}

/** A ticket just made. It is in no other place, and cannot be shown again. */
export interface IssuedTicket {
  readonly ticket: string;
  /** Where to open the socket with it. */
  readonly url: string;
  readonly endsAt: number;
}

/** Whose sockets are counted together: those of a key, or those of a link's customers. */
export function toHolder({ keyId, narrowed }: Pick<RealtimeSession, 'keyId' | 'narrowed'>): string {
  return keyId ?? toSubjectId(narrowed?.[0]) ?? 'nobody';
}

/** The id in it; undefined for everything of the merchant. */
export function toSubjectId(subject: Subject | undefined): string | undefined {
  return subject && 'subject' in subject ? subject.subject : undefined;
}
