import { choice, flag, text, whole, type ValuesOf } from '#libs/simulators/kit';

/** How the simulated world is when nothing goes wrong: its rules, its clocks, and which of its documented forms it speaks. */
export const SETTINGS = {
  linkEnvelope: choice(
    'How a new link is answered: inside `transaction`, as the schema and the plugin have it, or flat, as the guide has it.',
    ['nested', 'flat'],
    'nested',
  ),
  statusKey: choice('The name of the status in answers.', ['Status', 'status'], 'Status'),
  successWord: choice(
    'The word for success. The pages and the official plugin differ.',
    ['SUCCESS', 'COMPLETED'],
    'SUCCESS',
  ),
  webhookSignature: choice(
    'Whether webhooks are signed: not at all, as documented, or as the second-generation product does.',
    ['none', 'dexpay'],
    'none',
  ),
  linkTtlSec: whole('How long a link lives. Nobody publishes it.', 86_400),
  directTtlSec: whole('How long a direct collection waits for its payer.', 900),
  feeBps: whole('The fee in hundredths of a percent, rounded half up.', 150, { max: 10_000 }),
  latencyMs: whole('How long every answer of the API takes.', 0, { max: 60_000 }),
  speed: whole('How many times faster than the table of magic numbers says everything happens.', 1, { min: 1 }),
  answerDelayMs: whole(
    'How long a payer whose phone a link names waits before paying, where nobody opens the page.',
    6_000,
  ),
  fixedOtp: text('The code that every payer of Wizall gets, instead of one of his own.', /^\d{6}$/, 'six digits'),
  requestsPerMinute: whole('Requests a key may make in a minute before it gets 429; 0 has no limit.', 100),
  webhookTimeoutMs: whole('How long a webhook waits for its answer.', 10_000, { min: 1 }),
  balance: whole('Francs that a merchant has at the start.', 10_000_000),
  nineDigitsEverywhere: flag(
    'Take nine digits alone, as the page says. Numbers in Mali have eight and in Côte d’Ivoire ten, so its other countries cannot work then.',
    false,
  ),
} as const;

export type SettingValues = ValuesOf<typeof SETTINGS>;
