// Values that must not reach a log, by what they look like and, for structured data, by what they are called.
const SECRET_SHAPES: readonly (readonly [RegExp, string])[] = [
  [/mlp_(test|live)_[0-9A-Za-z]{8,}/g, 'mlp_$1_•••'],
  [/whsec_[0-9A-Za-z+/=]{8,}/g, 'whsec_•••'],
  [/(Bearer|Basic) +[^\s"',]+/gi, '$1 •••'],
  [/(\/callbacks\/)[0-9a-f]{16,}/gi, '$1•••'],
  [/([a-z]+:\/\/[^\s:/@]+:)[^\s@]+@/gi, '$1•••@'],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '•••@•••'],
  [/\+\d{1,3}(?:[ .()-]{0,2}\d){6,14}/g, '+•••'],
  // National and international numbers. Capitals on either side are those of an id, whose digits are no number.
  [/(?<![0-9A-Z])(\d{2})\d{5,11}(\d{2})(?![0-9A-Z])/g, '$1•••$2'],
];
const SECRET_NAMES =
  /secret|password|passkey|credential|token|authorization|phone|msisdn|^(party|party[ab]|customer|recipient|name|firstName|lastName|email|address)$/i;
// What database drivers attach to errors: the statement with its values put in, and the values.
const STATEMENT_NAMES = /^(sql|parameters)$/;

/** The value without phones, names, keys and tokens, at any depth. Lengths are bounded: logs are no archive. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value.length > 4_000 ? `${value.slice(0, 4_000)}…` : value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 4) return '…';
  if (Array.isArray(value)) return value.slice(0, 20).map((item) => scrub(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      (SECRET_NAMES.test(name) || STATEMENT_NAMES.test(name)) && item != null ? '•••' : scrub(item, depth + 1),
    ]),
  );
}

function scrubText(text: string): string {
  return SECRET_SHAPES.reduce((scrubbed, [shape, replacement]) => scrubbed.replace(shape, replacement), text);
}
