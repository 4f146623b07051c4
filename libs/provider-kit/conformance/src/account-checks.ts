import type { Provider } from '#libs/provider-kit';
import { findClosedUrl, type Bench } from './bench.js';
import type { Check, Subject } from './check.js';
import type { Fault, WireRequest } from './fault-proxy.js';
import { NOISE, SILENCE } from './replies.js';
import type { MovementName, Stage } from './stage.js';

/** Rules about what moves no money: the credential check, the balance and the catalogue. */
export function listAccountChecks(
  stage: Stage<unknown, unknown>,
  provider: Provider,
  movements: readonly MovementName[],
): Check[] {
  const make = (subject: Subject) => (name: string, run: (bench: Bench) => Promise<void>) => ({ subject, name, run });
  const account = make('account');
  return [
    account('good credentials are ok, and checking them moves nothing', async (bench) => {
      expect(bench.examine(await bench.connect().check())).toMatchObject({ kind: 'ok' });
      for (const name of movements) expect(bench.submitsOf(name)).toEqual([]);
    }),
    account('bad credentials are refused', async (bench) => {
      const check = await bench.connect({ credentials: bench.stage.badCredentials }).check();
      expect(bench.examine(check)).toMatchObject({ kind: 'refused' });
    }),
    account('a refused connection is unreachable', async (bench) => {
      const check = await bench.connect({ baseUrl: await findClosedUrl() }).check();
      expect(bench.examine(check)).toMatchObject({ kind: 'unreachable' });
    }),
    ...[...SILENCE, ...NOISE].map(({ name, fault }) =>
      account(`${name} says nothing about the credentials`, async (bench) => {
        bench.proxy.apply({ match: () => true, fault });
        expect(bench.examine(await bench.connect().check())).toMatchObject({ kind: 'unreachable' });
      }),
    ),
    ...(provider.balance && stage.balance ? listBalanceChecks(stage, make('balance')) : []),
    ...(provider.catalogue && stage.catalogue ? listCatalogueChecks(stage, make('catalogue')) : []),
  ];
}

type Make = (name: string, run: (bench: Bench) => Promise<void>) => Check;

function listBalanceChecks(stage: Stage<unknown, unknown>, check: Make): Check[] {
  const read = async (bench: Bench) => {
    const urls = bench.urlsFor(stage.balance?.callbackPurposes ?? []);
    return bench.examine(await bench.connect().balance?.read(urls));
  };
  return [
    check('the balance is read', async (bench) => {
      const answer = await read(bench);
      expect(answer).toMatchObject({ kind: stage.balance?.kind });
      if (answer?.kind === 'balances') expect(answer.balances.length).toBeGreaterThan(0);
    }),
    ...faultsBeyondToken(stage).map(({ name, match, fault }) =>
      check(`${name} is no balance`, async (bench) => {
        bench.proxy.apply({ match, fault });
        expect(await read(bench)).toMatchObject({ kind: 'unknown' });
      }),
    ),
  ];
}

function listCatalogueChecks(stage: Stage<unknown, unknown>, check: Make): Check[] {
  const list = async (bench: Bench) => bench.examine(await bench.connect().catalogue?.list());
  return [
    check('the methods are listed', async (bench) => expect(await list(bench)).toContain(stage.catalogue?.holds)),
    ...faultsBeyondToken(stage).map(({ name, match, fault }) =>
      check(`${name} is no catalogue`, async (bench) => {
        bench.proxy.apply({ match, fault });
        expect(await list(bench)).toBeUndefined();
      }),
    ),
  ];
}

function faultsBeyondToken(
  stage: Stage<unknown, unknown>,
): { name: string; match: (request: WireRequest) => boolean; fault: Fault }[] {
  const match = (request: WireRequest) => stage.token?.isToken(request) !== true;
  return [...SILENCE, ...NOISE].map(({ name, fault }) => ({ name, match, fault }));
}
