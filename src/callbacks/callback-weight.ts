import { namesKnownId, type CallbackMessage, type CallbackTrust } from '#libs/provider-kit';
import type { Attempt } from '../transactions/attempt.entity.js';
import { toReferences } from '../transactions/attempts.js';
import type { CallbackToken } from './callback-token.entity.js';

/** A message that could be read, and what it is held against. */
export interface ReadMessage {
  readonly message: CallbackMessage;
  readonly trust: Exclude<CallbackTrust, 'forged'>;
  /** The provider wants even its genuine messages to be confirmed by asking. */
  readonly wantsInquiry: boolean;
  readonly attempt: Attempt;
  readonly token: CallbackToken;
  /** The fields in which it differs from what we asked for. */
  readonly mismatches: readonly string[];
}

/** Whether it names an id that we chose or were given, of the attempt or of the question that its path was made for. */
export function isKnown({ message, attempt, token }: Pick<ReadMessage, 'message' | 'attempt' | 'token'>): boolean {
  const asked = token.asked === null ? [] : [token.asked];
  return namesKnownId(message, { attemptId: attempt.id, references: toReferences(attempt), asked });
}

/**
 * Whether it decides by itself. A signature proves its sender; an answer that we asked for is proven by a path that only the
 * provider knows together with an id that is known to us. Either counts only where everything that it carries fits.
 */
export function isEvidence(read: ReadMessage): boolean {
  if (read.mismatches.length > 0 || read.wantsInquiry) return false;
  return read.trust === 'signed' || (read.trust === 'path' && isKnown(read));
}
