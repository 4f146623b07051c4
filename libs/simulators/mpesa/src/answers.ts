import { json, type Answer } from '#libs/simulators/kit';

/** The envelope of every synchronous error (§1.2). */
export function refusal(status: number, errorCode: string, errorMessage: string, requestId: string): Answer {
  return json(status, { requestId, errorCode, errorMessage });
}
