// How `npm run demo` words what it sees, for a terminal.

const paint =
  process.stdout.isTTY && !process.env.NO_COLOR ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : (_, text) => text;

export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const good = (text) => paint(32, text);
export const bad = (text) => paint(31, text);

export const finalStatuses = ['succeeded', 'failed', 'cancelled', 'expired', 'reversed'];

/** One line of a timeline: when, which move, and who said what. */
export function toTimelineLine({ at, from, to, evidence }, createdAt) {
  const seconds = `+${((Date.parse(at) - Date.parse(createdAt)) / 1_000).toFixed(1)} s`;
  const move = from === to ? dim(to.padEnd(25)) : `${from} → ${colourOf(to)(to)}`.padEnd(25 + colourOf(to)('').length);
  return `  ${seconds.padStart(7)}  ${move}  ${dim(toSentence(evidence))}`;
}

/** What the provider's own book says, in words. */
export function toBookLine(transfers) {
  if (transfers.length === 0) return 'no money moved';
  return transfers
    .map(({ direction, amount, currency, id, status }) => {
      const word = direction === 'in' ? 'received' : 'paid';
      return `${amount} ${currency} ${word}${status === 'reversed' ? ', reversed' : ''} (${id})`;
    })
    .join('; ');
}

function toSentence({ source, says, trust, receipt, providerMessage, detail }) {
  const words = {
    merchant: () => (says === 'created' ? 'You asked, and it is stored' : `You say ${says}`),
    system: () => detail ?? `Malipo says ${says}`,
    submission: () => `The provider's answer: ${says}`,
    callback: () => `The provider's message${toTrust(trust)}: ${says}`,
    inquiry: () =>
      says === 'asked' ? 'Malipo asks; the answer comes later' : `Malipo asks, the provider says ${says}`,
  };
  const sentence = words[source]?.() ?? `${source} says ${says}`;
  return [sentence, receipt && `receipt ${receipt}`, source === 'system' ? undefined : providerMessage]
    .filter(Boolean)
    .join(' · ');
}

/** How far a message that came to us may be believed. */
function toTrust(trust) {
  return { unsigned: ' (unsigned, a hint)', path: ' (on its own secret path)', signed: ' (signed)' }[trust] ?? '';
}

function colourOf(status) {
  if (status === 'succeeded') return good;
  return finalStatuses.includes(status) ? bad : (text) => text;
}
