import type { MethodFacts, ProviderDefinition } from '#libs/provider-kit';
import { moneroo } from '#libs/providers/moneroo';
import { mpesa } from '#libs/providers/mpesa';

/** The one list of providers, and the only door to adapters. */
const DEFINITIONS: readonly ProviderDefinition[] = [mpesa, moneroo];

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

/** A method by its unified code, as the first provider that offers it describes it. */
export function findMethod(code: string): MethodFacts | undefined {
  return DEFINITIONS.flatMap((definition) => definition.methods).find((method) => method.code === code);
}
