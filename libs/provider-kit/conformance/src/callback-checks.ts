import fc from 'fast-check';
import type { Callbacks, RawCallback } from '#libs/provider-kit';
import { print, type Bench } from './bench.js';
import type { Check } from './check.js';
import type { Arrival, CallbackSample, CallbackStage } from './stage.js';

/** Fixed, so that a finding can be found again; many enough to break every field of a message in every way. */
const FUZZ = { seed: 20260314, numRuns: 400 };

const KINDS = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed', 'pending', 'absent', 'asked', 'unknown'];
const FINAL = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed', 'absent'];

/** Rules about the messages a provider sends, which anybody may send as well. */
export function listCallbackChecks(stage: CallbackStage): Check[] {
  const check = (name: string, run: (bench: Bench) => void | Promise<void>): Check => ({
    subject: 'callbacks',
    name,
    run,
  });
  const signed = stage.samples.filter(({ trust }) => trust === 'signed');
  return [
    check('the stage plays a success and a failure', () => {
      const kinds = stage.samples.map(({ kind }) => kind);
      expect(kinds).toContain('succeeded');
      expect(kinds.filter((kind) => ['failed', 'cancelled', 'expired'].includes(kind))).not.toEqual([]);
    }),
    ...stage.samples.flatMap((sample) => [
      check(`${sample.name} is ${sample.kind}, and ${sample.trust}`, (bench) => expectReading(bench, sample)),
      check(`${sample.name}: repeated, it says the same, and reading changes nothing`, (bench) => {
        const callbacks = callbacksOf(bench);
        const raw = toRaw(sample.raw);
        const first = { trust: callbacks.authenticate(raw), message: callbacks.parse(raw) };
        expect({ trust: callbacks.authenticate(raw), message: callbacks.parse(raw) }).toEqual(first);
        expect(raw).toEqual(toRaw(sample.raw));
      }),
      check(`${sample.name}: damaged, it is no message or another, but never a fault`, (bench) => {
        fc.assert(
          fc.property(damaged(sample), (raw) => expectCalm(callbacksOf(bench), raw)),
          FUZZ,
        );
      }),
    ]),
    ...signed.flatMap((sample) => listForgeryChecks(sample, check)),
    check('a new word decides nothing', (bench) => {
      const message = callbacksOf(bench).parse(toRaw(stage.unknownWord));
      expect(FINAL).not.toContain(message?.report.kind);
    }),
    check('noise is no message, and no fault', (bench) => {
      const callbacks = callbacksOf(bench);
      fc.assert(
        fc.property(noise(stage), (raw) => {
          expectCalm(callbacks, raw);
          expect(FINAL).not.toContain(callbacks.parse(raw)?.report.kind);
          expect(callbacks.authenticate(raw)).not.toBe('signed');
        }),
        FUZZ,
      );
    }),
    ...(stage.arrivals ?? []).map((arrival) =>
      check(`what the simulator sends is understood: ${arrival.movement}, ${arrival.kind}`, (bench) =>
        expectArrival(bench, arrival),
      ),
    ),
  ];
}

function listForgeryChecks(
  sample: CallbackSample,
  check: (name: string, run: (bench: Bench) => void) => Check,
): Check[] {
  return [
    check(`${sample.name}: with any other body it is not signed`, (bench) => {
      const callbacks = callbacksOf(bench);
      const genuine = Buffer.from(sample.raw.body);
      fc.assert(
        fc.property(damaged(sample), (raw) => {
          fc.pre(!genuine.equals(raw.body));
          expect(callbacks.authenticate(raw)).not.toBe('signed');
        }),
        FUZZ,
      );
      const respelled = `${sample.raw.body} `; // The same JSON, but not the bytes that were signed.
      expect(callbacks.authenticate(toRaw({ ...sample.raw, body: respelled }))).toBe('forged');
    }),
    check(`${sample.name}: without its headers it is not signed`, (bench) => {
      expect(callbacksOf(bench).authenticate(toRaw({ ...sample.raw, headers: {} }))).not.toBe('signed');
    }),
    check(`${sample.name}: another account's secret does not verify it`, (bench) => {
      const { callbacks } = bench.connect({ credentials: bench.stage.badCredentials });
      expect(callbacks?.authenticate(toRaw(sample.raw))).toBe('forged');
    }),
  ];
}

