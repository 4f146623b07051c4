import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Simulator } from './simulator.js';

/** A page waits for this long at most before it asks again by itself. */
const PATIENCE_MS = 60_000;

/**
 * `GET /process/{MID}/events`: a Server-Sent Event at each change of status, in place of the undocumented WebSocket (§12).
 * False where the request is for something else.
 */
export function serveEvents(simulator: Simulator, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  const id = /^\/process\/([^/?]+)\/events$/.exec(incoming.url ?? '')?.[1];
  const transaction = id === undefined ? undefined : simulator.world.book.transactions.get(id);
  if (!transaction || incoming.method !== 'GET') return false;
  outgoing.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  outgoing.write(': waiting\n\n');
  const { status } = transaction;
  const isOver = () => outgoing.destroyed || transaction.status !== status;
  void simulator.world.watch.until(isOver, PATIENCE_MS).then(() => {
    if (outgoing.destroyed) return;
    if (transaction.status !== status) outgoing.write(`data: ${JSON.stringify({ status: transaction.status })}\n\n`);
    outgoing.end();
  });
  return true;
}
