/** What a key may do. `platform` manages merchants and keys, and nothing else. */
export const SCOPES = [
  'read',
  'collections:write',
  'payouts:write',
  'payouts:approve',
  'refunds:write',
  'links:write',
  'webhooks:write',
  'providers:write',
  'keys:write',
  'review:write',
  'platform',
] as const;

export type Scope = (typeof SCOPES)[number];

/** Every scope a merchant's own key can have. */
export const MERCHANT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'platform');
