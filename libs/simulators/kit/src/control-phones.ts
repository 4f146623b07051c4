import { z } from 'zod';
import { controlProblem, Wait, withBody, type ControlRoute } from './control.js';
import { json } from './http.js';

/** What somebody can do with what is open on a phone, by names that every simulator knows. */
export const ACTIONS = ['pin', 'wrong_pin', 'cancel', 'ignore'] as const;
export type Action = (typeof ACTIONS)[number];

/** Why a phone could not answer: there is nothing, or, by any other name, it cannot be answered now. */
export type NoAnswer = 'no_prompt' | (string & {});

/** What somebody does with a phone, and how long it is waited for something to do it with. */
export interface Answering {
  readonly digits: string;
  readonly action: Action;
  readonly waitMs: number;
}

/** The form of a phone number, and how a sentence that begins with `"12" is no ` goes on. */
export interface PhoneForm {
  readonly pattern: RegExp;
  readonly words: string;
}

/** A handler of `/_control/phones/{digits}…` that is called with digits of that form only. */
export function forPhone<S>(
  { pattern, words }: PhoneForm,
  handle: ControlRoute<S>['handle'],
): ControlRoute<S>['handle'] {
  return (simulator, request, digits) =>
    pattern.test(digits)
      ? handle(simulator, request, digits)
      : controlProblem(400, 'invalid_phone', `"${digits}" is no ${words}`);
}

/** `POST /_control/phones/{digits}/answer`: does it, waiting for something to answer up to `waitMs`. */
export function answerPhone<S, Reason extends NoAnswer>(
  answer: (simulator: S, answering: Answering) => Promise<object | Reason>,
  reasons: Readonly<Record<Reason, string>>,
): ControlRoute<S>['handle'] {
  const body = z.strictObject({ action: z.enum(ACTIONS), waitMs: Wait });
  return withBody(body, async (simulator: S, given, digits) => {
    const outcome = await answer(simulator, { digits, ...given });
    if (typeof outcome === 'object') return json(200, outcome);
    return controlProblem(outcome === 'no_prompt' ? 404 : 409, outcome, reasons[outcome]);
  });
}
