import { createHash } from 'node:crypto';
import Handlebars from 'handlebars';
import { fill } from './email-words.js';
import type { EmailLocale } from './email.entity.js';

const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; padding: 48px 16px; font: 16px/24px 'Segoe UI', Helvetica, Arial, sans-serif; background: #f2f4f6; color: #101828; }
main { max-width: 440px; margin: 0 auto; padding: 28px; background: #fff; border: 1px solid #e4e7ec; border-radius: 12px; }
h1 { margin: 0 0 8px; font-size: 20px; line-height: 28px; overflow-wrap: anywhere; }
p { margin: 0; color: #475467; overflow-wrap: anywhere; }
button { margin-top: 24px; width: 100%; min-height: 48px; border: 0; border-radius: 8px; background: #0a6b4d; color: #fff; font: inherit; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  body { background: #101418; color: #f2f4f7; }
  main { background: #1b2127; border-color: #2e363e; }
  p { color: #a7b0ba; }
}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but its own style and its own form. */
export const UNSUBSCRIBE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

const PAGE = Handlebars.compile<Record<string, string | undefined>>(
  `<!doctype html>
<html lang="{{locale}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>{{heading}}</title>
<link rel="icon" href="data:,">
<style>{{{style}}}</style>
</head>
<body><main>
<h1>{{heading}}</h1>
<p>{{lead}}</p>
{{#if button}}<form method="post"><button type="submit">{{button}}</button></form>{{/if}}
</main></body>
</html>
`,
  { strict: true },
);

const WORDS = {
  en: {
    ask: {
      heading: 'Stop payment notices of {merchant}?',
      lead: 'This address will get no more of them. Receipts for your own payments still come.',
      button: 'Stop these notices',
    },
    done: {
      heading: 'You are unsubscribed',
      lead: '{merchant} sends this address no more notices.',
      button: undefined,
    },
  },
  fr: {
    ask: {
      heading: 'Ne plus recevoir les avis de paiement de {merchant}\u00a0?',
      lead: 'Cette adresse n’en recevra plus. Les reçus de vos propres paiements arrivent toujours.',
      button: 'Ne plus recevoir ces avis',
    },
    done: {
      heading: 'Vous êtes désabonné',
      lead: '{merchant} n’envoie plus d’avis à cette adresse.',
      button: undefined,
    },
  },
} as const;

/** The page that a link to unsubscribe opens, before and after. */
export function toUnsubscribePage(step: 'ask' | 'done', locale: EmailLocale, merchant: string): string {
  const { heading, lead, button } = WORDS[locale][step];
  return PAGE({
    ...{ locale, style: STYLE, button },
    heading: fill(heading, { merchant }),
    lead: fill(lead, { merchant }),
  });
}
