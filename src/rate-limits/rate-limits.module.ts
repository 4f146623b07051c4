import { Global, Module } from '@nestjs/common';
import { ClientAddresses } from '../http/client-addresses.js';
import { RateLimits } from './rate-limits.js';

/** How much anyone may ask of us, and from where they ask. */
@Global()
@Module({ providers: [RateLimits, ClientAddresses], exports: [RateLimits, ClientAddresses] })
export class RateLimitsModule {}
