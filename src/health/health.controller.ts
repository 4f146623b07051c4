import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Database } from '../database/database.js';

/** For load balancers and orchestrators. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  /** The process answers. */
  @Get('live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Everything a request needs answers too; 503 where something does not. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const startedAt = performance.now();
    const database = await this.database.read.query('SELECT 1').then(
      () => ({
        status: 'ok',
        kind: this.database.kind,
        latencyMs: Math.round((performance.now() - startedAt) * 10) / 10,
      }),
      () => ({ status: 'down', kind: this.database.kind }),
    );
    if (database.status !== 'ok') void reply.status(503);
    return {
      status: database.status === 'ok' ? 'ok' : 'down',
      dependencies: { database, jobs: { status: 'ok', driver: 'in-process' } },
    };
  }
}
