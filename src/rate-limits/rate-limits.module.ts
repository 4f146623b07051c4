import { Global, Module } from '@nestjs/common';
import { RateLimits } from './rate-limits.js';

/** How much anyone may ask of us. */
@Global()
@Module({ providers: [RateLimits], exports: [RateLimits] })
export class RateLimitsModule {}
