import type { OpenAPIObject } from '@nestjs/swagger';

/** A schema of the document. Version 3.1 is JSON Schema itself, which the types of 3.0 do not cover. */
export type SchemaDocument = Record<string, unknown>;

export interface ResponseDocument {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema?: SchemaDocument }>;
}

export interface ParameterDocument {
  name: string;
  in: string;
  required?: boolean;
  schema?: SchemaDocument;
}

/** One operation, with what we read and change of it. Extensions begin with `x-`. */
export interface Operation {
  operationId: string;
  security?: Record<string, string[]>[];
  parameters?: ParameterDocument[];
  requestBody?: { content: Record<string, { schema?: SchemaDocument }> };
  responses: Record<string, ResponseDocument>;
  [extension: `x-${string}`]: unknown;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every operation of the document with its route. The objects are the document's own: changes are changes of it. */
export function listOperations(
  paths: OpenAPIObject['paths'],
): { readonly path: string; readonly method: string; readonly operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, operation: operation as unknown as Operation }] : [];
    }),
  );
}
