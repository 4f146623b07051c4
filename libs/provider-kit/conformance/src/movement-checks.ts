import { Money } from '#libs/primitives';
import type { Instruction, OperationFacts } from '#libs/provider-kit';
import { print, findClosedUrl, type Bench } from './bench.js';
import { expectNothingMoved } from './book-checks.js';
import type { Check } from './check.js';
import type { RecordedRequest } from './fault-proxy.js';
import { listLeaves, listValues } from './leaves.js';
import { empty, html, NOISE, SILENCE } from './replies.js';
import type { MovementName, MovementStage } from './stage.js';

/** Rules about sending an instruction. */
export function listMovementChecks(name: MovementName, stage: MovementStage): Check[] {
  const check = (text: string, run: (bench: Bench) => Promise<void>): Check => ({ subject: name, name: text, run });
  const submitIn = (bench: Bench, reply = stage.unknownWord) => bench.submitIn(name, { name: '', reply });
  return [
    check('an order is taken, and the outcome says how to find it again', async (bench) => {
      const outcome = await bench.submitIn(name, { name: '' });
      expect(outcome).toMatchObject({ kind: stage.accepts });
      expectReferences(outcome, bench.factsOf(name));
      expect(bench.submitsOf(name)).toHaveLength(1);
    }),
    check('the submit carries key, amount, party and every callback URL', async (bench) => {
      const { instruction } = await bench.submitAccepted(name, bench.connect());
      const [request] = bench.submitsOf(name);
      expectCarried(request, instruction, bench.factsOf(name), name);
    }),
    check('two tries of one attempt say the same', (bench) => expectSameTwice(bench, name)),
    check('every submit has a connection of its own', async (bench) => {
      const provider = bench.connect();
      for (let i = 0; i < 2; i++) await bench.submitIn(name, { name: '', reply: stage.unknownWord }, provider);
      for (const { connection, path } of bench.submitsOf(name)) {
        const others = bench.proxy.requests.filter((request) => request.connection === connection);
        expect(others.map((request) => request.path)).toEqual([path]);
      }
      expect(bench.submitsOf(name)).toHaveLength(2);
    }),
    check('nothing is sent once the time to send has passed', async (bench) => {
      const instruction = { ...(await bench.instruct(name)), sendBefore: Date.now() - 1 };
      const outcome = bench.examine(await bench.movement(name).submit(instruction));
      expect(outcome).toMatchObject({ kind: 'deferred' });
      expect(bench.submitsOf(name)).toEqual([]);
    }),
    check('a refused connection is deferred', async (bench) => {
      const instruction = await bench.instruct(name);
      const provider = bench.connect({ baseUrl: await findClosedUrl() });
      expect(bench.examine(await bench.movement(name, provider).submit(instruction))).toMatchObject({
        kind: 'deferred',
      });
    }),
    check('a connection that is reset before the request is read is not taken for an answer', async (bench) => {
      const provider = bench.connect();
      await bench.submitIn(name, { name: '', reply: stage.unknownWord }, provider); // Now it needs no token first.
      bench.proxy.resetConnections();
      const outcome = await bench.submitIn(name, { name: '' }, provider);
      // Whether the reset came before or after the connection was told to be open, only the client can say.
      expect(['unknown', 'deferred']).toContain(outcome.kind);
      expect(bench.submitsOf(name)).toHaveLength(1);
    }),
    check('credentials that the provider refuses are rejected as provider_misconfigured', async (bench) => {
      const provider = bench.connect({ credentials: bench.stage.badCredentials });
      const outcome = await bench.submitIn(name, { name: '' }, provider);
      expect(outcome).toMatchObject({ kind: 'rejected', reason: 'provider_misconfigured' });
    }),
    check('an amount that the method cannot hold is never rounded', (bench) => expectNoRounding(bench, name)),
    check('a party without what the method requires is refused unsent', (bench) => expectCompleteParty(bench, name)),
    ...stage.rejections.map((rejection) =>
      check(`rejects: ${rejection.name}`, async (bench) => {
        const outcome = await bench.submitIn(name, rejection);
        expect(outcome).toMatchObject({ kind: 'rejected', reason: rejection.reason });
        await expectNothingMoved(bench, name);
      }),
    ),
    check('knows a refusal', async () => expect(stage.rejections.length).toBeGreaterThan(0)),
    ...stage.deferrals.map((deferral) =>
      check(`defers: ${deferral.name}`, async (bench) => {
        expect(await bench.submitIn(name, deferral)).toMatchObject({ kind: 'deferred' });
        await expectNothingMoved(bench, name);
      }),
    ),
    ...stage.doubts.map((doubt) =>
      check(`does not know: ${doubt.name}`, async (bench) => {
        expect(await bench.submitIn(name, doubt)).toMatchObject({ kind: 'unknown' });
        expect(bench.submitsOf(name)).toHaveLength(1);
      }),
    ),
    ...[...SILENCE, ...NOISE].map(({ name: text, fault }) =>
      check(`does not know: ${text}`, async (bench) => {
        bench.proxy.apply({ match: stage.isSubmit, fault });
        expect(await bench.submitIn(name, { name: text })).toMatchObject({ kind: 'unknown' });
        // Never a second time by itself, and never where a redirect points.
        expect(bench.submitsOf(name)).toHaveLength(1);
        expect(bench.proxy.requests.filter(({ path }) => path.startsWith('/elsewhere'))).toEqual([]);
      }),
    ),
    check('does not know: a new word', async (bench) => {
      expect(await submitIn(bench)).toMatchObject({ kind: 'unknown' });
    }),
    ...[empty(429), html(429)].map((reply) =>
      check(
        `a 429 with ${reply.body === undefined ? 'an empty body' : 'HTML'} is deferred only where documented`,
        async (bench) => {
          expect(await submitIn(bench, reply)).toMatchObject({ kind: stage.bare429 ?? 'unknown' });
        },
      ),
    ),
    ...(stage.quoting
      ? [check('what a refusal quotes is kept without secrets', (bench) => expectNoQuotes(bench, name, stage))]
      : []),
    ...listOtpChecks(name, stage),
  ];
}

