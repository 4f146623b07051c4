import type { ProviderDefinition } from '#libs/provider-kit';

/** Durations that together keep a second worker from sending what a first one may still be sending. */
export interface LeaseTiming {
  readonly leaseMs: number;
  /** The longest that one request to a provider may last. */
  readonly requestTimeoutMs: number;
}

/** The numbers do not fit together: money could move twice. The message names them. */
export class UnsafeTimingError extends Error {
  override name = 'UnsafeTimingError';
}

// For clocks that disagree, and for bytes that travel slowly.
const MARGIN_MS = 2 * 60_000;

/**
 * Throws an UnsafeTimingError unless a lease outlasts any request that is begun under it, and "the provider never had it"
 * is believed only when even a request sent at the last moment of a lease must have arrived.
 */
export function checkLeaseTiming(
  { leaseMs, requestTimeoutMs }: LeaseTiming,
  definitions: readonly Pick<ProviderDefinition, 'id' | 'operations'>[],
): void {
  if (leaseMs <= requestTimeoutMs) {
    throw new UnsafeTimingError(
      `Jobs are leased for ${leaseMs} ms, but a request to a provider may last ${requestTimeoutMs} ms. A lease must be longer.`,
    );
  }
  const leastMs = leaseMs + requestTimeoutMs + MARGIN_MS;
  for (const { id, operations } of definitions) {
    for (const [name, operation] of Object.entries(operations)) {
      const { absentAfterMs } = operation;
      if (absentAfterMs !== null && absentAfterMs <= leastMs) {
        throw new UnsafeTimingError(
          `The provider ${id} says of its ${name} that "absent" is proof after ${absentAfterMs} ms. ` +
            `A request may still be on its way then: absentAfterMs must be more than ${leastMs} ms, or null.`,
        );
      }
    }
  }
}
