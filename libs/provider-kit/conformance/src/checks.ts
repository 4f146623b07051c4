import type { Provider } from '#libs/provider-kit';
import { listAccountChecks } from './account-checks.js';
import { MOVEMENTS, type Check } from './check.js';
import { listCallbackChecks } from './callback-checks.js';
import { listFactChecks } from './fact-checks.js';
import { listBookChecks } from './book-checks.js';
import { listIdentifyChecks, listInquiryChecks } from './inquiry-checks.js';
import { listMovementChecks } from './movement-checks.js';
import type { Stage } from './stage.js';
import { listTokenChecks } from './token-checks.js';

/** The rules that apply to a provider with these capabilities. What it does not have is not asked of it. */
export function listChecks(stage: Stage<unknown, unknown>, provider: Provider): Check[] {
  const movements = MOVEMENTS.filter((name) => provider[name] !== undefined);
  return [
    ...listFactChecks(stage, provider),
    ...listAccountChecks(stage, provider, movements),
    ...(stage.token ? listTokenChecks(stage.token, movements) : []),
    ...movements.flatMap((name) => {
      const movement = stage[name];
      // Without a stage the fact checks have failed already: a capability nobody plays would go untested.
      if (!movement) return [];
      const identifies = name !== 'links' && provider[name]?.identify !== undefined;
      return [
        ...listMovementChecks(name, movement),
        ...listBookChecks(name, movement),
        ...listInquiryChecks(name, movement),
        ...(identifies ? listIdentifyChecks(name, movement) : []),
      ];
    }),
    ...(provider.callbacks && stage.callbacks ? listCallbackChecks(stage.callbacks) : []),
  ];
}
