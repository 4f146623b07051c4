import { Foundation1795334400000 } from './1795334400000-foundation.js';
import { ProviderTokens1795420800000 } from './1795420800000-provider-tokens.js';
import { SurfaceIndices1795507200000 } from './1795507200000-surface-indices.js';
import { RulingsAndCallbackLog1795593600000 } from './1795593600000-rulings-and-callback-log.js';
import { WebhookEndpointLife1795680000000 } from './1795680000000-webhook-endpoint-life.js';
import { EventPositions1795766400000 } from './1795766400000-event-positions.js';
import { WebhookRecoveries1795770000000 } from './1795770000000-webhook-recoveries.js';
import { Payouts1795800000000 } from './1795800000000-payouts.js';
import { AccountCallbacks1795810000000 } from './1795810000000-account-callbacks.js';
import { ProviderCircuits1795820000000 } from './1795820000000-provider-circuits.js';
import { Balances1795821000000 } from './1795821000000-balances.js';
import { OneResend1795830000000 } from './1795830000000-one-resend.js';
import { Emails1795840000000 } from './1795840000000-emails.js';
import { PaymentLinks1795850000000 } from './1795850000000-payment-links.js';
import { Refunds1795870000000 } from './1795870000000-refunds.js';
import { PayoutControls1795880000000 } from './1795880000000-payout-controls.js';
import { RealtimeTickets1795890000000 } from './1795890000000-realtime-tickets.js';
import { PayerPhones1795910000000 } from './1795910000000-payer-phones.js';
import { LinkAttempts1795920000000 } from './1795920000000-link-attempts.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [
  Foundation1795334400000,
  ProviderTokens1795420800000,
  SurfaceIndices1795507200000,
  RulingsAndCallbackLog1795593600000,
  WebhookEndpointLife1795680000000,
  EventPositions1795766400000,
  WebhookRecoveries1795770000000,
  Payouts1795800000000,
  AccountCallbacks1795810000000,
  ProviderCircuits1795820000000,
  Balances1795821000000,
  OneResend1795830000000,
  Emails1795840000000,
  PaymentLinks1795850000000,
  Refunds1795870000000,
  PayoutControls1795880000000,
  RealtimeTickets1795890000000,
  PayerPhones1795910000000,
  LinkAttempts1795920000000,
];