function expectReading(bench: Bench, { raw, trust, kind, reason }: CallbackSample): void {
  const callbacks = callbacksOf(bench);
  expect(callbacks.authenticate(toRaw(raw))).toBe(trust);
  const message = bench.examine(callbacks.parse(toRaw(raw)));
  expect(message).toMatchObject({ report: { kind, ...(reason && { reason }) } });
  // A message that names nothing could belong to any attempt.
  const { attemptId, references, inquiry } = message ?? {};
  const named = [attemptId, references?.providerReference, inquiry?.providerReference];
  expect(named.find((id) => id !== undefined) ?? print(references?.others)).toBeTruthy();
}

function expectCalm(callbacks: Callbacks, raw: RawCallback): void {
  expect(['signed', 'path', 'unsigned', 'forged']).toContain(callbacks.authenticate(raw));
  const message = callbacks.parse(raw);
  if (message) expect(KINDS).toContain(message.report.kind);
}

async function expectArrival(bench: Bench, { movement, kind, order, arrange }: Arrival): Promise<void> {
  await arrange?.(bench.control);
  const provider = bench.connect();
  const { instruction, attempt } = await bench.submitAccepted(movement, provider, order);
  const urls = Object.values(instruction.callbackUrls);
  const message = await bench.awaitMessage(movement, provider, { attempt, urls, kind });
  if (message.amount) expect(message.amount.equals(instruction.amount)).toBe(true);
  if (message.payer) expect(message.payer.equals(instruction.party.phone)).toBe(true);
}

function callbacksOf(bench: Bench): Callbacks {
  const { callbacks } = bench.connect();
  if (!callbacks) throw new Error('The account reads no callbacks');
  return callbacks;
}

function toRaw(raw: Omit<CallbackSample['raw'], 'body'> & { readonly body: string | Uint8Array }): RawCallback {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    sourceAddress: '192.0.2.7',
    purpose: 'result',
    ...raw,
    body: typeof raw.body === 'string' ? new TextEncoder().encode(raw.body) : raw.body,
  };
}

/** A genuine message, cut short, with bytes replaced, or with one value of its JSON replaced by another. */
function damaged({ raw }: CallbackSample): fc.Arbitrary<RawCallback> {
  const genuine = new TextEncoder().encode(raw.body);
  const cut = fc.nat(Math.max(genuine.length - 1, 0)).map((length) => genuine.slice(0, length));
  const flips = fc.array(fc.tuple(fc.nat(Math.max(genuine.length - 1, 0)), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  const flipped = flips.map((changes) => {
    const bytes = genuine.slice();
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  });
  const swapped = fc
    .tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 }))
    .map(([place, value]) => new TextEncoder().encode(swapValue(raw.body, place, value)));
  return fc.oneof(cut, flipped, swapped).map((body) => toRaw({ ...raw, body }));
}

/** Bytes and JSON that have nothing to do with any message. */
function noise({ samples }: CallbackStage): fc.Arbitrary<RawCallback> {
  const headers = fc.constantFrom<Record<string, string>>({}, ...samples.map(({ raw }) => ({ ...raw.headers })));
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json({ maxDepth: 4 }).map((text) => new TextEncoder().encode(text)),
    fc
      .constantFrom('', '{}', '[]', 'null', '0', '"x"', '{"data":null}', '[[[]]]')
      .map((text) => new TextEncoder().encode(text)),
  );
  const methods = fc.constantFrom('POST', 'PUT', 'GET');
  return fc.tuple(bodies, headers, methods).map(([body, own, method]) => toRaw({ body, headers: own, method }));
}

function swapValue(text: string, place: number, value: unknown): string {
  const document: unknown = parse(text);
  const slots: [object, string][] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      slots.push([node, key]);
      visit(Reflect.get(node, key));
    }
  };
  visit(document);
  const slot = slots[place % Math.max(slots.length, 1)];
  if (!slot) return JSON.stringify(value);
  Reflect.set(slot[0], slot[1], value);
  return JSON.stringify(document);
}

// A message need not be JSON; then only its bytes are damaged.
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