function listOtpChecks(name: MovementName, { otp }: MovementStage): Check[] {
  if (!otp) return [];
  const check = (text: string, run: (bench: Bench) => Promise<void>): Check => ({ subject: name, name: text, run });
  const submitOtp = async (bench: Bench) => {
    const provider = bench.connect();
    const { attempt } = await bench.submitAccepted(name, provider);
    const movement = bench.movement(name, provider);
    if (!movement.submitOtp) throw new Error(`The stage has an OTP, but ${name} take none`);
    return bench.examine(await movement.submitOtp(attempt, otp.code));
  };
  return [
    check('a one-time code is taken', async (bench) => {
      const outcome = await submitOtp(bench);
      expect(outcome).toMatchObject({ kind: otp.accepts });
      expect(print(outcome)).not.toContain(`"${otp.code}"`);
    }),
    ...[...SILENCE, ...NOISE].map(({ name: text, fault }) =>
      check(`does not know what became of a one-time code: ${text}`, async (bench) => {
        bench.proxy.apply({ match: otp.isSubmit, fault });
        expect(await submitOtp(bench)).toMatchObject({ kind: 'unknown' });
        expect(bench.proxy.requests.filter(otp.isSubmit)).toHaveLength(1);
      }),
    ),
  ];
}

function expectReferences(outcome: object, { inquireBy }: OperationFacts): void {
  if (inquireBy !== 'providerReference') return;
  expect(outcome).toMatchObject({ references: { providerReference: expect.stringMatching(/./) } });
}

