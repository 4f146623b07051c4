import { Foundation1795334400000 } from './1795334400000-foundation.js';
import { ProviderTokens1795420800000 } from './1795420800000-provider-tokens.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [Foundation1795334400000, ProviderTokens1795420800000];
