/**
 * Every problem that the API answers with. `code` is stable; the documentation page and the OpenAPI document are made from
 * this table. RFC 9457.
 */
export const PROBLEMS = {
  // 400: the request itself cannot be read.
  malformed_json: { status: 400, title: 'Malformed JSON' },
  malformed_request: { status: 400, title: 'Malformed request' },
  invalid_request: { status: 400, title: 'Invalid request' },
  unknown_field: { status: 400, title: 'Unknown field' },
  amount_not_exact: { status: 400, title: 'Amount not exact' },
  invalid_cursor: { status: 400, title: 'Invalid cursor' },
  idempotency_key_required: { status: 400, title: 'Idempotency-Key required' },
  invalid_idempotency_key: { status: 400, title: 'Invalid Idempotency-Key' },
  // 401 and 403: who asks.
  unauthenticated: { status: 401, title: 'API key required' },
  forbidden: { status: 403, title: 'Not allowed' },
  merchant_suspended: { status: 403, title: 'Merchant suspended' },
  own_payout: { status: 403, title: 'Another person must decide' },
  // 404 to 415: where and how.
  not_found: { status: 404, title: 'Not found' },
  request_timeout: { status: 408, title: 'Request took too long' },
  // 409: the state of things.
  reference_taken: { status: 409, title: 'Reference already used' },
  phone_busy: { status: 409, title: 'Phone busy' },
  repeat_amount_too_soon: { status: 409, title: 'Same amount again too soon' },
  phone_blocked: { status: 409, title: 'Phone blocked for now' },
  not_cancellable: { status: 409, title: 'Cannot be cancelled any more' },
  otp_not_expected: { status: 409, title: 'No one-time code expected' },
  not_in_review: { status: 409, title: 'Not in review' },
  ruling_disputed: { status: 409, title: 'The two do not say the same' },
  not_awaiting_approval: { status: 409, title: 'Not waiting for approval' },
  not_refundable: { status: 409, title: 'Nothing to refund' },
  payouts_stopped: { status: 409, title: 'Payouts stopped' },
  conflict: { status: 409, title: 'Conflict' },
  body_too_large: { status: 413, title: 'Body too large' },
  uri_too_long: { status: 414, title: 'Address too long' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  // 422: well-formed, and refused.
  idempotency_key_reused: { status: 422, title: 'Idempotency-Key used for another request' },
  amount_out_of_range: { status: 422, title: 'Amount out of range' },
  amount_granularity: { status: 422, title: 'Amount too fine' },
  currency_mismatch: { status: 422, title: 'Currency does not fit the method' },
  recipient_invalid: { status: 422, title: 'Phone number not valid' },
  method_unavailable: { status: 422, title: 'Method unavailable' },
  required_field_missing: { status: 422, title: 'The method needs more' },
  refund_exceeds_payment: { status: 422, title: 'More than is left of the payment' },
  limit_exceeded: { status: 422, title: 'Over a limit' },
  limit_above_maximum: { status: 422, title: 'Above what the platform allows' },
  otp_refused: { status: 422, title: 'One-time code refused' },
  unknown_provider: { status: 422, title: 'Unknown provider' },
  invalid_credentials: { status: 422, title: 'Credentials or settings not valid' },
  url_not_allowed: { status: 422, title: 'Address not allowed' },
  upgrade_required: { status: 426, title: 'WebSocket only' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  internal_error: { status: 500, title: 'Our fault' },
  provider_unavailable: { status: 503, title: 'Provider not available for now' },
  unavailable: { status: 503, title: 'Unavailable for a moment' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One fault of one field. `pointer` is an RFC 6901 JSON pointer into the body, or `#query/<name>`, or `#header/<name>`. */
export interface FieldFault {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

export interface ProblemExtras {
  readonly errors?: readonly FieldFault[];
  /** Further members of the problem object, such as `transactionId`. */
  readonly members?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of an error answer. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly FieldFault[];
}

/** An expected refusal: thrown by services, turned into problem+json by one filter. `detail` says what to do. */
export class Problem extends Error {
  readonly status: number;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`);
    this.name = 'Problem';
    this.status = PROBLEMS[code].status;
  }

  toBody(requestId: string): ProblemBody {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: `https://malipo.dev/problems/${this.code.replaceAll('_', '-')}`,
      title,
      status,
      code: this.code,
      detail: this.detail,
      requestId,
      ...this.extras.members,
      ...(this.extras.errors && { errors: this.extras.errors }),
    };
  }
}

/** The answer to an id that is not there, or not the caller's: the same bytes for both. */
export function notFound(): Problem {
  return new Problem('not_found', 'There is no such object, or it belongs to someone else.');
}

/** A refusal for the sake of one field. */
export function fieldProblem(code: ProblemCode, pointer: string, detail: string): Problem {
  return new Problem(code, detail, { errors: [{ pointer, code, detail }] });
}

/** A refusal that ends by itself: says when to come back. */
export function retryLater(code: ProblemCode, detail: string, afterMs: number): Problem {
  return new Problem(code, detail, { headers: { 'retry-after': String(Math.max(1, Math.ceil(afterMs / 1000))) } });
}
