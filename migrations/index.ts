import { Foundation1795334400000 } from './1795334400000-foundation.js';
import { ProviderTokens1795420800000 } from './1795420800000-provider-tokens.js';
import { RulingsAndCallbackLog1795593600000 } from './1795593600000-rulings-and-callback-log.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [Foundation1795334400000, ProviderTokens1795420800000, RulingsAndCallbackLog1795593600000];
