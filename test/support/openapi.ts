import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { TestAnswer, TestGateway, TestRequest } from './gateway.js';

/** A part of the document, read as it is. */
export type Json = any;

/** One operation of the document and where it is found. */
export interface DocumentedOperation {
  /** `POST /v1/collections/{id}`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Json;
}

const VERBS = ['get', 'post', 'put', 'patch', 'delete'];

/** The gateway's OpenAPI document, and what it says of requests and answers. */
export class ApiContract {
  readonly operations: readonly DocumentedOperation[];
  private readonly ajv: Ajv2020;

  private constructor(readonly document: Json) {
    this.operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
      VERBS.filter((verb) => item[verb] !== undefined).map((verb) => {
        const method = verb.toUpperCase();
        return { name: `${method} ${path}`, method, path, operation: item[verb] };
      }),
    );
    this.ajv = createAjv();
    this.ajv.addSchema(closeSchemas(document), 'openapi.json');
  }

  static async of(gateway: TestGateway): Promise<ApiContract> {
    return new ApiContract((await gateway.request('GET /openapi.json')).body);
  }

  /** The operation that a method and an address such as `/v1/transactions/txn_1?limit=2` mean. */
  find(method: string, address: string): DocumentedOperation {
    const path = address.split(/[?#]/)[0] ?? '';
    const found = this.operations.find(
      (operation) => operation.method === method && toPattern(operation.path).test(path),
    );
    if (!found) throw new Error(`The document has no ${method} ${path}.`);
    return found;
  }

  /** What the document has against this answer: nothing, if it keeps its word. */
  findFaults({ path, method, operation }: DocumentedOperation, { status, headers, body }: TestAnswer): string[] {
    const response = operation.responses[status];
    if (!response) return [`${method} ${path} answers ${status}, which is not documented`];
    const expected = Object.keys(response.content ?? {})[0];
    const type = headers.get('content-type')?.split(';')[0];
    if (expected !== type) return [`${method} ${path} ${status} is ${type}, documented as ${expected}`];
    if (expected === undefined) return body === undefined ? [] : [`${method} ${path} ${status} has a body`];
    const validate = this.compile(['paths', path, method.toLowerCase(), 'responses', `${status}`, 'content', expected]);
    return validate(body) ? [] : toMessages(validate, `${method} ${path} ${status}`);
  }

  /** What the document has against a message to a webhook endpoint. */
  findMessageFaults(family: string, message: unknown): string[] {
    const validate = this.compile(['webhooks', family, 'post', 'requestBody', 'content', 'application/json']);
    return validate(message) ? [] : toMessages(validate, `webhook ${family}`);
  }

  /** Sends a request and insists that its answer is as documented. */
  async request(gateway: TestGateway, route: string, options: TestRequest = {}): Promise<TestAnswer> {
    const [method = '', address = ''] = route.split(' ');
    const answer = await gateway.request(route, options);
    expect(this.findFaults(this.find(method, address), answer)).toEqual([]);
    return answer;
  }

  private compile(steps: readonly string[]): ValidateFunction {
    const pointer = [...steps, 'schema'].map((step) => encodeURIComponent(toPointerStep(step))).join('/');
    const reference = `openapi.json#/${pointer}`;
    const validate = this.ajv.getSchema(reference);
    if (!validate) throw new Error(`Nothing at ${reference}`);
    return validate;
  }
}

/** What the OpenAPI Initiative's own schema of version 3.1 has against the document. */
export function findDocumentFaults(document: unknown): string[] {
  const file = new URL('./openapi-3.1.schema.json', import.meta.url);
  const validate = createAjv().compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  return validate(document) ? [] : toMessages(validate, 'openapi.json');
}

/** Every schema of the components that is no JSON Schema 2020-12. */
export function findSchemaFaults(document: Json): string[] {
  const ajv = createAjv();
  return Object.entries(document.components.schemas as Record<string, object>)
    .filter(([, schema]) => ajv.validateSchema(schema) !== true)
    .map(([name]) => name);
}

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addFormat('media-range', /^[\w.+*-]+\/[\w.+*-]+(;.*)?$/);
  return ajv;
}

// Answers may gain members without breaking clients, so the document leaves them open. For us an undocumented one is a slip.
function closeSchemas(document: Json): Json {
  const closed = structuredClone(document);
  for (const schema of Object.values<Json>(closed.components.schemas)) {
    if (schema.properties) schema.additionalProperties ??= false;
  }
  return closed;
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function toPointerStep(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function toMessages({ errors }: ValidateFunction, subject: string): string[] {
  return (errors ?? []).map(
    (error) => `${subject}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`,
  );
}
