import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../config/settings.js';
import { DOCS_HTML, DOCS_SCRIPT, DOCS_STYLE } from './docs-page.js';
import { API_VERSION, createOpenApiDocument } from './openapi.js';
import { sendProblem } from './problem.filter.js';

// Swagger UI draws its icons from data: addresses, in its own style sheet and from within its script; nothing else comes from
// elsewhere, and nothing is inline.
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const UI_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js'];

/** `GET /openapi.json`, `GET /docs` that renders it, and a signpost at `GET /`. Open to everyone: they show no data. */
export async function serveDocs(app: NestFastifyApplication, settings: Pick<Settings, 'publicUrl'>): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  let document: string | undefined;
  // Nest's own error handler knows the routes of its controllers only.
  fastify.get('/openapi.json', { errorHandler: sendProblem }, (_, reply) => {
    document ??= JSON.stringify(createOpenApiDocument(app, settings));
    void reply.header('access-control-allow-origin', '*').type('application/json; charset=utf-8').send(document);
  });
  fastify.get('/', (request, reply) => pointTheWay(request, reply, settings.publicUrl));
  servePage(fastify);
  await app.register(fastifyStatic, {
    root: findSwaggerUi(),
    prefix: '/docs/ui/',
    decorateReply: false,
    index: false,
    allowedPath: (path) => UI_FILES.includes(path.slice(1)),
    cacheControl: true,
    maxAge: '1d',
  });
}

function servePage(fastify: FastifyInstance): void {
  const serve = (path: string, type: string, body: string): void => {
    fastify.get(path, (_, reply) => {
      void reply.header('content-security-policy', DOCS_POLICY).type(`${type}; charset=utf-8`).send(body);
    });
  };
  serve('/docs', 'text/html', DOCS_HTML);
  serve('/docs/page.css', 'text/css', DOCS_STYLE);
  serve('/docs/page.js', 'text/javascript', DOCS_SCRIPT);
}

function pointTheWay(request: FastifyRequest, reply: FastifyReply, publicUrl: string): void {
  void reply.header('vary', 'Accept');
  // Browsers name text/html; programs mostly take anything.
  if (request.headers.accept?.includes('text/html')) return void reply.redirect('/docs', 302);
  void reply.send({
    name: 'Malipo',
    version: API_VERSION,
    documentation: `${publicUrl}/docs`,
    openapi: `${publicUrl}/openapi.json`,
    health: `${publicUrl}/health/ready`,
  });
}

// The copy that @nestjs/swagger brings along.
function findSwaggerUi(): string {
  const swagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
}
