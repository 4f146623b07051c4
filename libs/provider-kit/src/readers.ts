import type { ProviderWords, StatusReport, SubmissionOutcome } from './contract.js';
import type { HttpAnswer } from './http-client.js';
import { redact, secretsOf } from './redact.js';
import type { ProviderExchange } from './with-token.js';

const LONGEST_MESSAGE = 300;

/** Reads an answer that was meant as one; undefined where its table does not know it. Pure. */
export type SubmissionReader = (answer: HttpAnswer) => SubmissionOutcome | undefined;

/** The same for an inquiry. */
export type StatusReader = (answer: HttpAnswer) => StatusReport | undefined;

/** Finds the provider's own code and message in an answer, whatever it comes to. Pure. */
export type WordsReader = (answer: HttpAnswer) => Pick<ProviderWords, 'providerCode' | 'providerMessage'> | undefined;

/**
 * What became of a submit. The same for every provider: not sent → deferred, no response → unknown, unreadable →
 * unknown. A 5xx reaches the reader only if it is JSON, and may come to rejected or deferred by a documented
 * code **and** message pair, never to accepted or completed. The provider's words are kept, redacted, as `said`.
 */
export function readSubmission(
  exchange: ProviderExchange,
  reader: SubmissionReader,
  toWords?: WordsReader,
): SubmissionOutcome {
  switch (exchange.kind) {
    case 'notSent':
      return { kind: 'deferred', cause: exchange.cause };
    case 'noResponse':
      return { kind: 'unknown', cause: exchange.cause };
    case 'deferred':
      return exchange;
    case 'rejected':
      return { kind: 'rejected', reason: 'provider_misconfigured', said: { providerMessage: exchange.cause } };
    case 'response': {
      const outcome = interpret(exchange, reader, toWords);
      const allowed = exchange.status < 500 || outcome.kind === 'rejected' || outcome.kind === 'deferred';
      return allowed ? outcome : { kind: 'unknown', cause: noAnswer(exchange), said: outcome.said };
    }
  }
}

/**
 * What a provider says about an attempt. Whatever is no answer is `unknown`: not sent, no response, no token,
 * a redirect, an unreadable or unknown body. A 5xx can say `pending` at most.
 */
export function readStatus(exchange: ProviderExchange, reader: StatusReader, toWords?: WordsReader): StatusReport {
  if (exchange.kind !== 'response') return { kind: 'unknown', cause: exchange.cause };
  const report = interpret(exchange, reader, toWords);
  if (exchange.status < 500 || report.kind === 'pending') return report;
  return { kind: 'unknown', cause: noAnswer(exchange), said: report.said };
}

interface Reading {
  readonly kind: string;
  readonly cause?: string;
  readonly providerCode?: string;
  readonly said?: ProviderWords;
}
type Unknown = { readonly kind: 'unknown'; readonly cause: string; readonly said?: ProviderWords };

function interpret<R extends Reading>(
  answer: HttpAnswer,
  reader: (answer: HttpAnswer) => R | undefined,
  toWords: WordsReader | undefined,
): R | Unknown {
  try {
    const said = toSaid(answer, toWords?.(answer));
    const reading = isMeantAsAnswer(answer) ? reader(answer) : undefined;
    if (!reading) return { kind: 'unknown', cause: noAnswer(answer), said };
    const { providerCode } = reading;
    return withoutSecrets(
      { ...reading, said: { ...said, ...toSaid(answer, { providerCode, ...reading.said }) } },
      answer,
    );
  } catch (error) {
    // The request was sent: a reader that trips over an answer must not leave more doubt than the answer does.
    const cause = `the answer broke its reader (HTTP ${answer.status}): ${redact(String(error), secretsOf(answer))}`;
    return { kind: 'unknown', cause: cause.slice(0, LONGEST_MESSAGE), said: { httpStatus: answer.status } };
  }
}

/** Redirects are not followed; success and server faults speak JSON or mean nothing. A 4xx may speak by its status. */
function isMeantAsAnswer({ status, body }: HttpAnswer): boolean {
  if (status < 200 || (status >= 300 && status < 400)) return false;
  return (status >= 400 && status < 500) || body !== undefined;
}

function noAnswer({ status, body }: HttpAnswer): string {
  return `${body === undefined ? 'unreadable' : 'unknown'} answer (HTTP ${status})`;
}

function toSaid(answer: HttpAnswer, words: ProviderWords | undefined): ProviderWords {
  const secrets = secretsOf(answer);
  const { providerCode, providerMessage } = words ?? {};
  return {
    httpStatus: answer.status,
    ...(providerCode === undefined ? {} : { providerCode: cleanCode(providerCode, secrets) }),
    ...(providerMessage === undefined ? {} : { providerMessage: cleanMessage(providerMessage, secrets) }),
  };
}

// A reader words its causes itself, but may quote.
function withoutSecrets<R extends Reading>(reading: R, answer: HttpAnswer): R {
  const secrets = secretsOf(answer);
  const { cause, providerCode } = reading;
  return {
    ...reading,
    ...(cause === undefined ? {} : { cause: cleanMessage(cause, secrets) }),
    ...(providerCode === undefined ? {} : { providerCode: cleanCode(providerCode, secrets) }),
  };
}

function cleanMessage(message: string, secrets: readonly string[]): string {
  return redact(message, secrets).slice(0, LONGEST_MESSAGE);
}

// A code is a short word; nine digits are an M-Pesa code (mpesa.md §9), ten and more could be a phone.
function cleanCode(code: string, secrets: readonly string[]): string {
  const plain = /^[\w.-]{1,40}$/.test(code) && !/\d{10}/.test(code) && !secrets.includes(code);
  return plain ? code : redact(code, secrets).slice(0, 64);
}
