import { Foundation1795334400000 } from './1795334400000-foundation.js';
import { ProviderTokens1795420800000 } from './1795420800000-provider-tokens.js';
import { SurfaceIndices1795507200000 } from './1795507200000-surface-indices.js';
import { RulingsAndCallbackLog1795593600000 } from './1795593600000-rulings-and-callback-log.js';
import { WebhookEndpointLife1795680000000 } from './1795680000000-webhook-endpoint-life.js';
import { EventPositions1795766400000 } from './1795766400000-event-positions.js';
import { WebhookRecoveries1795770000000 } from './1795770000000-webhook-recoveries.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [
  Foundation1795334400000,
  ProviderTokens1795420800000,
  SurfaceIndices1795507200000,
  RulingsAndCallbackLog1795593600000,
  WebhookEndpointLife1795680000000,
  EventPositions1795766400000,
  WebhookRecoveries1795770000000,
];
