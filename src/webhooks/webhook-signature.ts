import { createHmac } from 'node:crypto';
import type { RandomBytes } from '#libs/primitives';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** What is signed: a message's id, the second of this attempt, and the body's exact text. */
export interface SignedParts {
  readonly id: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/** A new signing secret as merchants keep it: `whsec_` and standard base64. */
export function makeSigningSecret(random: RandomBytes): string {
  return `${PREFIX}${random(SECRET_BYTES).toString('base64')}`;
}

/** The `webhook-signature` of Standard Webhooks 1.0.0: `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. */
export function signMessage(secret: string, { id, timestamp, body }: SignedParts): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key)
    .update(`${id}.${String(timestamp)}.${body}`)
    .digest('base64')}`;
}
