import type { CallbackMessage, ProviderReferences } from './contract.js';

/** The ids under which an attempt, and the questions asked about it, are known on both sides. */
export interface KnownIds {
  readonly attemptId: string;
  /** The provider's ids of the attempt, as far as they were learned. */
  readonly references: ProviderReferences;
  /** The ids of the questions whose answers may come on this path. */
  readonly asked?: readonly ProviderReferences[];
}

/**
 * Whether a message of trust `path` names an id that we chose or were given: of the attempt, or of a question about it.
 * One is enough, for a provider may name an attempt by its own id only. Without any, the message is a hint. Says nothing
 * about amounts, parties or ids that contradict: those are looked at as in any message. Pure.
 */
export function namesKnownId(message: CallbackMessage, known: KnownIds): boolean {
  const ours = new Set([known.attemptId, ...listIds(known.references)]);
  if (message.attemptId !== undefined && ours.has(message.attemptId)) return true;
  if (listIds(message.references).some((id) => ours.has(id))) return true;
  const questions = new Set((known.asked ?? []).flatMap(listIds));
  return message.inquiry !== undefined && listIds(message.inquiry).some((id) => questions.has(id));
}

function listIds({ providerReference, others = {} }: ProviderReferences): string[] {
  return [...(providerReference === undefined ? [] : [providerReference]), ...Object.values(others)];
}
