import { isIP } from 'node:net';
import { findCurrencyDecimals, Money } from '#libs/primitives';
import { describeForm, HOSTED_PAGE, type MethodFacts, type OperationFacts, type Provider } from '#libs/provider-kit';
import { MOVEMENTS, type Check } from './check.js';
import type { Stage } from './stage.js';

/** Fields of a `Party` that a method may require; any other name is one of its own and travels in `fields`. */
const PARTY_FIELDS = 'name firstName lastName email locale address city state country postalCode'.split(' ');

/** Rules about what a definition says before any account is connected. */
export function listFactChecks(stage: Stage<unknown, unknown>, provider: Provider): Check[] {
  const { definition } = stage;
  const check = (name: string, run: () => void): Check => ({ subject: 'facts', name, run });
  return [
    check('the id is a folder name', () => expect(definition.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)),
    check('the name is for people', () => expect(definition.name.trim()).not.toBe('')),
    check('each mode has an https host without a path behind it', () => {
      for (const host of Object.values(definition.hosts)) {
        expect(new URL(host)).toMatchObject({ protocol: 'https:', search: '', hash: '', username: '' });
        expect(host).not.toMatch(/\/$/);
      }
    }),
    check('no method stands twice', () => {
      const keys = definition.methods.map(({ kind, code }) => `${kind} ${code}`);
      expect(keys).toEqual([...new Set(keys)]);
    }),
    ...definition.methods.map((method) =>
      check(`${method.kind} ${method.code} is sane`, () => expectSaneMethod(method)),
    ),
    check('methods and operations belong together', () => {
      const has = (kind: MethodFacts['kind']) => definition.methods.some((method) => method.kind === kind);
      const { collections, payouts, links } = definition.operations;
      expect({ collects: has('collection') }).toEqual({ collects: (collections ?? links) !== undefined });
      expect({ pays: has('payout') }).toEqual({ pays: payouts !== undefined });
    }),
    check('links and hosted pages belong together', () => {
      const { hostedPages = [], operations } = definition;
      expect({ hasPage: hostedPages.length > 0 }).toEqual({ hasPage: operations.links !== undefined });
      for (const page of hostedPages) {
        expectSaneMethod(page);
        expect(page).toMatchObject({ code: HOSTED_PAGE, kind: 'collection', flow: 'redirect' });
      }
      expect(new Set(hostedPages.map(({ currency }) => currency)).size).toBe(hostedPages.length);
    }),
    ...MOVEMENTS.flatMap((name) => {
      const facts = definition.operations[name];
      return [
        check(`${name}: the facts and the connected account agree`, () => {
          expect({ facts: facts !== undefined }).toEqual({ facts: provider[name] !== undefined });
        }),
        ...(facts ? [check(`${name}: the facts are sane`, () => expectSaneOperation(facts, provider))] : []),
      ];
    }),
    check('the stage plays every capability', () => {
      const capabilities = [...MOVEMENTS, 'callbacks', 'balance', 'catalogue'] as const;
      for (const name of capabilities) {
        expect({ [name]: stage[name] !== undefined }).toEqual({ [name]: provider[name] !== undefined });
      }
      for (const name of MOVEMENTS) {
        const facts = definition.operations[name];
        const asks = facts !== undefined && facts.inquireBy !== 'nothing';
        const played = stage[name]?.isInquiry !== undefined && stage[name].inquiries !== undefined;
        expect({ [name]: played }).toEqual({ [name]: asks });
      }
    }),
    check('the rate limit is positive', () => {
      for (const value of Object.values(definition.rateLimit ?? {})) expectPositiveInteger(value);
    }),
    check('source addresses are addresses or networks', () => {
      for (const address of definition.sourceAddresses) {
        const [ip = '', bits] = address.split('/');
        expect({ address, isAddress: isIP(ip) > 0 }).toEqual({ address, isAddress: true });
        if (bits !== undefined) expect(Number(bits)).toBeLessThanOrEqual(isIP(ip) === 4 ? 32 : 128);
      }
    }),
    ...(['credentials', 'settings'] as const).flatMap((part) => [
      check(`${part} draw a form and take the account of the stage`, () => {
        expect(describeForm(definition[part])).toBeDefined();
        expect(definition[part].safeParse(stage.account[part]).error).toBeUndefined();
      }),
      check(`${part} refuse what they do not know`, () => {
        const strange = { ...Object(stage.account[part]), nobodyKnowsThis: 'x' };
        expect(definition[part].safeParse(strange).success).toBe(false);
      }),
    ]),
    check('the bad credentials of the stage are well-formed, and others', () => {
      expect(definition.credentials.safeParse(stage.badCredentials).error).toBeUndefined();
      expect(stage.badCredentials).not.toEqual(stage.account.credentials);
    }),
  ];
}

