import { z } from 'zod';
import { controlProblem, controlRoute, readControlBody, Wait, withBody, type ControlRoute } from './control.js';
import { json, type Answer, type Request } from './http.js';
import type { SwitchDescription, SwitchTable } from './switches.js';
import type { SimulatorTime } from './time.js';
import type { Watch } from './watch.js';

/** What the control API of every simulator needs of it. */
export interface Controlled {
  readonly world: {
    readonly settings: Switches;
    readonly faults: Switches;
    readonly time: SimulatorTime;
    readonly watch: Watch;
  };
  /** Nothing happens by itself any more. */
  readonly isIdle: boolean;
  /** Forgets everything, and turns every switch back to where it was at the start. */
  reset(): void;
}

/** A board of switches, whichever they are. */
interface Switches {
  readonly table: SwitchTable;
  set(changes: Readonly<Record<string, unknown>>): string[];
  clear(name?: string): boolean;
  restart(): void;
  describe(): SwitchDescription[];
}

/** `GET /_control/health`: that it is there, and what it holds. */
export function healthRoute<S extends Controlled>(
  name: string,
  count: (simulator: S) => Readonly<Record<string, number>>,
): ControlRoute<S> {
  return controlRoute('GET', '/_control/health', (simulator) =>
    json(200, {
      simulator: name,
      status: 'ok',
      simulated: true,
      idle: simulator.isIdle,
      now: new Date(simulator.world.time.now()).toISOString(),
      ...count(simulator),
    }),
  );
}

/** Looking at the faults and the settings, turning them, and putting them back. */
export function switchRoutes<S extends Controlled>(): ControlRoute<S>[] {
  return [
    controlRoute('GET', '/_control/faults', ({ world }) => json(200, world.faults.describe())),
    controlRoute('PUT', '/_control/faults', ({ world }, request) => turnSwitches(world.faults, request)),
    controlRoute('DELETE', '/_control/faults', ({ world }) => clearSwitches(world.faults)),
    controlRoute('DELETE', '/_control/faults/{name}', ({ world }, _request, name) => clearSwitches(world.faults, name)),
    controlRoute('GET', '/_control/settings', ({ world }) => json(200, world.settings.describe())),
    controlRoute('PUT', '/_control/settings', ({ world }, request) => turnSwitches(world.settings, request)),
    controlRoute('DELETE', '/_control/settings', ({ world }) => {
      world.settings.restart();
      return json(200, world.settings.describe());
    }),
  ];
}

/** Waiting until nothing is under way, and starting over. */
export function lifeRoutes<S extends Controlled>(): ControlRoute<S>[] {
  return [
    controlRoute(
      'POST',
      '/_control/idle',
      withBody(z.strictObject({ waitMs: Wait }), async (simulator: S, { waitMs }) =>
        json(200, { idle: await simulator.world.watch.until(() => simulator.isIdle, waitMs) }),
      ),
    ),
    controlRoute('POST', '/_control/reset', (simulator) => {
      simulator.reset();
      return json(200, { reset: true });
    }),
  ];
}

/** `PUT` on a board of switches: all the named, or none. */
function turnSwitches(board: Switches, request: Request): Answer {
  const given = readControlBody(z.record(z.string(), z.unknown()), request);
  if ('refused' in given) return given.refused;
  const problems = board.set(given.value);
  return problems.length > 0 ? controlProblem(400, 'invalid_switch', problems.join('; ')) : json(200, board.describe());
}

/** `DELETE` on a board of switches: one, or all, back to the default. */
function clearSwitches(board: Switches, name?: string): Answer {
  if (board.clear(name)) return json(200, board.describe());
  const known = Object.keys(board.table).join(', ');
  return controlProblem(404, 'unknown_switch', `There is no "${name}". Known names: ${known}`);
}
