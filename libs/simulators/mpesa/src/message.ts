/** A message to send: what real callbacks look like, or whatever a test wants to forge. */
export interface Message {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The push it is about, where it is about one of ours. */
  readonly checkoutRequestId?: string;
  /** The payout, reversal or question it is about, where it is about one of ours. */
  readonly conversationId?: string;
  readonly about?: 'result' | 'notice';
}
