import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.js';

/** Where features note what they did. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
