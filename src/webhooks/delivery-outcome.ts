import type { DeliveryAttempt, WebhookDelivery } from './webhook-delivery.entity.js';

/** More than two rounds: older attempts give way, `attemptCount` goes on counting. */
const KEPT_ATTEMPTS = 25;

/** What an attempt changes in its delivery. */
export type DeliveryChange = Pick<WebhookDelivery, 'attempts' | 'attemptCount' | 'roundAttempts'> &
  Partial<Pick<WebhookDelivery, 'status' | 'failureReason' | 'nextAttemptAt' | 'deliveredAt'>>;

/** The receiver took the message. */
export function isSuccess({ statusCode }: DeliveryAttempt): boolean {
  return statusCode !== null && statusCode >= 200 && statusCode < 300;
}

/** The receiver wants no message any more, ever. */
export function isGone({ statusCode }: DeliveryAttempt): boolean {
  return statusCode === 410;
}

/**
 * What follows from an attempt. Every attempt is kept; success ends the delivery whatever else was said meanwhile, and a
 * failure decides only while it is still pending. `waitMs` is undefined after the last attempt of the schedule.
 */
export function toChange(
  delivery: WebhookDelivery,
  attempt: DeliveryAttempt,
  next: { readonly now: number; readonly waitMs: number | undefined },
): DeliveryChange {
  const kept = {
    attempts: [...delivery.attempts, attempt].slice(-KEPT_ATTEMPTS),
    attemptCount: delivery.attemptCount + 1,
    roundAttempts: delivery.roundAttempts + 1,
  };
  if (isSuccess(attempt)) {
    const deliveredAt = delivery.deliveredAt ?? next.now;
    return { ...kept, status: 'delivered', failureReason: null, nextAttemptAt: null, deliveredAt };
  }
  if (delivery.status !== 'pending') return kept;
  if (isGone(attempt)) return { ...kept, status: 'failed', failureReason: 'endpoint_gone', nextAttemptAt: null };
  if (next.waitMs === undefined) {
    return { ...kept, status: 'failed', failureReason: 'attempts_exhausted', nextAttemptAt: null };
  }
  return { ...kept, nextAttemptAt: next.now + next.waitMs };
}
