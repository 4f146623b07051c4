import { z } from 'zod';
import { json, type Answer, type Request } from './http.js';

/** The longest a control call waits for something to happen. */
const MAX_WAIT_MS = 30_000;

/** `waitMs` of a control call. */
export const Wait = z.number().int().min(0).max(MAX_WAIT_MS).default(0);

/** One call of a control API. */
export interface ControlRoute<S> {
  readonly method: string;
  readonly path: RegExp;
  /** As documented: `/_control/phones/{digits}`. */
  readonly shown: string;
  /** `parameter` is what stands in place of the first pair of braces. */
  readonly handle: (simulator: S, request: Request, parameter: string) => Answer | Promise<Answer>;
}

export function controlRoute<S>(method: string, shown: string, handle: ControlRoute<S>['handle']): ControlRoute<S> {
  return { method, shown, path: new RegExp(`^${shown.replace(/\{\w+\}/g, '([^/]+)')}$`), handle };
}

/** The answer of a control API to a request under `/_control`, its refusals included. */
export function answerControlCall<S>(
  routes: readonly ControlRoute<S>[],
  simulator: S,
  request: Request,
): Answer | Promise<Answer> {
  // Browsers say where a request comes from: no other site may turn our switches.
  if (request.headers['sec-fetch-site'] === 'cross-site')
    return controlProblem(403, 'forbidden', 'Another site may not use the control API.');
  const found = routes.filter(({ path }) => path.test(request.path));
  const match = found.find(({ method }) => method === request.method);
  if (match) return match.handle(simulator, request, decodeURIComponent(match.path.exec(request.path)?.[1] ?? ''));
  if (found.length > 0)
    return controlProblem(405, 'method_not_allowed', `Use ${found.map(({ method }) => method).join(' or ')}.`);
  return controlProblem(
    404,
    'not_found',
    `There is no ${request.path}. There are: ${routes.map(({ method, shown }) => `${method} ${shown}`).join(', ')}`,
  );
}

export function controlProblem(status: number, error: string, message: string): Answer {
  return json(status, { error, message });
}

/** The body of a control call, or the answer that says what is wrong with it. */
export function readControlBody<T>(schema: z.ZodType<T>, { body }: Request): { value: T } | { refused: Answer } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8') || '{}');
  } catch {
    return { refused: controlProblem(400, 'invalid_json', 'The body is not JSON.') };
  }
  const checked = schema.safeParse(parsed);
  if (checked.success) return { value: checked.data };
  return {
    refused: controlProblem(
      400,
      'invalid_body',
      checked.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '),
    ),
  };
}

/** A handler that is given the body of the call instead of the request. */
export function withBody<S, T>(
  schema: z.ZodType<T>,
  handle: (simulator: S, body: T, parameter: string) => Answer | Promise<Answer>,
): ControlRoute<S>['handle'] {
  return (simulator, request, parameter) => {
    const given = readControlBody(schema, request);
    return 'refused' in given ? given.refused : handle(simulator, given.value, parameter);
  };
}
