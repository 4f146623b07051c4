import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerControlCall, type ControlRoute } from './control.js';
import { json, readRequest, sendAnswer, type Answer, type Reply, type Request } from './http.js';
import type { SimulatorTime } from './time.js';

/** What the server needs of a simulator. */
export interface Served {
  readonly world: { readonly book: { durable(): Promise<void> }; readonly time: SimulatorTime };
}

/** What stands behind a simulator's one port, in the order in which a request is offered to it. */
export interface Doors<S> {
  /** Takes a connection over that is no question and answer, such as a stream of events. False where it did not. */
  readonly stream?: (simulator: S, incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** Everything under `/_control`. */
  readonly control: readonly ControlRoute<S>[];
  /** Pages for people; undefined where the path is none of theirs. */
  readonly pages?: (simulator: S, request: Request) => Answer | undefined;
  /** The provider's API: whatever is left. */
  readonly api: (simulator: S, request: Request) => Reply | Promise<Reply>;
  /** What the provider says to a request that is too large, as JSON. */
  readonly tooLarge: unknown;
}

/** Longer than clients keep idle connections: Node's 5 s would close one just as a slow machine takes it up again. */
const KEEP_ALIVE_MS = 30_000;

/** The server of a simulator. What an answer tells is on the disk before it leaves. */
export function createSimulatorServer<S extends Served>(simulator: S, doors: Doors<S>): Server {
  return createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    serve(simulator, doors, { incoming, outgoing }).catch((error: unknown) => {
      // The book could not be written, or a bug: nothing that was not kept may be answered.
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      outgoing.destroy();
    });
  });
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

async function serve<S extends Served>(simulator: S, doors: Doors<S>, exchange: Exchange): Promise<void> {
  const { incoming, outgoing } = exchange;
  if (doors.stream?.(simulator, incoming, outgoing)) return;
  const request = await readRequest(incoming);
  if (request === undefined) return sendAnswer(outgoing, json(413, doors.tooLarge, { Connection: 'close' }));
  const { answer, delayMs = 0, afterwards } = await findReply(simulator, doors, request);
  if (afterwards && (delayMs > 0 || outgoing.closed)) afterwards();
  else if (afterwards) outgoing.once('close', afterwards);
  // What this answer tells, and everything it was read from, is on the disk before it leaves.
  await simulator.world.book.durable();
  if (delayMs > 0) await keepBack(simulator.world.time, outgoing, delayMs);
  if (answer === 'cut') outgoing.destroy();
  else sendAnswer(outgoing, answer);
}

async function findReply<S>(simulator: S, doors: Doors<S>, request: Request): Promise<Reply> {
  if (request.path.startsWith('/_control'))
    return { answer: await answerControlCall(doors.control, simulator, request) };
  const page = doors.pages?.(simulator, request);
  return page ? { answer: page } : doors.api(simulator, request);
}

/** Resolves when it is time for an answer, or when the caller has gone. */
function keepBack(time: SimulatorTime, outgoing: ServerResponse, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = time.after(delayMs, resolve);
    outgoing.once('close', () => {
      cancel();
      resolve();
    });
  });
}
