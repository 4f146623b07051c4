import { hash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';
import { toTheme } from './theme.js';

const STYLE_VERSION = hash('sha256', STYLE, 'hex').slice(0, 12);
const SCRIPT_VERSION = hash('sha256', SCRIPT, 'hex').slice(0, 12);
const NO_COLOUR = 'plain';

/** Addresses of files name their content, so browsers keep them for ever; colours are files, as the policy knows nothing inline. */
export function toStylePath(colour: string | null): string {
  return `/l/-/${colour?.slice(1).toLowerCase() ?? NO_COLOUR}/${STYLE_VERSION}.css`;
}

export const SCRIPT_PATH = `/l/-/${SCRIPT_VERSION}.js`;

/** A style sheet in the colour that its address names; undefined where that is none. */
export function toStyleSheet(colour: string): string | undefined {
  if (colour !== NO_COLOUR && !/^[0-9a-f]{6}$/.test(colour)) return undefined;
  const { accent, onAccent, strong, tint, glow, darkTint } = toTheme(colour === NO_COLOUR ? null : `#${colour}`);
  const light = `--accent:${accent};--on-accent:${onAccent};--brand:${strong};--strong:${strong};--tint:${tint}`;
  const dark = `--strong:${glow};--tint:${darkTint}`;
  return `:root{${light}}@media (prefers-color-scheme:dark){:root{${dark}}}${STYLE}`;
}

/** Whether a file's name is that of its present content. */
export function isCurrent(file: string): boolean {
  return file === `${STYLE_VERSION}.css` || file === `${SCRIPT_VERSION}.js`;
}
