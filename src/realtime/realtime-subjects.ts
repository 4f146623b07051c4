import { Problem } from '../http/problem.js';
import { SUBJECT_PREFIXES, type Subject, type SubjectKind } from './realtime-session.js';

/** Reads what a ticket is narrowed to. Throws `invalid_request`. */
export function readSubject(
  { to, subject }: { readonly to: SubjectKind | 'merchant'; readonly subject?: string },
  index: number,
): Subject {
  if (to === 'merchant') {
    if (subject === undefined) return { to };
    throw refuse(index, 'Everything of the merchant has no subject: leave it out.');
  }
  const prefix = SUBJECT_PREFIXES[to];
  if (subject !== undefined && new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`).test(subject)) return { to, subject };
  throw refuse(index, `subject must be the id of a ${to} (${prefix}_…).`);
}

function refuse(index: number, detail: string): Problem {
  const pointer = `/subscriptions/${String(index)}/subject`;
  return new Problem('invalid_request', detail, { errors: [{ pointer, code: 'invalid', detail }] });
}
