import { Global, Module, type OnApplicationShutdown, Inject } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { createHttpClient, createRateLimiter, createTokenCache, type ClosableHttpClient } from '#libs/provider-kit';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { ProviderConnections } from './connections.js';
import { PROVIDER_HTTP, PROVIDER_LIMITER, PROVIDER_REQUEST_TIMEOUT_MS, PROVIDER_TOKENS } from './provider-ports.js';

/** What adapters need from the world, made once for all accounts. */
@Global()
@Module({
  providers: [
    ProviderConnections,
    {
      provide: PROVIDER_HTTP,
      inject: [CLOCK, EgressGuard],
      useFactory: (clock: Clock, guard: EgressGuard) =>
        createHttpClient({ clock, guard, defaultTimeoutMs: PROVIDER_REQUEST_TIMEOUT_MS }),
    },
    { provide: PROVIDER_TOKENS, inject: [CLOCK], useFactory: (clock: Clock) => createTokenCache({ clock }) },
    {
      provide: PROVIDER_LIMITER,
      inject: [CLOCK, SCHEDULER],
      useFactory: (clock: Clock, scheduler: Scheduler) => createRateLimiter({ clock, scheduler }),
    },
  ],
  exports: [ProviderConnections, PROVIDER_LIMITER],
})
export class ProvidersModule implements OnApplicationShutdown {
  constructor(@Inject(PROVIDER_HTTP) private readonly http: ClosableHttpClient) {}

  onApplicationShutdown(): void {
    this.http.close();
  }
}
