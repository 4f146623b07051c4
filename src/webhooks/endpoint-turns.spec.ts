import { ManualTime } from '#libs/primitives';
import { EndpointTurns, type Turn } from './endpoint-turns.js';

const time = new ManualTime(1_000_000);

/** Takes turns until one is refused. */
function takeAll(turns: EndpointTurns, endpointId: string, atMost = 100): Extract<Turn, { kind: 'turn' }>[] {
  const taken: Extract<Turn, { kind: 'turn' }>[] = [];
  while (taken.length < atMost) {
    const turn = turns.take(endpointId);
    if (turn.kind === 'later') break;
    taken.push(turn);
  }
  return taken;
}

function answerAll(turns: EndpointTurns, endpointId: string, tookMs: number): void {
  for (const turn of takeAll(turns, endpointId)) turn.end(tookMs);
}

describe('Endpoint turns', () => {
  it('give an unknown endpoint few turns, and more for every fast answer, up to a bound', () => {
    const turns = new EndpointTurns(time);
    const first = takeAll(turns, 'whk_a');
    expect(first).toHaveLength(4);
    for (const turn of first) turn.end(20);
    const second = takeAll(turns, 'whk_a');
    expect(second).toHaveLength(8);
    for (const turn of second) turn.end(20);
    for (let round = 0; round < 3; round++) answerAll(turns, 'whk_a', 20);
    expect(takeAll(turns, 'whk_a')).toHaveLength(48);
  });

  it('give a slow endpoint one at a time, until it is fast again', () => {
    const turns = new EndpointTurns(time);
    answerAll(turns, 'whk_a', 15_000);
    const slow = takeAll(turns, 'whk_a');
    expect(slow).toHaveLength(1);
    for (const turn of slow) turn.end(20);
    expect(takeAll(turns, 'whk_a')).toHaveLength(4);
  });

  it('leave it at what it was after an answer in between', () => {
    const turns = new EndpointTurns(time);
    answerAll(turns, 'whk_a', 1_000);
    expect(takeAll(turns, 'whk_a')).toHaveLength(4);
  });

  it('never let slow endpoints take more than a quarter of the places together, however many there are', () => {
    const turns = new EndpointTurns(time);
    const slow = Array.from({ length: 80 }, (_, index) => `whk_slow_${index}`);
    for (const endpointId of slow) answerAll(turns, endpointId, 15_000);
    const taken = slow.flatMap((endpointId) => takeAll(turns, endpointId));
    expect(taken).toHaveLength(64);
    expect(takeAll(turns, 'whk_other')).toHaveLength(4);
    taken[0]?.end(15_000);
    expect(slow.flatMap((endpointId) => takeAll(turns, endpointId))).toHaveLength(1);
  });

  it('send those without a place at a fast endpoint away for a moment only', () => {
    const turns = new EndpointTurns(time);
    takeAll(turns, 'whk_a', 4);
    const pauses = Array.from({ length: 400 }, () => turns.take('whk_a')).map(
      (turn) => turn.kind === 'later' && turn.afterMs,
    );
    expect(pauses.slice(0, 4)).toEqual([13, 25, 38, 50]);
    expect(pauses.at(-1)).toBe(2_000);
  });

  it('send those without a place at a slow one away for as long as the line needs, at most half a minute', () => {
    const turns = new EndpointTurns(time);
    takeAll(turns, 'whk_a', 1)[0]?.end(10_000);
    takeAll(turns, 'whk_a', 1);
    const pauses = Array.from({ length: 5 }, () => turns.take('whk_a'));
    expect(pauses.map((turn) => turn.kind === 'later' && turn.afterMs)).toEqual([
      10_000, 20_000, 30_000, 30_000, 30_000,
    ]);
    time.advance(25_000);
    expect(turns.take('whk_a')).toEqual({ kind: 'later', afterMs: 15_000 });
  });

  it('forget endpoints that are idle rather than grow for ever', () => {
    const turns = new EndpointTurns(time);
    answerAll(turns, 'whk_busy', 15_000);
    const [busy] = takeAll(turns, 'whk_busy');
    answerAll(turns, 'whk_idle', 15_000);
    for (let index = 0; index < 5_000; index++) answerAll(turns, `whk_${index}`, 1_000);
    expect(takeAll(turns, 'whk_idle')).toHaveLength(4);
    expect(turns.take('whk_busy').kind).toBe('later');
    busy?.end(15_000);
  });
});
