import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { RateLimits } from '../rate-limits/rate-limits.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { REQUIRED_SCOPE, setCaller } from './caller.js';
import type { Scope } from './scopes.js';

/** Lets a request through if its API key is valid and has a scope that the route asks for. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: ApiKeyAuthenticator,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scopes = this.reflector.getAllAndOverride<readonly Scope[] | undefined>(REQUIRED_SCOPE, [
      context.getHandler(),
      context.getClass(),
    ]);
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (scopes === undefined) return refuseForgotten(request);
    const caller = await this.authenticator.authenticateRequest(request.raw);
    setCaller(request, caller);
    this.limits.take(caller.keyId, http.getResponse<FastifyReply>());
    if (!scopes.some((scope) => caller.scopes.includes(scope))) {
      throw new Problem('forbidden', `This key lacks the scope ${scopes.join(' or ')}.`);
    }
    return true;
  }
}

// Pages, callbacks and health checks are open and live elsewhere. Under /v1 a missing scope is a slip of ours: it must cost
// availability, which every test sees, and not secrecy, which none would.
function refuseForgotten(request: FastifyRequest): true {
  const route = request.routeOptions.url ?? '';
  if (!route.startsWith('/v1')) return true;
  throw new Error(`${request.method} ${route} has no @RequireScope.`);
}
