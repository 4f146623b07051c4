import { Global, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { HealthProbes } from './health-probes.js';

/** Tells load balancers and operators how this process and its dependencies are. */
@Global()
@Module({ controllers: [HealthController], providers: [HealthProbes], exports: [HealthProbes] })
export class HealthModule {}
