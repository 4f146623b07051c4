import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger';
import type { ProblemCode } from './problem.js';

/** Where an operation notes its own problems until the OpenAPI document is finished. */
export const PROBLEMS_EXTENSION = 'x-own-problems';

/**
 * Documents the problems of a route that takes an API key. Name those that are its own: what every route can answer, and what
 * follows from having a body, a query, an id in the path or an Idempotency-Key, is added when the document is made.
 */
export function ApiProblems(...codes: readonly ProblemCode[]): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiBearerAuth(), ApiExtension(PROBLEMS_EXTENSION, codes));
}
