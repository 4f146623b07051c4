import type { Bench } from './bench.js';
import type { Check } from './check.js';
import { NOISE, SILENCE } from './replies.js';
import type { MovementName, TokenStage } from './stage.js';

/** Rules for providers with access tokens: no token, nothing sent; a refused token, nothing taken. */
export function listTokenChecks({ isToken, refusals }: TokenStage, movements: readonly MovementName[]): Check[] {
  const check = (name: string, run: (bench: Bench) => Promise<void>): Check => ({ subject: 'token', name, run });
  const [first] = movements;
  const tokensOf = (bench: Bench) => bench.proxy.requests.filter(isToken);
  return [
    check('the stage plays a refused token', async () => expect(refusals.length).toBeGreaterThan(0)),
    ...(first === undefined
      ? []
      : [
          check('calls that come together share one token', async (bench) => {
            const provider = bench.connect();
            const { unknownWord } = bench.stageOf(first);
            await Promise.all(
              [1, 2, 3, 4].map(() => bench.submitIn(first, { name: '', reply: unknownWord }, provider)),
            );
            expect(bench.submitsOf(first)).toHaveLength(4);
            expect(tokensOf(bench)).toHaveLength(1);
          }),
          ...[...SILENCE, ...NOISE].map(({ name: text, fault }) =>
            check(`no token (${text}) means that nothing was sent`, async (bench) => {
              bench.proxy.apply({ match: isToken, fault });
              expect(await bench.submitIn(first, { name: text })).toMatchObject({ kind: 'deferred' });
              expect(bench.submitsOf(first)).toEqual([]);
            }),
          ),
        ]),
    ...movements.flatMap((name) => refusals.flatMap((reply) => listRefusalChecks(name, reply, check))),
  ];

  function listRefusalChecks(name: MovementName, reply: (typeof refusals)[number], make: typeof check): Check[] {
    const text = `HTTP ${reply.status} ${JSON.stringify(reply.body ?? '')}`;
    return [
      make(`${name}: a refused token is renewed once: ${text}`, async (bench) => {
        const { isSubmit, accepts } = bench.stageOf(name);
        bench.proxy.apply({ match: isSubmit, fault: { kind: 'reply', reply }, times: 1 });
        expect(await bench.submitIn(name, { name: text })).toMatchObject({ kind: accepts });
        expect(bench.submitsOf(name)).toHaveLength(2);
        expect(tokensOf(bench)).toHaveLength(2);
      }),
      make(`${name}: a token refused twice proves that nothing was taken: ${text}`, async (bench) => {
        const outcome = await bench.submitIn(name, { name: text, reply });
        expect(['deferred', 'rejected']).toContain(outcome.kind);
        if (outcome.kind === 'rejected') expect(outcome.reason).toBe('provider_misconfigured');
        expect(bench.submitsOf(name)).toHaveLength(2);
      }),
      ...listInquiryRefusalChecks(name, reply, text, make),
    ];
  }

  function listInquiryRefusalChecks(
    name: MovementName,
    reply: (typeof refusals)[number],
    text: string,
    make: typeof check,
  ): Check[] {
    return [
      make(`${name}: an inquiry whose token is refused learns nothing: ${text}`, async (bench) => {
        const { isInquiry } = bench.stageOf(name);
        if (!isInquiry) return; // Nobody can be asked.
        const provider = bench.connect();
        const { attempt } = await bench.submitAccepted(name, provider);
        bench.proxy.apply({ match: isInquiry, fault: { kind: 'reply', reply } });
        expect(bench.examine(await bench.movement(name, provider).inquire(attempt))).toMatchObject({ kind: 'unknown' });
        expect(bench.proxy.requests.filter(isInquiry)).toHaveLength(2);
      }),
    ];
  }
}
