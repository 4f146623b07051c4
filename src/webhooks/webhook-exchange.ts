import type { Dispatcher } from 'undici';
import { AnswerStart } from './answer-start.js';

/** An answer that came: its status line, and the start of what followed. */
export interface Answered {
  readonly statusCode: number;
  readonly start: string;
  readonly retryAfter: string | undefined;
}

/** Where a request goes, and what it carries. */
export type Outgoing = Dispatcher.DispatchOptions & { readonly origin: string };

/**
 * One request on undici's own events: without a stream for the answer and a signal for the deadline, which cost more than
 * the request. From the status line on nothing makes it fail: what arrived of the body is kept, and it ends at a break, at
 * the deadline, or where we have read enough. The connection is closed unless the answer came to its end.
 */
export class WebhookExchange implements Dispatcher.DispatchHandler {
  private readonly start = new AnswerStart();
  private controller: Dispatcher.DispatchController | undefined;
  private head: Omit<Answered, 'start'> | undefined;
  private stopped: Error | undefined;
  private resolve: (answer: Answered) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;

  /** Throws what kept an answer from coming. */
  send(dispatcher: Dispatcher, outgoing: Outgoing): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      dispatcher.dispatch(outgoing, this);
    });
  }

  /** Ends it now, wherever it stands: with what arrived, or with this error. What has not left yet never will. */
  stop(error: Error): void {
    this.stopped = error;
    this.settle(error);
    this.controller?.abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.stopped) controller.abort(this.stopped);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // A word in advance, such as 103, is no answer.
    if (statusCode >= 200) this.head = { statusCode, retryAfter: [headers['retry-after']].flat()[0] };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.start.add(chunk);
    if (!this.start.isFull) return;
    this.settle(undefined);
    controller.abort(new Error('Enough of the answer was read.'));
  }

  onResponseEnd(): void {
    this.settle(undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.settle(error);
  }

  private settle(error: Error | undefined): void {
    if (this.head) this.resolve({ ...this.head, start: this.start.toString() });
    else this.reject(error);
  }
}