function expectSaneMethod(method: MethodFacts): void {
  expect(method.code).toMatch(/^[a-z0-9]+(_[a-z0-9]+)*$/);
  expect(method.providerCode).not.toBe('');
  expect(method.operator.trim()).not.toBe('');
  expect(method.country).toMatch(/^[A-Z]{2}$/);
  const currencyDecimals = findCurrencyDecimals(method.currency);
  expect({ currency: method.currency, known: currencyDecimals !== undefined }).toMatchObject({ known: true });
  expect(method.decimals).toBeGreaterThanOrEqual(0);
  expect(method.decimals).toBeLessThanOrEqual(currencyDecimals ?? -1);
  const bounds = [method.min, method.max].map((bound) => (bound === null ? undefined : toBound(bound, method)));
  const [min, max] = bounds;
  if (min && max) expect(min.compare(max)).toBeLessThanOrEqual(0);
  expect(method.requiredFields).toEqual([...new Set(method.requiredFields)]);
  for (const field of method.requiredFields) {
    expect(field).not.toMatch(/^(phone|fields)$/); // The phone is always there.
    // A name close to one of ours would be looked for in the wrong place.
    if (!PARTY_FIELDS.includes(field)) {
      expect(PARTY_FIELDS.map(toBareName)).not.toContain(toBareName(field));
      expect(field).toMatch(/^[a-z]\w*$/i);
    }
  }
}

const toBareName = (name: string) => name.replaceAll(/[^a-z]/gi, '').toLowerCase();

function toBound(bound: string, method: MethodFacts): Money {
  const money = Money.parse(bound, method.currency);
  if (typeof money === 'string') throw new Error(`The bound ${bound} ${method.currency} is ${money}`);
  expect(money.amountMinor).toBeGreaterThanOrEqual(0n);
  expect({ bound, holds: money.inDecimals(method.decimals) !== undefined }).toEqual({ bound, holds: true });
  return money;
}

function expectSaneOperation(facts: OperationFacts, provider: Provider): void {
  const schedule = facts.inquirySchedule;
  schedule.forEach((at, i) => expect(at).toBeGreaterThan(schedule[i - 1] ?? 0));
  // Who can be asked is asked; who cannot is not.
  expect({ asks: schedule.length > 0 }).toEqual({ asks: facts.inquireBy !== 'nothing' });
  if (facts.dedupe === 'queryable') expect(facts.inquireBy).toBe('attemptId');
  // Absence is proven by the id we chose. Looked up by theirs, it proves that they lost it, or never gave it.
  if (facts.absentAfterMs !== null) {
    expectPositiveInteger(facts.absentAfterMs);
    expect(facts.inquireBy).toBe('attemptId');
  }
  if (facts.promptLifeMs !== null) expectPositiveInteger(facts.promptLifeMs);
  expect(facts.provisionalFailureMs).toBeGreaterThanOrEqual(0);
  for (const purposes of [facts.callbackPurposes, facts.inquiryCallbackPurposes]) {
    expect(purposes).toEqual([...new Set(purposes)]);
    if (purposes.length > 0) expect(provider.callbacks).toBeDefined();
  }
  const guards = facts.phoneGuards;
  if (guards?.repeatAmountMs) expectPositiveInteger(guards.repeatAmountMs);
  if (guards?.onePromptAtATime) expect(facts.promptLifeMs).not.toBeNull();
  if (guards?.unfinishedPrompts) Object.values(guards.unfinishedPrompts).forEach(expectPositiveInteger);
}

function expectPositiveInteger(value: number): void {
  expect(Number.isSafeInteger(value) && value > 0).toBe(true);
}
