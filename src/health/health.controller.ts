import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { HealthProbes, type Readiness } from './health-probes.js';

/** For load balancers and orchestrators. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly probes: HealthProbes) {}

  /** The process answers. */
  @Get('live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Whether requests can be served, and how each dependency is; 503 where something vital is down. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.probes.check();
    if (readiness.status === 'down') void reply.status(503);
    return readiness;
  }
}
