import type { ControlRoute } from './control.js';
import type { SwitchTable } from './switches.js';

/** The control calls and switches that a simulator's README does not describe as they are. */
export function findUndocumented<S>(
  readme: string,
  { routes, switches }: { readonly routes: readonly ControlRoute<S>[]; readonly switches: SwitchTable },
): string[] {
  const text = readme.replace(/ +/g, ' ').replaceAll('\\|', '|');
  const rows = Object.entries(switches).map(
    ([name, { description, type, default: fallback }]) =>
      `| \`${name}\` | ${description} | ${type} | \`${JSON.stringify(fallback)}\` |`,
  );
  const calls = routes.map(({ method, shown }) => `\`${method} ${shown}\``);
  return [...rows, ...calls].filter((expected) => !text.includes(expected));
}
