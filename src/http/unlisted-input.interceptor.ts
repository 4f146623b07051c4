import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { Problem } from './problem.js';
import { unknownField } from './validation.pipe.js';

/** The prefix of routes that promise to refuse what they do not know. */
const API = '/v1/';

// class-transformer leaves these out of what it copies, so that the validation would never see them.
const SPECIAL_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/**
 * Refuses query parameters and body members where the route takes none at all. Where it takes some, their class is checked
 * by the validation pipe; without a class nobody would look, and a misspelt name would be ignored.
 */
@Injectable()
export class UnlistedInputInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { query, body, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    if (routeOptions.url?.startsWith(API)) {
      const takes = findTakenInput(context);
      refuse('#query', listNames(query), takes.has(RouteParamtypes.QUERY));
      refuse('', listNames(body), takes.has(RouteParamtypes.BODY));
    }
    return next.handle();
  }
}

function refuse(place: '#query' | '', names: readonly string[], listed: boolean): void {
  const unlisted = listed ? names.filter((name) => SPECIAL_NAMES.includes(name)) : names;
  const [fault] = unlisted.map((name) =>
    unknownField(`${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, name),
  );
  if (fault) throw new Problem('unknown_field', fault.detail, { errors: [fault] });
}

function listNames(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

// Decorators never change; a handler is a function of its own in each class.
const takenInputs = new WeakMap<object, ReadonlySet<number>>();

/** Which kinds of parameter decorators the handler has. Nest keeps them under `<kind>:<index>`. */
function findTakenInput(context: ExecutionContext): ReadonlySet<number> {
  const handler = context.getHandler();
  const known = takenInputs.get(handler);
  if (known) return known;
  const decorated: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name);
  const taken = new Set(listNames(decorated).map((key) => Number(key.split(':')[0])));
  takenInputs.set(handler, taken);
  return taken;
}
