import type { RandomBytes } from '#libs/primitives';
import { toOneLine } from './email-format.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long we wait after the first, second … failed attempt. Greylisting ends within the first hour; an outage within two days. */
export const WAITS_MS: readonly number[] = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
];

/** Jitter keeps what failed together from coming back together. */
const JITTER = 0.2;

/** What came of handing a mail to the mail server. `answer` is what it said, or why it said nothing. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly answer: string }
  /** Not now. */
  | { readonly kind: 'later'; readonly answer: string }
  /** Never this mail; others to the same address may do. */
  | { readonly kind: 'refused'; readonly answer: string }
  /** Never this address. */
  | { readonly kind: 'bounced'; readonly answer: string };

/** The wait before the next attempt, in ms, or undefined after the last. `failed`: how many attempts of the round have. */
export function toNextWait(failed: number, random: RandomBytes): number | undefined {
  const wait = WAITS_MS[failed - 1];
  return wait === undefined ? undefined : Math.round(wait * (1 - JITTER + 2 * JITTER * toFraction(random)));
}

function toFraction(random: RandomBytes): number {
  return random(4).readUInt32BE() / 2 ** 32;
}

/** What nodemailer's errors carry. */
interface SmtpFailure {
  readonly code?: string;
  readonly message?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

const LONGEST_ANSWER = 400;

// RFC 3463: 5.7 is about who may send what, 5.3 and 5.6 about the system and the message, and a mailbox that is full (5.2.2)
// or takes nothing so long (5.2.3) is there. 552 alone means the same (RFC 5321 §4.2.3).
const NOT_THE_ADDRESS = /^(?:5\d\d[ -]5\.(?:[367]\.|2\.[23]\b)|552[ -](?!5\.))/;

/**
 * What a failure means. Only a definite no to the recipient marks the address, and only a definite no to the message ends
 * the mail: silence, and whatever is about our account at the mail server, is mended by its operator while we go on trying.
 */
export function readFailure(error: unknown): SendOutcome {
  const { code, message, command, response, responseCode } = toFailure(error);
  const answer = response === undefined ? explain(code, message) : toOneLine(response, LONGEST_ANSWER);
  const isPermanent = responseCode !== undefined && responseCode >= 500 && responseCode !== 503;
  if (isPermanent && command === 'RCPT TO') {
    return { kind: response !== undefined && NOT_THE_ADDRESS.test(response) ? 'refused' : 'bounced', answer };
  }
  if (isPermanent && command === 'DATA') return { kind: 'refused', answer };
  return { kind: 'later', answer };
}

function toFailure(error: unknown): SmtpFailure {
  return typeof error === 'object' && error !== null ? error : {};
}

// By code, in words of ours: a system's own text can carry names and addresses of the network we stand in.
const EXPLANATIONS: Readonly<Record<string, string>> = {
  EABORT: 'The mail server took too long.',
  EAUTH: 'The mail server refuses our user and password.',
  ECONNECTION: 'The connection to the mail server failed or was lost.',
  EDNS: 'The name of the mail server does not resolve.',
  ESOCKET: 'The connection to the mail server failed or was lost.',
  ETIMEDOUT: 'The mail server did not answer in time.',
  ETLS: 'The mail server offers no TLS that we can trust.',
};

// nodemailer gives them the code of every lost connection; the words are OpenSSL's and Node's, the same in each version.
const CERTIFICATE_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/certificate has expired/, 'The certificate of the mail server has expired.'],
  [/does not match certificate's altnames/, 'The certificate of the mail server is for another name.'],
  [
    /self[- ]signed certificate|unable to (?:get|verify)/,
    'The certificate of the mail server is vouched for by nobody that we know (NODE_EXTRA_CA_CERTS).',
  ],
];

function explain(code: string | undefined, message = ''): string {
  const fault = CERTIFICATE_FAULTS.find(([words]) => words.test(message));
  if (fault && (code === 'ESOCKET' || code === 'ETLS')) return fault[1];
  return EXPLANATIONS[code ?? ''] ?? `The mail could not be handed over (${code ?? 'unknown'}).`;
}
