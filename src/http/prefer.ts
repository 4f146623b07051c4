import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.js';

/** The longest that a request may ask us to wait. Proxies commonly give up after a minute. */
export const LONGEST_WAIT_S = 30;

/** How long the client would wait for the end, in whole seconds (`Prefer: wait=N`); undefined where it does not say. */
export const PreferWait = createParamDecorator((_: unknown, context: ExecutionContext): number | undefined =>
  readPreferWait(context.switchToHttp().getRequest<FastifyRequest>().raw.headersDistinct['prefer']),
);

// Preferences may be ignored, and no real one is as long. Bounds what an open quote makes the search below do.
const LONGEST_HEADER = 1_000;

// RFC 7240, §2: a list of `name`, `name=word` or `name="text"`, each with parameters behind semicolons.
const PREFERENCE = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const WAIT = /^\s*wait\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*)))?\s*(?:;|$)/i;

/** Reads the values of all `Prefer` headers together. The first `wait` counts; other preferences may be ignored. */
export function readPreferWait(values: readonly string[] = []): number | undefined {
  const readable = values.filter((value) => value.length <= LONGEST_HEADER);
  const preferences = readable.flatMap((value) => value.match(PREFERENCE) ?? []);
  const wait = preferences.find((preference) => /^\s*wait(?![^\s=;])/i.test(preference));
  if (wait === undefined) return undefined;
  const [, quoted, bare] = WAIT.exec(wait) ?? [];
  const text = quoted ?? bare ?? '';
  if (/^\d{1,3}$/.test(text) && Number(text) <= LONGEST_WAIT_S) return Number(text);
  const detail = `Prefer: wait takes whole seconds from 0 to ${String(LONGEST_WAIT_S)}, such as wait=10.`;
  throw new Problem('invalid_request', detail, {
    errors: [{ pointer: '#header/Prefer', code: 'invalid_wait', detail }],
  });
}

/** Aborted when the client is gone, or when it has its whole answer. */
export function watchHangUp(reply: FastifyReply): AbortSignal {
  const hangUp = new AbortController();
  // A client that left while its request was being stored is gone already, and closes no second time.
  if (reply.raw.destroyed) hangUp.abort();
  else reply.raw.once('close', () => hangUp.abort());
  return hangUp.signal;
}
