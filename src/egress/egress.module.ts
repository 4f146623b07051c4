import { Global, Module } from '@nestjs/common';
import { EgressGuard, NAME_RESOLVER, systemResolver } from './egress-guard.js';

/** The one guard for everything that leaves us: provider calls, webhooks, credential checks. */
@Global()
@Module({
  providers: [EgressGuard, { provide: NAME_RESOLVER, useValue: systemResolver }],
  exports: [EgressGuard],
})
export class EgressModule {}
