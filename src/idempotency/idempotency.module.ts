import { Module } from '@nestjs/common';
import { IdempotencyPurge } from './idempotency-purge.js';

/** Remembers answers for as long as the contract promises, and then forgets them. */
@Module({ providers: [IdempotencyPurge] })
export class IdempotencyModule {}
