import { Injectable } from '@nestjs/common';
import type { core, ZodType } from 'zod';
import type { Mode, ProviderDefinition } from '#libs/provider-kit';
import { EgressGuard } from '../egress/egress-guard.js';
import { fieldProblem, Problem, type FieldFault } from '../http/problem.js';

type Fields = Readonly<Record<string, unknown>>;

/** Holds an account's credentials and settings against what its provider asks for, and against where we may go. */
@Injectable()
export class AccountValidation {
  constructor(private readonly egress: EgressGuard) {}

  /**
   * Throws `invalid_credentials` with a pointer to each field, or `url_not_allowed`. No message repeats a value: values
   * here are secrets.
   */
  async assertAcceptable(
    definition: ProviderDefinition,
    mode: Mode,
    given: { readonly credentials?: Fields; readonly settings?: Fields },
  ): Promise<void> {
    assertFits(definition, given);
    const baseUrl = given.settings?.['baseUrl'];
    if (typeof baseUrl === 'string') await this.assertMayCall(mode, baseUrl);
  }

  // Only test mode may talk to another host than the provider's own, and no account may reach into our own network.
  private async assertMayCall(mode: Mode, baseUrl: string): Promise<void> {
    if (mode === 'live') throw urlNotAllowed('live money goes to the provider’s own address; leave baseUrl out');
    if (/[?#]/.test(baseUrl)) throw urlNotAllowed('it has a query or a fragment');
    const fault = await this.egress.findObjection(baseUrl);
    if (fault !== undefined) throw urlNotAllowed(fault);
  }
}

function assertFits(
  definition: ProviderDefinition,
  given: { readonly credentials?: Fields; readonly settings?: Fields },
): void {
  const faults = [
    ...(given.credentials ? findFaults(definition.credentials, given.credentials, '/credentials') : []),
    ...(given.settings ? findFaults(definition.settings, given.settings, '/settings') : []),
  ];
  const [first, ...others] = faults;
  if (!first) return;
  const more = others.length > 0 ? ` (and ${String(others.length)} more, see errors)` : '';
  throw new Problem('invalid_credentials', `${definition.name}: ${first.detail}${more}`, { errors: faults });
}

function findFaults(schema: ZodType, given: Fields, place: string): FieldFault[] {
  const { error } = schema.safeParse(given);
  return (error?.issues ?? []).flatMap((issue) => toFaults(issue, given, place));
}

function toFaults(issue: core.$ZodIssue, given: Fields, place: string): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: toPointer(place, [...issue.path, key]),
      code: 'unknown_field',
      detail: `There is no field ${key.slice(0, 64)} in ${place.slice(1)}.`,
    }));
  }
  const pointer = toPointer(place, issue.path);
  // A rule of several fields (custom) says itself which of them is missing, and why.
  if (issue.code !== 'custom' && findValue(given, issue.path) === undefined) {
    return [{ pointer, code: 'required', detail: `${pointer.slice(1)} is required.` }];
  }
  return [{ pointer, code: issue.code, detail: `${pointer.slice(1)}: ${issue.message}` }];
}

function findValue(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<PropertyKey, unknown>)[name]
        : undefined,
    given,
  );
}

function toPointer(place: string, path: readonly PropertyKey[]): string {
  return [place, ...path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}

function urlNotAllowed(reason: string): Problem {
  const detail = `This baseUrl is not allowed: ${reason}.`;
  return fieldProblem('url_not_allowed', '/settings/baseUrl', detail);
}
