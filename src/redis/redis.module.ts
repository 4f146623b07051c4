import { Global, Module } from '@nestjs/common';
import { HealthProbes, type ProbeResult } from '../health/health-probes.js';
import { RedisLink } from './redis-link.js';

/** The one link to Redis, for whatever several processes share. */
@Global()
@Module({ providers: [RedisLink], exports: [RedisLink] })
export class RedisModule {
  constructor(link: RedisLink, probes: HealthProbes) {
    if (link.client) probes.register('redis', { isVital: false, check: () => checkRedis(link) });
  }
}

async function checkRedis(link: RedisLink): Promise<ProbeResult> {
  const startedAt = performance.now();
  const answer = await link.use((client) => client.ping());
  if (answer === undefined) return { status: 'down' };
  const latencyMs = Math.round((performance.now() - startedAt) * 10) / 10;
  return { status: link.fault === undefined ? 'ok' : 'degraded', facts: { latencyMs, fault: link.fault } };
}
