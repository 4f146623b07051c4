import { Controller, Get } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, ModulesContainer } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createTestGateway } from '../../test/support/gateway.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { REQUIRED_SCOPE } from './caller.js';

@Controller()
class Forgetful {
  @Get('v1/secrets')
  forgotten(): string {
    return 'everything';
  }
  @Get('l/page')
  page(): string {
    return 'a page';
  }
}

describe('A route without a scope', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({
      controllers: [Forgetful],
      providers: [
        { provide: ApiKeyAuthenticator, useValue: undefined },
        { provide: RateLimits, useValue: undefined },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
  });
  afterAll(() => app.close());

  it('answers nobody under /v1', async () => {
    const { statusCode, body } = await app.inject({ url: '/v1/secrets', headers: { authorization: 'Bearer x' } });
    expect(statusCode).toBe(500);
    expect(body).not.toContain('everything');
    expect(body).not.toContain('RequireScope');
  });

  it('is open elsewhere', async () => {
    expect((await app.inject('/l/page')).body).toBe('a page');
  });
});

it('The gateway has no route under /v1 without a scope', async () => {
  const gateway = await createTestGateway({ database: 'sqlite' });
  const modules = [...gateway.get(ModulesContainer).values()];
  await gateway.close();
  const open = modules
    .flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype))
    .flatMap((controller) => {
      if (typeof controller !== 'function') return [];
      const base = String(Reflect.getMetadata('path', controller));
      const names = Object.getOwnPropertyNames(controller.prototype).filter((name) => name !== 'constructor');
      const handlers = names.map((name) => controller.prototype[name]);
      return handlers
        .filter((handler) => Reflect.hasMetadata('path', handler))
        .filter((handler) => [handler, controller].every((one) => !Reflect.hasMetadata(REQUIRED_SCOPE, one)))
        .map((handler) => `${base}/${String(Reflect.getMetadata('path', handler))}`);
    });
  expect(open).toContain('health/live');
  expect(open.filter((path) => path.startsWith('v1'))).toEqual([]);
});
