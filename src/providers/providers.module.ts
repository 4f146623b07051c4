import { Global, Module, type OnApplicationShutdown, Inject } from '@nestjs/common';
import type { Clock, Scheduler } from '#libs/primitives';
import { createHttpClient, createRateLimiter, type ClosableHttpClient } from '#libs/provider-kit';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { ProviderConnections } from './connections.js';
import { PROVIDER_HTTP, PROVIDER_LIMITER, PROVIDER_TOKENS } from './provider-ports.js';
import { ProviderTokenStore } from './provider-token-store.js';
import { SharedTokenCache } from './shared-token-cache.js';

/** What adapters need from the world, made once for all accounts. */
@Global()
@Module({
  providers: [
    ProviderConnections,
    {
      provide: PROVIDER_HTTP,
      inject: [CLOCK, EgressGuard],
      useFactory: (clock: Clock, guard: EgressGuard) => createHttpClient({ clock, guard }),
    },
    ProviderTokenStore,
    {
      provide: PROVIDER_TOKENS,
      inject: [ProviderTokenStore, CLOCK],
      useFactory: (store: ProviderTokenStore, clock: Clock) => new SharedTokenCache(store, clock),
    },
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
