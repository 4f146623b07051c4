import 'reflect-metadata';
import {
  BadRequestException,
  Body,
  Controller,
  Headers,
  Inject,
  Injectable,
  Module,
  Post,
  UnauthorizedException,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { ApiKey } from '../../src/api-keys/api-key.entity.js';
import { CreateCollectionDto } from '../../src/collections/create-collection.dto.js';
import { EventRecord } from '../../src/events/event.entity.js';
import { IdempotencyRecord } from '../../src/idempotency/idempotency-record.entity.js';
import { Job } from '../../src/jobs/job.entity.js';
import { Transaction } from '../../src/transactions/transaction.entity.js';
import { makeKey, nextId, sha256, toAnswer, type CollectionBody } from './rows.js';
import { openMigrated } from './schema.js';
import type { BenchDatabase, BenchServer } from './server.js';

const SOURCE = Symbol('DataSource');
const LIFE_MS = 900_000;

interface KnownRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  apiKey?: ApiKey;
}

@Injectable()
class KeyGuard implements CanActivate {
  constructor(@Inject(SOURCE) private readonly source: DataSource) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<KnownRequest>();
    const secret = request.headers['authorization']?.replace('Bearer ', '') ?? '';
    const key = await this.source.getRepository(ApiKey).findOne({ where: { keyHash: sha256(secret) } });
    if (!key) throw new UnauthorizedException();
    owners.set(request.headers, key);
    return true;
  }
}

const owners = new WeakMap<object, ApiKey>();

@Controller('v1/collections')
@UseGuards(KeyGuard)
class CollectionsController {
  constructor(@Inject(SOURCE) private readonly source: DataSource) {}

  @Post()
  async create(
    @Headers() headers: Record<string, string | undefined>,
    @Headers('idempotency-key') key: string | undefined,
    @Body() dto: CreateCollectionDto,
  ) {
    const owner = owners.get(headers);
    if (!owner || key === undefined) throw new BadRequestException();
    const now = Date.now();
    const merchantId = owner.merchantId ?? '';
    const answer = toAnswer(dto as CollectionBody, nextId('txn'), now);
    const shared = { merchantId, mode: owner.mode, createdAt: now };
    await this.source.transaction(async (manager) => {
      await manager.save(IdempotencyRecord, {
        keyHash: sha256(`${merchantId}:${owner.mode}:${key}`),
        requestHash: sha256(JSON.stringify(dto)),
        subjectId: answer.id,
        statusCode: 201,
        createdAt: now,
      });
      await manager.save(Transaction, {
        ...shared,
        id: answer.id,
        kind: 'collection',
        status: 'created',
        late: false,
        version: 1,
        amountMinor: BigInt(answer.amount.replace('.', '')),
        currency: dto.currency,
        refundedMinor: 0n,
        reference: dto.reference,
        description: dto.description ?? null,
        method: dto.method,
        provider: 'mpesa',
        party: dto.customer,
        phone: dto.customer.phone,
        metadata: dto.metadata ?? {},
        createdBy: owner.principalId,
        updatedAt: now,
        expiresAt: now + LIFE_MS,
      });
      await manager.save(EventRecord, {
        ...shared,
        id: nextId('evt'),
        subjectId: answer.id,
        type: 'collection.created',
        data: answer,
        reported: 'noted',
        fromStatus: 'created',
        toStatus: 'created',
        version: 1,
        evidence: { source: 'merchant', says: 'created', principalId: owner.principalId },
      });
      const job = { id: nextId('job'), kind: 'submit', subjectId: answer.id, runAt: now, attempts: 0 } as const;
      await manager.save(Job, { ...job, createdAt: now });
    });
    return answer;
  }
}

/** How such an endpoint is usually written: Nest on Express, the ValidationPipe, and TypeORM's `save()` in a transaction. */
export async function startUsual(database: BenchDatabase): Promise<BenchServer> {
  const source = await openMigrated(database);
  const { apiKey, statement } = makeKey();
  await source.query(statement.sql, [...statement.values]);

  @Module({
    controllers: [CollectionsController],
    providers: [KeyGuard, { provide: SOURCE, useValue: source }],
  })
  class UsualModule {}

  const app = await NestFactory.create(UsualModule, new ExpressAdapter(), { logger: ['error'] });
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }));
  await app.listen(0, '127.0.0.1');
  return {
    baseUrl: await app.getUrl(),
    apiKey,
    close: async () => {
      await app.close();
      await source.destroy();
    },
  };
}
