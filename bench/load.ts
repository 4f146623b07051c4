import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** Who is asked, and how. */
export interface Load {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly connections: number;
  readonly durationMs: number;
  /** The number of the first request: references, keys and phones follow from it, and none may come twice. */
  readonly firstNumber: number;
}

/** What came of it. */
export interface LoadResult {
  readonly accepted: number;
  /** Any answer but 201. */
  readonly refused: number;
  /** The first of those, to see what went wrong. */
  readonly firstRefusal: string | undefined;
  readonly durationMs: number;
  /** Each accepted request's, in ms, ascending. */
  readonly latenciesMs: Float64Array;
}

const PER_SECOND_AT_MOST = 40_000;
const TOTAL_LIMIT_MS = 60_000;

/**
 * Keeps that many connections busy, each with one request at a time, until the time is over; requests under way are waited
 * for. Plain sockets and one string for each request: on two cores a client library would take as much as the server.
 */
export async function runLoad(load: Load): Promise<LoadResult> {
  const latencies = new Float64Array(Math.ceil((load.durationMs / 1000 + 5) * PER_SECOND_AT_MOST));
  const state = { next: load.firstNumber, accepted: 0, refused: 0, firstRefusal: undefined as string | undefined };
  const startedAt = performance.now();
  const endsAt = startedAt + load.durationMs;
  const onAnswer = (status: number, text: string, sentAt: number) => {
    if (status === 201) latencies[state.accepted++] = performance.now() - sentAt;
    else {
      state.refused++;
      state.firstRefusal ??= text;
    }
  };
  const nextRequest = () => (performance.now() < endsAt ? toRequest(load, state.next++) : undefined);
  await Promise.all(Array.from({ length: load.connections }, () => runConnection(load, nextRequest, onAnswer)));
  return {
    ...{ accepted: state.accepted, refused: state.refused, firstRefusal: state.firstRefusal },
    durationMs: performance.now() - startedAt,
    latenciesMs: latencies.subarray(0, state.accepted).sort(),
  };
}

/** The value below which that share of them lies. Ascending values in, NaN for none. */
export function quantile(ascending: Float64Array, share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? NaN;
}

/** The whole request as bytes of HTTP. About 390 bytes of body, as a merchant's would be. */
export function toRequest({ baseUrl, apiKey }: Pick<Load, 'baseUrl' | 'apiKey'>, number: number): string {
  const body = toBody(number);
  return (
    `POST /v1/collections HTTP/1.1\r\nHost: ${new URL(baseUrl).host}\r\nAuthorization: Bearer ${apiKey}\r\n` +
    `Idempotency-Key: bench-${number}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** A collection whose reference and phone nobody else has. ASCII only: its length is its size. */
export function toBody(number: number): string {
  return (
    `{"reference":"INV-2026-${String(number).padStart(9, '0')}","amount":"${150 + (number % 1000)}.00","currency":"KES",` +
    `"method":"mpesa_ke","customer":{"phone":"+2547${10_000_000 + (number % 20_000_000)}","name":"Achieng Otieno"},` +
    `"description":"Order ${number}: two bags of maize flour, one bottle of cooking oil","metadata":{"orderId":"${number}",` +
    `"branch":"Kisumu, Oginga Odinga Street","cashier":"till-07","channel":"point-of-sale","customerSince":"2021-03-14","tier":"gold"}}`
  );
}

function runConnection(
  { baseUrl }: Load,
  nextRequest: () => string | undefined,
  onAnswer: (status: number, text: string, sentAt: number) => void,
): Promise<void> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let received = '';
    let sentAt = 0;
    const send = () => {
      const request = nextRequest();
      if (request === undefined) return void socket.end();
      sentAt = performance.now();
      socket.write(request);
    };
    socket.setEncoding('latin1');
    socket.setTimeout(TOTAL_LIMIT_MS, () => socket.destroy(new Error(`No answer for ${TOTAL_LIMIT_MS} ms.`)));
    socket.on('connect', send);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const size = findAnswerSize(received);
      if (Number.isNaN(size)) return void socket.destroy(new Error('An answer does not say how long it is.'));
      if (size === undefined || received.length < size) return;
      onAnswer(Number(received.slice(9, 12)), received.slice(0, size), sentAt);
      received = received.slice(size);
      send();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });
}

/** How many bytes the answer at the start of the text has, once its header is there; NaN where it does not say. */
function findAnswerSize(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(text) ?? [];
  return end + 4 + Number(length);
}
