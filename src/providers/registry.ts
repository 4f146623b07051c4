import type { MethodFacts, ProviderDefinition } from '#libs/provider-kit';
import { dexchange } from '#libs/providers/dexchange';
import { moneroo } from '#libs/providers/moneroo';
import { mpesa } from '#libs/providers/mpesa';

/** The one list of providers, and the only door to adapters. */
const DEFINITIONS: readonly ProviderDefinition[] = [mpesa, moneroo, dexchange];

const byId = new Map(DEFINITIONS.map((definition) => [definition.id, definition]));

export function listDefinitions(): readonly ProviderDefinition[] {
  return DEFINITIONS;
}

/** Undefined where no adapter of that name is installed. */
export function findDefinition(id: string): ProviderDefinition | undefined {
  return byId.get(id);
}

/** For ids that we stored ourselves. Throws where the adapter was removed while data still names it. */
export function getDefinition(id: string): ProviderDefinition {
  const definition = byId.get(id);
  if (!definition) throw new Error(`No adapter for provider ${id} is installed, but stored data names it.`);
  return definition;
}

/** A provider's own payment page for a currency, as the first provider that has one describes it. */
export function findHostedPage(currency: string): MethodFacts | undefined {
  return DEFINITIONS.flatMap(({ hostedPages = [] }) => hostedPages).find((page) => page.currency === currency);
}

/** A method by its unified code and direction, as the first provider that offers it describes it. */
export function findMethod(code: string, kind: MethodFacts['kind']): MethodFacts | undefined {
  return DEFINITIONS.flatMap(({ methods }) => methods).find((method) => method.code === code && method.kind === kind);
}
