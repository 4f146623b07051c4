import { toChange } from './delivery-outcome.js';
import type { WebhookDelivery } from './webhook-delivery.entity.js';

const attempt = (statusCode: number | null, at = 1_000) => ({ at, statusCode, answer: '', durationMs: 5 });

function deliveryOf(changes: Partial<WebhookDelivery> = {}): WebhookDelivery {
  return {
    id: 'dlv_1',
    merchantId: 'mer_1',
    mode: 'test',
    endpointId: 'whk_1',
    eventId: 'evt_1',
    eventType: 'collection.succeeded',
    status: 'pending',
    attempts: [],
    attemptCount: 0,
    roundAttempts: 0,
    failureReason: null,
    nextAttemptAt: 900,
    createdAt: 900,
    deliveredAt: null,
    ...changes,
  };
}

describe('What follows from an attempt', () => {
  const next = { now: 1_005, waitMs: 5_000 };

  it.each([200, 201, 204, 299])('is success after %d', (statusCode) => {
    expect(toChange(deliveryOf(), attempt(statusCode), next)).toEqual({
      attempts: [attempt(statusCode)],
      attemptCount: 1,
      roundAttempts: 1,
      status: 'delivered',
      failureReason: null,
      nextAttemptAt: null,
      deliveredAt: 1_005,
    });
  });

  it.each([null, 199, 300, 301, 308, 400, 404, 429, 500, 503])('is another attempt after %p', (statusCode) => {
    expect(toChange(deliveryOf({ roundAttempts: 3, attemptCount: 7 }), attempt(statusCode), next)).toEqual({
      attempts: [attempt(statusCode)],
      attemptCount: 8,
      roundAttempts: 4,
      nextAttemptAt: 6_005,
    });
  });

  it('is the end after the last of the schedule', () => {
    expect(toChange(deliveryOf(), attempt(500), { now: 1_005, waitMs: undefined })).toMatchObject({
      status: 'failed',
      failureReason: 'attempts_exhausted',
      nextAttemptAt: null,
    });
  });

  it('is the end after 410', () => {
    expect(toChange(deliveryOf(), attempt(410), next)).toMatchObject({
      status: 'failed',
      failureReason: 'endpoint_gone',
      nextAttemptAt: null,
    });
  });

  it('is nothing but a note where a failure comes after the delivery was over', () => {
    for (const status of ['delivered', 'failed'] as const) {
      for (const statusCode of [500, 410, null]) {
        const change = toChange(deliveryOf({ status }), attempt(statusCode), next);
        expect(Object.keys(change)).toEqual(['attempts', 'attemptCount', 'roundAttempts']);
      }
    }
  });

  it('is success even after it was given up, and keeps the first delivery’s instant', () => {
    const change = toChange(deliveryOf({ status: 'failed', failureReason: 'endpoint_disabled' }), attempt(200), next);
    expect(change).toMatchObject({ status: 'delivered', failureReason: null, deliveredAt: 1_005 });
    expect(toChange(deliveryOf({ deliveredAt: 7 }), attempt(200), next).deliveredAt).toBe(7);
  });

  it('keeps the latest 25 attempts and counts them all', () => {
    const attempts = Array.from({ length: 25 }, (_, index) => attempt(500, index));
    const change = toChange(deliveryOf({ attempts, attemptCount: 25, roundAttempts: 5 }), attempt(500, 99), next);
    expect(change.attempts.map(({ at }) => at)).toEqual([...attempts.slice(1).map(({ at }) => at), 99]);
    expect(change.attemptCount).toBe(26);
  });
});
