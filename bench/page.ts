import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const PAGE = 'docs/benchmarks.md';

const INTRO = `# Benchmarks

What the gateway does in a second, beside servers that were written by hand for the same work and ship in \`bench/\`, so that
anyone can repeat it. Figures as measured; what counts are the ratios: absolute figures drift with the machine.
`;

/** A part of the page, which one command writes and leaves the others as they are. */
export interface Section {
  readonly heading: string;
  readonly text: string;
}

/** Writes the section into `docs/benchmarks.md`. */
export function writeSection(section: Section): void {
  writeFileSync(PAGE, withSection(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '', section));
}

/** The page with this section in place of the one with the same heading, or behind all others. */
export function withSection(page: string, { heading, text }: Section): string {
  const [, ...parts] = page.split(/^## /m);
  const own = `${heading}\n\n${text.trim()}\n`;
  const index = parts.findIndex((part) => part.startsWith(`${heading}\n`));
  const sections = index === -1 ? [...parts, own] : parts.with(index, own);
  return [INTRO, ...sections.map((part) => `## ${part.trim()}\n`)].join('\n');
}
