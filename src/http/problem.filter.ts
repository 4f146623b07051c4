import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnreachable } from '../database/database-errors.js';
import { Problem, retryLater, type ProblemCode } from './problem.js';

const logger = new Logger('Http');

/** When to come back to a gateway whose database is away, or that is about to stop. */
export const AWAY_MS = 2_000;

/** Turns whatever was thrown into one RFC 9457 answer. Only a `Problem` says more than its status. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

/** Also used by Fastify's own error hooks, for what fails before a route is found. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error);
  if (problem.status >= 500) {
    logger.error(
      { err: error, requestId: request.id, route: request.routeOptions.url ?? 'unknown' },
      'A request failed.',
    );
  }
  void reply
    .status(problem.status)
    .headers({ 'request-id': request.id, ...problem.extras.headers })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem.toBody(request.id)));
}

// What Fastify and Nest throw by themselves, by status. Their texts are not ours to show.
const BY_STATUS: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  400: ['malformed_request', 'The request cannot be read. Check its address, headers and body.'],
  404: ['not_found', 'There is no such route. The routes are listed at /docs.'],
  405: ['not_found', 'There is no such route. The routes are listed at /docs.'],
  408: ['request_timeout', 'The request did not arrive in time. Send it again.'],
  413: ['body_too_large', 'The body is larger than this route takes.'],
  414: ['uri_too_long', 'The address is longer than we read.'],
  415: ['unsupported_media_type', 'Send the body as application/json.'],
  429: ['too_many_requests', 'Slow down and try again after the time in Retry-After.'],
  503: ['unavailable', 'The gateway is starting or stopping. Try again in a moment.'],
};

/** What a client is told of anything that was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isUnreachable(error))
    return retryLater(
      'unavailable',
      'Our database is away. Send the same request again in a moment, with the same Idempotency-Key.',
      AWAY_MS,
    );
  const status = findStatus(error);
  const known = BY_STATUS[status] ?? (status >= 400 && status < 500 ? BY_STATUS[400] : undefined);
  return known
    ? new Problem(known[0], known[1])
    : new Problem(
        'internal_error',
        'Something went wrong on our side. Nothing was lost; quote the requestId when you ask us.',
      );
}

function findStatus(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (typeof error === 'object' && error !== null && 'statusCode' in error) return Number(error.statusCode);
  return 500;
}
