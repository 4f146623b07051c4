/** A shop's colour, and what goes with it so that everything on it and beside it can be read (WCAG 2.2 AA). */
export interface Theme {
  /** Of bands and buttons. */
  readonly accent: string;
  /** Of text on them. */
  readonly onAccent: string;
  /** The accent, darkened until it can be read on white. */
  readonly strong: string;
  /** A breath of it, for backgrounds. */
  readonly tint: string;
  /** On dark phones: the accent, lightened until it can be read on the dark card and on the dark tint. */
  readonly glow: string;
  readonly darkTint: string;
}

type Rgb = readonly [number, number, number];

const DEFAULT = '#0b6e4f';
const WHITE: Rgb = [255, 255, 255];
// Of black and white one is always readable: their contrasts multiply to 21.
const BLACK: Rgb = [0, 0, 0];
const READABLE = 4.5;
// The card on dark phones: style.ts.
const DARK_CARD: Rgb = [26, 32, 39];
const NIGHT: Rgb = [15, 20, 24];

/** `colour` as merchants give it: `#rrggbb`, or null for our own. */
export function toTheme(colour: string | null): Theme {
  const accent = toRgb(colour ?? DEFAULT);
  const onAccent = contrast(accent, WHITE) >= READABLE ? WHITE : BLACK;
  let strong = accent;
  // On the tint too, which is a little darker than white.
  while (contrast(strong, WHITE) < READABLE + 0.6) strong = mix(strong, BLACK, 0.08);
  let glow = accent;
  while (contrast(glow, DARK_CARD) < READABLE + 0.9) glow = mix(glow, WHITE, 0.08);
  return {
    accent: toHex(accent),
    onAccent: toHex(onAccent),
    strong: toHex(strong),
    tint: toHex(mix(accent, WHITE, 0.93)),
    glow: toHex(glow),
    darkTint: toHex(mix(accent, NIGHT, 0.93)),
  };
}

/** The ratio of WCAG: 1 for equal colours, 21 for black on white. */
export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

export function toRgb(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const [red, green, blue] = from.map((channel, index) =>
    Math.round(channel + ((to[index] ?? 0) - channel) * share),
  ) as [number, number, number];
  return [red, green, blue];
}

function toHex(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}
