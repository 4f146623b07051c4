import { Money } from '#libs/primitives';
import type { Instruction, SentAttempt } from '#libs/provider-kit';
import type { Bench, BookLine } from './bench.js';
import type { Check } from './check.js';
import type { MovementName, MovementStage } from './stage.js';

/** Rules about money that really moved. Judge is the simulator's own book, never what the adapter says. */
export function listBookChecks(name: MovementName, stage: MovementStage): Check[] {
  const check = (text: string, run: (bench: Bench) => Promise<void>): Check => ({ subject: name, name: text, run });
  return [
    check('the book shows the money once: all of it, to the right party', async (bench) => {
      const instruction = await bench.instruct(name);
      const before = await bench.readBook();
      bench.examine(await bench.movement(name).submit(instruction));
      expectMovedOnce(await bench.readBook(), before, instruction, name);
    }),
    check('an order whose answer was lost is found again', (bench) => expectFoundAgain(bench, name, stage)),
    check('the same attempt sent twice is never read as a no', (bench) => expectNoFromNoDuplicate(bench, name)),
  ];
}

/** After a refusal the book holds nothing of this kind. */
export async function expectNothingMoved(bench: Bench, name: MovementName): Promise<void> {
  const book = await bench.readBook();
  // A reversal has a collection in the book: what it would undo.
  expect(name === 'reversals' ? book.filter(isUndoing) : book).toEqual([]);
}

/** Money that went back: a line of its own, or a mark on the line that was undone. */
const isUndoing = ({ direction, status }: BookLine) => direction === 'out' || status === 'reversed';

function findMoved(after: readonly BookLine[], before: readonly BookLine[], name: MovementName): BookLine[] {
  const fresh = after.filter(({ id }) => !before.some((line) => line.id === id));
  if (name !== 'reversals' || fresh.length > 0) return fresh;
  return after.filter(({ id, status }) => before.some((line) => line.id === id && line.status !== status));
}

function expectMovedOnce(
  after: readonly BookLine[],
  before: readonly BookLine[],
  { amount, party }: Instruction,
  name: MovementName,
): void {
  const moved = findMoved(after, before, name);
  expect(moved).toHaveLength(1);
  for (const line of moved) {
    const money = Money.parse(line.amount, amount.currency);
    if (typeof money === 'string') throw new Error(`The book has an amount that is ${money}: ${line.amount}`);
    expect(line.currency).toBe(amount.currency);
    expect(money.format()).toBe(amount.format());
    if (name === 'reversals') expect(isUndoing(line)).toBe(true);
    else expect(line.direction).toBe(name === 'payouts' ? 'out' : 'in');
    expect(line.party.replace(/\D/g, '')).toContain(party.phone.nationalDigits);
  }
}

/**
 * The provider took it and the answer never came. By our own id it can be asked about; else a message has to lead back
 * to the attempt, with the id to ask by.
 */
async function expectFoundAgain(bench: Bench, name: MovementName, { isSubmit }: MovementStage): Promise<void> {
  const { inquireBy } = bench.factsOf(name);
  const instruction = await bench.instruct(name);
  const before = await bench.readBook();
  const provider = bench.connect();
  const movement = bench.movement(name, provider);
  bench.proxy.apply({ match: isSubmit, fault: { kind: 'lose' }, times: 1 });
  expect(bench.examine(await movement.submit(instruction))).toMatchObject({ kind: 'unknown' });
  expectMovedOnce(await bench.readBook(), before, instruction, name);

  const lost = bench.toSent(name, instruction, {});
  const found = inquireBy === 'attemptId' ? lost : await findByMessage(bench, name, { instruction, lost });
  if (inquireBy === 'nothing') return; // The message was the last word.
  const report = bench.examine(await movement.inquire(found));
  expect(['succeeded', 'asked']).toContain(report.kind);
  if (report.kind === 'succeeded' && report.amount) expect(report.amount.equals(instruction.amount)).toBe(true);
  if (report.kind === 'asked') {
    const urls = Object.values(found.callbackUrls);
    await bench.awaitMessage(name, provider, { attempt: found, urls, kind: 'succeeded' });
  }
  expect(bench.submitsOf(name)).toHaveLength(1);
}

async function findByMessage(
  bench: Bench,
  name: MovementName,
  { instruction, lost }: { readonly instruction: Instruction; readonly lost: SentAttempt },
): Promise<SentAttempt> {
  const urls = Object.values(instruction.callbackUrls);
  const { references } = await bench.awaitMessage(name, bench.connect(), { attempt: lost, urls, kind: 'succeeded' });
  return { ...lost, references };
}

/**
 * A second send can only follow a first that may have been taken, so "duplicate" is no answer to it. `neither` is not
 * asked: nobody guards it there, and the engine never sends it twice.
 */
async function expectNoFromNoDuplicate(bench: Bench, name: MovementName): Promise<void> {
  const { dedupe } = bench.factsOf(name);
  if (dedupe === 'neither') return;
  const instruction = await bench.instruct(name);
  const before = await bench.readBook();
  const movement = bench.movement(name);
  await movement.submit(instruction);
  const again = bench.examine(await movement.submit(instruction));
  expect(['accepted', 'completed', 'unknown']).toContain(again.kind);
  if (dedupe === 'idempotent') expect(['accepted', 'completed']).toContain(again.kind);
  // `queryable` promises an answer to a question, not that the provider holds back the second.
  if (dedupe !== 'queryable') expectMovedOnce(await bench.readBook(), before, instruction, name);
}
