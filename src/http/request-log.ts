import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** One request and how it ended. Nothing in it comes from the client but the method: addresses can hold secrets. */
export interface AnsweredRequest {
  readonly method: string;
  /** The pattern, such as `/v1/transactions/:id`; `unmatched` where no route fits. */
  readonly route: string;
  /** 499 where the client hung up before the answer was out. */
  readonly status: number;
  readonly durationMs: number;
}

export interface RequestLogOptions {
  /** Whose key it was, once it is known. */
  readonly findKeyId: (request: FastifyRequest) => string | undefined;
  readonly observe: (request: AnsweredRequest) => void;
}

/** What load balancers and scrapers ask every few seconds. */
const ROUTINE = ['/health/', '/metrics'];

const HUNG_UP = 499;

/** One line for each request, when it is over. */
export function registerRequestLog(fastify: FastifyInstance, { findKeyId, observe }: RequestLogOptions): void {
  const logger = new Logger('Http');
  const over = new WeakSet<FastifyRequest>();
  const note = (request: FastifyRequest, status: number, durationMs: number): void => {
    if (over.has(request)) return;
    over.add(request);
    const { method } = request;
    const route = request.routeOptions.url ?? 'unmatched';
    observe({ method, route, status, durationMs });
    const ms = Math.round(durationMs * 10) / 10;
    const fields = { method, route, status, ms, requestId: request.id, keyId: findKeyId(request) };
    if (ROUTINE.some((prefix) => route.startsWith(prefix))) logger.debug(fields, 'Answered.');
    else logger.log(fields, 'Answered.');
  };
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) note(request, HUNG_UP, reply.elapsedTime);
    });
    done();
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    note(request, reply.statusCode, reply.elapsedTime);
    done();
  });
}
