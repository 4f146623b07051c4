import {
  answerFrontDoor,
  chooseLanguage,
  html,
  isLook,
  PAGE_SECURITY,
  textsIn,
  toLanguageLink,
  type Answer,
  type Language,
  type PageTexts,
  type Request,
} from '#libs/simulators/kit';
import { PAGE_SCRIPT } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';
import { DEMO_PHONES } from './phones.js';
import { RESULT_CODES } from './stk-codes.js';

const TEXTS: PageTexts = {
  en: {
    title: 'M-PESA phones, simulated',
    banner: 'Simulated. No real money, no real phones. Never type a real PIN.',
    choose: 'Whose phone do you hold?',
    number: 'Phone number',
    take: 'Take this phone',
    examples: 'Or take one that behaves in its own way',
    other: 'Français',
    ordinary: 'ordinary, pays',
    noScript: 'This page needs JavaScript to show what arrives on the phone.',
  },
  fr: {
    title: 'Téléphones M-PESA, simulés',
    banner: 'Simulation. Aucun argent réel, aucun vrai téléphone. Ne tapez jamais un vrai code PIN.',
    choose: 'Quel téléphone tenez-vous ?',
    number: 'Numéro de téléphone',
    take: 'Prendre ce téléphone',
    examples: 'Ou prenez-en un qui réagit à sa façon',
    other: 'English',
    ordinary: 'ordinaire, paie',
    noScript: 'Cette page a besoin de JavaScript pour montrer ce qui arrive sur le téléphone.',
  },
};

const FRENCH_CODES: Readonly<Record<string, string>> = {
  '1': 'solde insuffisant',
  '1001': 'ligne déjà occupée',
  '1019': 'la transaction expire',
  '1032': 'annule',
  '1037': 'ne répond jamais',
  '2001': 'PIN erroné',
  '8006': 'PIN bloqué',
};
const ENGLISH_CODES: Readonly<Record<string, string>> = {
  '1': 'balance too low',
  '1001': 'line is busy',
  '1019': 'transaction expires',
  '1032': 'cancels',
  '1037': 'never answers',
  '2001': 'wrong PIN',
  '8006': 'PIN is locked',
};

const SECURITY = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  ...PAGE_SECURITY,
};

/** The phones page and its two files, or undefined where the path is none of its. */
export function answerPage(request: Request): Answer | undefined {
  if (!isLook(request)) return undefined;
  switch (request.path) {
    case '/phones':
      return page(chooseLanguage(request));
    case '/phones/app.js':
      return asset('text/javascript; charset=utf-8', PAGE_SCRIPT);
    case '/phones/style.css':
      return asset('text/css; charset=utf-8', PAGE_STYLE);
    default:
      return answerFrontDoor(request);
  }
}

function asset(contentType: string, body: string): Answer {
  return { status: 200, headers: { ...SECURITY, 'Content-Type': contentType }, body };
}

function page(language: Language): Answer {
  const texts = textsIn(language, TEXTS);
  const codes = language === 'fr' ? FRENCH_CODES : ENGLISH_CODES;
  const examples = DEMO_PHONES.map(({ msisdn, code }) => {
    const what = code === null ? texts('ordinary') : (codes[code] ?? RESULT_CODES[code]?.description ?? code);
    return `<li><button type="button" data-phone="${msisdn}"><b>${grouped(msisdn)}</b><span>${what}</span></button></li>`;
  });
  const body = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${texts('title')}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/phones/style.css">
</head>
<body class="empty-handed">
<p class="banner" role="note">${texts('banner')}</p>
<header><h1>${texts('title')}</h1>${toLanguageLink(language, texts)}</header>
<noscript><p class="banner">${texts('noScript')}</p></noscript>
<main>
<section class="choose" aria-labelledby="choose">
<h2 id="choose">${texts('choose')}</h2>
<form id="take" autocomplete="off">
<label for="number">${texts('number')}</label>
<div class="row"><input id="number" name="number" inputmode="tel" placeholder="0712 345 678" required><button class="primary">${texts('take')}</button></div>
<p id="wrong" class="wrong" role="alert" hidden></p>
</form>
<div id="ringing" aria-live="polite"></div>
<h3>${texts('examples')}</h3>
<ul class="examples">${examples.join('')}</ul>
</section>
<section id="handset" class="handset" aria-live="polite"></section>
</main>
<script src="/phones/app.js" defer></script>
</body>
</html>
`;
  return {
    ...html(200, body),
    headers: { ...SECURITY, 'Content-Type': 'text/html; charset=utf-8', 'Content-Language': language },
  };
}

/** `0700 000 123`, as people in Kenya write it. */
function grouped(msisdn: string): string {
  const national = `0${msisdn.slice(3)}`;
  return `${national.slice(0, 4)} ${national.slice(4, 7)} ${national.slice(7)}`;
}
