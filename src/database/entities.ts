import { ApiKey } from '../api-keys/api-key.entity.js';
import { BalanceQuestion } from '../balances/balance-question.entity.js';
import { ProviderBalance } from '../balances/provider-balance.entity.js';
import { CallbackToken } from '../callbacks/callback-token.entity.js';
import { Callback } from '../callbacks/callback.entity.js';
import { ProviderCircuit } from '../circuits/provider-circuit.entity.js';
import { ProviderNotice } from '../circuits/provider-notice.entity.js';
import { EmailSuppression } from '../emails/email-suppression.entity.js';
import { Email } from '../emails/email.entity.js';
import { NotificationSettings } from '../emails/notification-settings.entity.js';
import { EventPosition } from '../events/event-position.entity.js';
import { EventRecord } from '../events/event.entity.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import { Job } from '../jobs/job.entity.js';
import { LimitReservation, LimitUsage } from '../limits/limit-usage.entity.js';
import { PayoutControl } from '../limits/payout-control.entity.js';
import { PaymentLink } from '../links/payment-link.entity.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { ProviderToken } from '../providers/provider-token.entity.js';
import { RealtimeTicket } from '../realtime/realtime-ticket.entity.js';
import { RulingProposal } from '../rulings/ruling-proposal.entity.js';
import { SigningSecret } from '../signing-secrets/signing-secret.entity.js';
import { Attempt } from '../transactions/attempt.entity.js';
import { PhoneGuard } from '../transactions/phone-guard.entity.js';
import { ReferenceKey } from '../transactions/reference-key.entity.js';
import { LinkAttempt } from '../transactions/link-attempt.entity.js';
import { RefundEntry } from '../transactions/refund-entry.entity.js';
import { Transaction } from '../transactions/transaction.entity.js';
import { WebhookDelivery } from '../webhooks/webhook-delivery.entity.js';
import { WebhookEndpoint } from '../webhooks/webhook-endpoint.entity.js';
import { WebhookRecovery } from '../webhooks/webhook-recovery.entity.js';

/** Every table. A test compares this list with what the migrations make, on both engines. */
export const ENTITIES = [
  ApiKey,
  Attempt,
  BalanceQuestion,
  Callback,
  CallbackToken,
  Email,
  EmailSuppression,
  EventPosition,
  EventRecord,
  IdempotencyRecord,
  Job,
  LimitReservation,
  LimitUsage,
  Merchant,
  NotificationSettings,
  PayoutControl,
  PaymentLink,
  PhoneGuard,
  ProviderAccount,
  ProviderBalance,
  ProviderCircuit,
  ProviderNotice,
  ProviderToken,
  RealtimeTicket,
  ReferenceKey,
  LinkAttempt,
  RefundEntry,
  RulingProposal,
  SigningSecret,
  Transaction,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookRecovery,
];
