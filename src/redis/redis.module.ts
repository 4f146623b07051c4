import { Global, Module } from '@nestjs/common';
import { RedisLink } from './redis-link.js';

/** The one link to Redis, for whatever several processes share. */
@Global()
@Module({ providers: [RedisLink], exports: [RedisLink] })
export class RedisModule {}
