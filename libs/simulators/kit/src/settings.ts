import type { SwitchTable } from './switches.js';

/** Settings from environment variables: `promptDelayMs` is `PROMPT_DELAY_MS`. */
export function readSettings(
  table: SwitchTable,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of Object.keys(table)) {
    const given = environment[name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()];
    if (given !== undefined && given !== '') found[name] = readValue(given);
  }
  return found;
}

function readValue(given: string): unknown {
  if (given === 'true' || given === 'false') return given === 'true';
  return /^\d+$/.test(given) ? Number(given) : given;
}
