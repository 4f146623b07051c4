import { ApiKey } from '../api-keys/api-key.entity.js';
import { CallbackToken } from '../callbacks/callback-token.entity.js';
import { Callback } from '../callbacks/callback.entity.js';
import { EventPosition } from '../events/event-position.entity.js';
import { EventRecord } from '../events/event.entity.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Job } from '../jobs/job.entity.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderToken } from '../providers/provider-token.entity.js';
import { RulingProposal } from '../rulings/ruling-proposal.entity.js';
import { Attempt } from '../transactions/attempt.entity.js';
import { PhoneGuard } from '../transactions/phone-guard.entity.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { Transaction } from '../transactions/transaction.entity.js';
import { WebhookDelivery } from '../webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../webhooks/webhook-endpoint.entity.js';
import { WebhookRecovery } from '../webhooks/webhook-recovery.entity.js';

/** Every table. A test compares this list with what the migrations make, on both engines. */
export const ENTITIES = [
  ApiKey,
  Attempt,
  Callback,
  CallbackToken,
  EventPosition,
  EventRecord,
  IdempotencyRecord,
  Job,
  Merchant,
  PhoneGuard,
  ProviderAccount,
  ProviderToken,
  ReferenceKey,
  RulingProposal,
  Transaction,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookRecovery,
];
