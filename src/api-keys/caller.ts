import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Mode } from '#libs/provider-kit';
import { Problem } from '../http/problem.js';
import type { Scope } from './scopes.js';

/** Who asks, as the API key says. */
export interface Caller {
  readonly keyId: string;
  /** Null for a platform key. */
  readonly merchantId: string | null;
  readonly mode: Mode;
  readonly principalId: string;
  readonly scopes: readonly Scope[];
  /**
   * Differs where the merchant's provider accounts of this mode have changed. Read with the key, so that a request that
   * needs them need not ask again; without it they are looked up.
   */
  readonly accountsStamp?: string;
}

/** A caller that acts for a merchant: everything but platform administration. */
export interface MerchantCaller extends Caller {
  readonly merchantId: string;
}

const REQUIRED_SCOPE = 'malipo:scope';

/** The scopes of which a route asks for one, also for the documentation. A route under `/v1` without any is open to nobody. */
export const RequireScope = (...scopes: readonly [Scope, ...Scope[]]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(REQUIRED_SCOPE, scopes), ...scopes.map((scope) => ApiSecurity('bearer', [scope])));
export { REQUIRED_SCOPE };

const callers = new WeakMap<object, Caller>();

/** Set by the guard, once for each request. */
export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request.raw, caller);
}

/** The caller of a route that works for one merchant. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): MerchantCaller => {
  const caller = findCaller(context);
  if (caller?.merchantId == null)
    throw new Problem('forbidden', 'A platform key manages merchants and keys; use a key of the merchant here.');
  return { ...caller, merchantId: caller.merchantId };
});

/** The caller of a route that platform keys may use too. */
export const AnyCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = findCaller(context);
  if (!caller) throw new Problem('unauthenticated', 'Send your API key as Authorization: Bearer mlp_….');
  return caller;
});

function findCaller(context: ExecutionContext): Caller | undefined {
  return findCallerOf(context.switchToHttp().getRequest<FastifyRequest>());
}

/** Who made this request, if its key was valid. */
export function findCallerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request.raw);
}
