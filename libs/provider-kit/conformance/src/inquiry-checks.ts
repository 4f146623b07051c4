import type { Bench } from './bench.js';
import type { Check } from './check.js';
import type { Fault } from './fault-proxy.js';
import { listValues } from './leaves.js';
import { empty, NOISE, SILENCE } from './replies.js';
import type { MovementName, MovementStage } from './stage.js';

/** Rules about asking what became of an attempt: an inquiry may learn nothing, but it never guesses. */
export function listInquiryChecks(name: MovementName, { inquiries, isInquiry, isSubmit }: MovementStage): Check[] {
  if (!inquiries || !isInquiry) return [];
  const check = (text: string, run: (bench: Bench) => Promise<void>): Check => ({
    subject: name,
    name: `inquiry: ${text}`,
    run,
  });
  const learnNothing = (text: string, ask: (bench: Bench) => Promise<{ kind: string }>) =>
    check(`learns nothing from ${text}`, async (bench) => {
      const { kind } = await ask(bench);
      expect(['unknown', 'pending']).toContain(kind);
    });
  return [
    ...inquiries.answers.map((answer) =>
      check(`${answer.name} is ${answer.kind}`, async (bench) => {
        const report = await bench.inquireIn(name, answer);
        expect(report).toMatchObject({ kind: answer.kind, ...(answer.reason && { reason: answer.reason }) });
        expect(bench.proxy.requests.filter(isInquiry).length).toBeGreaterThan(0);
      }),
    ),
    ...inquiries.answers.flatMap((answer) => {
      const { thenArrives: kind } = answer;
      if (kind === undefined) return [];
      return [
        check(`${answer.name}: the message that follows is ${kind}`, async (bench) => {
          const provider = bench.connect();
          const { attempt } = await bench.submitAccepted(name, provider, answer.order);
          await bench.bringAbout(answer, isInquiry);
          bench.examine(await bench.movement(name, provider).inquire(attempt));
          await bench.awaitMessage(name, provider, { attempt, urls: Object.values(attempt.callbackUrls), kind });
        }),
      ];
    }),
    check('it names what it asks about, and carries every callback URL', async (bench) => {
      const provider = bench.connect();
      const { attempt } = await bench.submitAccepted(name, provider);
      await bench.movement(name, provider).inquire(attempt);
      const [request] = bench.proxy.requests.filter(isInquiry);
      const sent = listValues(request);
      const { inquireBy, inquiryCallbackPurposes } = bench.factsOf(name);
      const id = inquireBy === 'attemptId' ? attempt.attemptId : attempt.references.providerReference;
      expect(sent).toContain(id);
      for (const purpose of inquiryCallbackPurposes) expect(sent).toContain(attempt.callbackUrls[purpose]);
    }),
    check('an answer that is asked for is announced, and one that is announced comes', async (bench) => {
      const asks = inquiries.answers.filter(({ kind }) => kind === 'asked');
      // Whoever gives out URLs for answers has answers on them, and the stage plays one.
      expect(asks.length > 0).toBe(bench.factsOf(name).inquiryCallbackPurposes.length > 0);
      expect(asks.filter(({ thenArrives }) => thenArrives !== undefined).length > 0).toBe(asks.length > 0);
    }),
    check('the stage plays an answer that settles something', async () => {
      const settling = inquiries.answers.filter(({ kind }) => kind !== 'pending' && kind !== 'unknown');
      expect(settling.length).toBeGreaterThan(0);
    }),
    check('asking again and again sends nothing', async (bench) => {
      const provider = bench.connect();
      const { attempt } = await bench.submitAccepted(name, provider);
      const before = bench.proxy.requests.filter(isSubmit).length;
      for (let i = 0; i < 3; i++) bench.examine(await bench.movement(name, provider).inquire(attempt));
      expect(bench.proxy.requests.filter(isSubmit)).toHaveLength(before);
    }),
    check('without the ids of a lost answer it does not break', async (bench) => {
      const attempt = bench.toSent(name, await bench.instruct(name), {});
      const report = bench.examine(await bench.movement(name).inquire(attempt));
      // Nobody can be asked by an id that was never learned, so nothing can have been proven.
      const allowed =
        bench.factsOf(name).inquireBy === 'attemptId' ? ['absent', 'asked', 'pending', 'unknown'] : ['unknown'];
      expect(allowed).toContain(report.kind);
    }),
    learnNothing('a refused connection', async (bench) => {
      const { attempt } = await bench.submitAccepted(name, bench.connect());
      const unreachable = bench.connect({ baseUrl: 'http://127.0.0.1:1' });
      return bench.examine(await bench.movement(name, unreachable).inquire(attempt));
    }),
    ...[...SILENCE, ...NOISE].map(({ name: text, fault }) =>
      learnNothing(text, async (bench) => {
        const provider = bench.connect();
        const { attempt } = await bench.submitAccepted(name, provider);
        bench.proxy.apply({ match: isInquiry, fault });
        return bench.examine(await bench.movement(name, provider).inquire(attempt));
      }),
    ),
    ...inquiries.noise.map((situation) => learnNothing(situation.name, (bench) => bench.inquireIn(name, situation))),
    learnNothing('a new word', (bench) => bench.inquireIn(name, { name: '', reply: inquiries.unknownWord })),
    learnNothing('a 429', (bench) => bench.inquireIn(name, { name: '', reply: empty(429) })),
  ];
}

/** Rules about asking whose a movement at the provider is. Where a provider has no need to, there are none. */
export function listIdentifyChecks(name: MovementName, { isInquiry, unknownWord }: MovementStage): Check[] {
  const check = (text: string, run: (bench: Bench) => Promise<void>): Check => ({
    subject: name,
    name: `whose it is: ${text}`,
    run,
  });
  const identifyIn = async (bench: Bench, fault?: Fault) => {
    const provider = bench.connect();
    const { attempt } = await bench.submitAccepted(name, provider);
    if (fault && isInquiry) bench.proxy.apply({ match: isInquiry, fault });
    const answer = bench.examine(await bench.movement(name, provider).identify?.(attempt.references));
    return { attempt, answer };
  };
  return [
    check('the attempt that was sent', async (bench) => {
      const { attempt, answer } = await identifyIn(bench);
      expect(answer).toEqual({ kind: 'attempt', attemptId: attempt.attemptId });
    }),
    check('without an id of theirs nobody is asked', async (bench) => {
      expect(await bench.movement(name).identify?.({})).toMatchObject({ kind: 'unknown' });
      expect(bench.proxy.requests).toEqual([]);
    }),
    ...[...SILENCE, ...NOISE, { name: 'another answer', fault: { kind: 'reply', reply: unknownWord } as const }].map(
      ({ name: text, fault }) =>
        check(`nobody knows after ${text}`, async (bench) => {
          // `none` would be a proof that nothing of ours is there.
          expect((await identifyIn(bench, fault)).answer).toMatchObject({ kind: 'unknown' });
        }),
    ),
  ];
}
