import type { Answer, Request } from './http.js';
import { PAGE_STYLE } from './page-style.js';

/** Every page is in both. */
export type Language = 'en' | 'fr';

/** The texts of a page by name, `title` and `banner` among them. */
export type PageTexts = Readonly<Record<Language, Readonly<Record<string, string>>>>;

/** A text by its name, ready to stand in HTML. */
export type Texts = (name: string) => string;

/** What stands on a page. */
export interface PageContent {
  readonly texts: PageTexts;
  /** HTML, escaped where it comes from outside. */
  readonly body: string;
  /** After so many seconds the page is read again by itself; with a script, only where scripts do not run. */
  readonly refreshSeconds?: number;
  /** Where the page's script is. */
  readonly script?: string;
  /** Origins that its forms may lead to, beside here. */
  readonly formTargets?: readonly string[];
}

/** What every page and each of its files is sent with. */
export const PAGE_SECURITY = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

/** Where pages find their style. */
const STYLE_PATH = '/style.css';

/** A page with its banner, in the style of all simulators. */
export function page(language: Language, content: PageContent): Answer {
  const { texts, body, script, formTargets = [] } = content;
  const { title = '', banner = '' } = texts[language];
  const scripts = script === undefined ? '' : " script-src 'self'; connect-src 'self';";
  const policy = `default-src 'none'; style-src 'self';${scripts} img-src data:; form-action ${["'self'", ...formTargets].join(' ')}; base-uri 'none'; frame-ancestors 'none'`;
  return {
    status: 200,
    headers: {
      ...PAGE_SECURITY,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': language,
      'Content-Security-Policy': policy,
    },
    body: `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${toRefresh(content)}<title>${escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<p class="banner" role="note">${escape(banner)}</p>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`,
  };
}

function toRefresh({ refreshSeconds, script }: PageContent): string {
  const byItself = refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">`;
  if (script === undefined) return byItself && `${byItself}\n`;
  return `<script src="${script}" defer></script>\n<noscript>${byItself}</noscript>\n`;
}

/** Whether somebody only wants to see something. */
export function isLook({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The style of all pages, where it is asked for. */
export function answerStyle(request: Request): Answer | undefined {
  if (!isLook(request) || request.path !== STYLE_PATH) return undefined;
  return { status: 200, headers: { 'Content-Type': 'text/css; charset=utf-8' }, body: PAGE_STYLE };
}

/** Providers answer 404 at `/`; here people with a browser are shown the way to the phones. */
export function answerFrontDoor(request: Request): Answer | undefined {
  if (!isLook(request) || request.path !== '/' || !request.headers.accept?.includes('text/html')) return undefined;
  return { status: 302, headers: { Location: '/phones' }, body: '' };
}

/** After a form: the browser reads that page with GET. */
export function redirect(location: string): Answer {
  return { status: 303, headers: { ...PAGE_SECURITY, Location: location }, body: '' };
}

/** By `?lang=`, else by what the browser prefers. */
export function chooseLanguage({ query, headers }: Request): Language {
  const asked = query.get('lang');
  if (asked === 'fr' || asked === 'en') return asked;
  return /^\s*fr\b/i.test(headers['accept-language'] ?? '') ? 'fr' : 'en';
}

export function textsIn(language: Language, texts: PageTexts): Texts {
  return (name) => escape(texts[language][name] ?? name);
}

/** The way to the same page in the other language, whose name is the text `other`. */
export function toLanguageLink(language: Language, texts: Texts): string {
  const other = language === 'fr' ? 'en' : 'fr';
  return `<a href="?lang=${other}" hreflang="${other}" lang="${other}">${texts('other')}</a>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Everything that comes from outside goes through here before it stands on a page. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
