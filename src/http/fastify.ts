import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { IdSource } from '#libs/primitives';
import { BODY_LIMIT_BYTES, isCallback, registerBodyParsers, takesAnyBody } from './body-parser.js';
import { AWAY_MS, sendProblem } from './problem.filter.js';
import { Problem, retryLater, type ProblemCode } from './problem.js';

/** How long a client may take. Whoever drips bytes holds a socket no longer than this. */
export interface HttpPatience {
  /** Until the last header, also for a connection that never says a word. */
  readonly headersMs: number;
  /** Until the last byte of the body. */
  readonly requestMs: number;
  /** How often Node looks for those that are late. */
  readonly checkMs: number;
}

const PATIENCE: HttpPatience = { headersMs: 10_000, requestMs: 30_000, checkMs: 2_000 };

const STOPPING = 'This process is stopping. Send the request again: another one takes it.';

// A client that was told of its mistake and does not hang up is hung up on.
const FAREWELL_MS = 2_000;

/** Fastify as we want it: strict bodies, request ids everywhere, and problems even for what is no HTTP. */
export function createFastifyAdapter(ids: IdSource, patience: HttpPatience = PATIENCE): FastifyAdapter {
  const underWay = new AnswersUnderWay();
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: patience.requestMs,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    http: {
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: patience.checkMs,
      // Node would answer without a body; the hook below says what is missing.
      requireHostHeader: false,
    },
    genReqId: () => ids.next('req'),
    requestIdHeader: false,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply),
    clientErrorHandler: (error: Error & { code?: string }, socket: Socket) => {
      const answer = underWay.get(socket);
      if (answer) hangUpAfter(answer, socket);
      else answerBrokenRequest(error, socket, ids.next('req'));
    },
    // Fastify's own answer is no problem document; the hook below refuses in its place.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
  });
  const fastify = adapter.getInstance();
  registerBodyParsers(fastify);
  let stopping = false;
  fastify.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('Request-Id', request.id);
    // Fastify refuses types that it cannot read before a parser is asked. Where none matters nothing may be lost for it.
    if (takesAnyBody(request)) request.headers = { 'content-type': undefined };
    // A provider may say a thing only once: what it still says is stored, and applied by the next process.
    if (isCallback(request)) done();
    else done(stopping ? retryLater('unavailable', STOPPING, AWAY_MS) : findFault(request));
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    // Who is answered while we stop was under way before: kept open, his connection would keep the process for a minute.
    if (stopping) void reply.header('connection', 'close');
    done(null, payload);
  });
  fastify.server.on('request', (_: IncomingMessage, response: ServerResponse) => underWay.note(response));
  fastify.server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) =>
    answerExpectation(response, ids.next('req')),
  );
  return adapter;
}

/** Requests that were read to their end and whose answer is still to come, by socket. */
class AnswersUnderWay {
  private readonly latest = new WeakMap<Socket, ServerResponse>();

  note(response: ServerResponse): void {
    this.latest.set(response.req.socket, response);
  }

  get(socket: Socket): ServerResponse | undefined {
    const response = this.latest.get(socket);
    return response?.req.complete && !response.writableFinished ? response : undefined;
  }
}

// Garbage behind a whole request: an answer to the garbage would be taken for the answer to the request, which may just
// have been accepted.
function hangUpAfter(answer: ServerResponse, socket: Socket): void {
  answer.once('finish', () => socket.destroySoon());
}

/** What makes a request unreadable before anyone looks at what it asks for. */
function findFault({ headers, raw }: FastifyRequest): Problem | undefined {
  if (headers.host === undefined && raw.httpVersion !== '1.0') {
    return new Problem('malformed_request', 'The header Host is missing.');
  }
  const url = raw.url ?? '';
  const mark = url.indexOf('?');
  if (mark === -1 || isDecodable(url.slice(mark + 1))) return undefined;
  return new Problem('malformed_request', 'The query is no percent-encoded UTF-8 text, or holds a NUL character.');
}

function isDecodable(query: string): boolean {
  try {
    return !decodeURIComponent(query).includes('\0');
  } catch {
    return false;
  }
}

// What Node's parser says of bytes that are no HTTP request. Everything else is one that we cannot read.
const BROKEN: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The address and headers together are larger than we read.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body_too_large', 'The chunk extensions are larger than we read.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time. Send it again.'],
};
const UNREADABLE = ['malformed_request', 'This is no HTTP request that we can read.'] as const;

const REASONS: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

// There is no route here and maybe nobody listening any more.
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const [code, detail] = BROKEN[error.code ?? ''] ?? UNREADABLE;
  const problem = new Problem(code, detail);
  const body = JSON.stringify(problem.toBody(requestId));
  socket.setTimeout(FAREWELL_MS, () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${String(problem.status)} ${REASONS[problem.status] ?? 'Bad Request'}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${String(Buffer.byteLength(body))}`,
      `Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

// `Expect` with anything but 100-continue: Node's own answer would be an empty 417.
function answerExpectation(response: ServerResponse, requestId: string): void {
  const problem = new Problem('malformed_request', 'The only expectation that we can meet is Expect: 100-continue.');
  response
    .writeHead(problem.status, {
      'content-type': 'application/problem+json; charset=utf-8',
      'request-id': requestId,
      connection: 'close',
    })
    .end(JSON.stringify(problem.toBody(requestId)));
}