function expectCarried(
  request: RecordedRequest | undefined,
  instruction: Instruction,
  { dedupe, callbackPurposes }: OperationFacts,
  name: MovementName,
): void {
  const everything = listValues(request);
  for (const purpose of callbackPurposes) expect(everything).toContain(instruction.callbackUrls[purpose]);
  // The key, or else a path that leads back to the attempt; both where the provider takes both.
  if (dedupe !== 'neither' || callbackPurposes.length === 0) expect(everything).toContain(instruction.attemptId);
  const major = Number(instruction.amount.format());
  const numbers = everything.split('\n').filter((value) => value !== '');
  expect(numbers.map(Number)).toContain(major);
  for (const field of instruction.method.requiredFields) expect(everything).toContain(findField(instruction, field));
  const { receipt, providerReference } = instruction.original ?? {};
  if (name === 'reversals') {
    const undone = [receipt, providerReference].filter((id) => id !== undefined);
    expect(undone.filter((id) => everything.includes(id))).not.toEqual([]);
  }
  // A reversal may name only what it undoes, and a hosted page asks for the number itself.
  if (name === 'collections' || name === 'payouts') {
    expect(everything).toContain(instruction.party.phone.nationalDigits);
  }
}

async function expectSameTwice(bench: Bench, name: MovementName): Promise<void> {
  const { isSubmit, volatileFields = [] } = bench.stageOf(name);
  bench.proxy.apply({ match: isSubmit, fault: { kind: 'reset' } });
  const instruction = await bench.instruct(name);
  const provider = bench.connect();
  for (let i = 0; i < 2; i++) await bench.movement(name, provider).submit(instruction);
  const [first, second, ...more] = bench.submitsOf(name).map(({ method, path, headers, json }) => ({
    method,
    path,
    // Keys travel in headers too; a token may be renewed in between.
    headers: Object.entries(headers).filter(
      ([header]) => !/^(authorization|host|connection|content-length)$/.test(header),
    ),
    leaves: listLeaves(json).filter(([path]) => !volatileFields.includes(path.split('.').at(-1) ?? '')),
  }));
  expect(more).toEqual([]);
  expect(first).toBeDefined();
  expect(second).toEqual(first);
}

async function expectNoRounding(bench: Bench, name: MovementName): Promise<void> {
  const instruction = await bench.instruct(name);
  const { decimals, currency } = instruction.method;
  const finest = Money.ofMinor(1n, currency);
  if (finest.inDecimals(decimals) !== undefined) return; // The method holds whatever the currency holds.
  const amount = instruction.amount.plus(finest);
  const outcome = await bench.movement(name).submit({ ...instruction, amount });
  expect(bench.examine(outcome)).toMatchObject({ kind: 'rejected' });
  expect(bench.submitsOf(name)).toEqual([]);
}

/** The stage's order cannot go out without any of these, and the provider is not asked to say so. */
async function expectCompleteParty(bench: Bench, name: MovementName): Promise<void> {
  const instruction = await bench.instruct(name);
  const { method, party } = instruction;
  for (const field of method.requiredFields) {
    const { [field]: _, ...fields } = party.fields ?? {};
    const incomplete = { ...instruction, party: { ...party, [field]: undefined, fields } };
    const outcome = bench.examine(await bench.movement(name).submit(incomplete));
    expect({ field, ...outcome }).toMatchObject({ field, kind: 'rejected' });
  }
  expect(bench.submitsOf(name)).toEqual([]);
}

/** What a party says under one of its own names, or under a name of the method's. */
function findField({ party }: Instruction, field: string): string {
  const own = Object.entries({ ...party, ...party.fields }).find(([name]) => name === field)?.[1];
  if (typeof own !== 'string' || own === '') throw new Error(`The order of the stage has no ${field}`);
  return own;
}

async function expectNoQuotes(bench: Bench, name: MovementName, stage: MovementStage): Promise<void> {
  const provider = bench.connect();
  const { party } = await bench.instruct(name);
  await bench.submitIn(name, { name: '', reply: stage.unknownWord }, provider);
  const [request] = bench.submitsOf(name);
  // A provider can quote what it was sent: the token, the number, whatever the body carries in secret.
  const sent = bench.secrets().filter((secret) => print(request).includes(secret));
  for (const secret of new Set([...sent, party.phone.digits, party.phone.e164])) {
    bench.proxy.reset();
    const reply = stage.quoting?.(`refused ${secret} again`);
    const outcome = await bench.submitIn(name, { name: '', reply }, provider);
    expect(print({ ...outcome, references: undefined })).not.toContain(secret);
  }
}
