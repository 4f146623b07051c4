import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Problem } from './problem.js';

/** A worker has a port for health checks; the API is not behind it, whatever a load balancer may think. */
export function serveHealthOnly(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _, done) => {
      const isOpen = /^\/(health|metrics)(\/|\?|$)/.test(request.url);
      const detail = 'This process is a worker and serves its health only. Send requests to one whose role is `api`.';
      done(isOpen ? undefined : new Problem('not_found', detail));
    });
}
