import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../http/problem.js';
import { AnswerWaits } from '../transactions/answer-waits.js';
import { DatabaseFigures } from './database-figures.js';
import { Metrics } from './metrics.js';

/** For Prometheus. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly figures: DatabaseFigures,
    private readonly waits: AnswerWaits,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Every figure in Prometheus' text format. */
  @Get()
  async read(
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    this.assertMayRead(authorization);
    this.metrics.waiting.set(this.waits.size);
    await this.figures.refresh();
    void reply.type(this.metrics.registry.contentType);
    return this.metrics.registry.metrics();
  }

  private assertMayRead(authorization: string | undefined): void {
    const { metricsToken } = this.settings;
    if (metricsToken === undefined || isSame(authorization ?? '', `Bearer ${metricsToken}`)) return;
    throw new Problem('unauthenticated', 'Send the METRICS_TOKEN of this gateway as Authorization: Bearer ….', {
      headers: { 'www-authenticate': 'Bearer realm="metrics"' },
    });
  }
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [given, wanted].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
