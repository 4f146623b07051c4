import type { FastifyReply } from 'fastify';
import { drawPage } from './page.js';
import type { PageView } from './view.js';

/** Sends the page. Nobody may keep it, frame it, or learn its address from a link that leads away from it. */
export function sendPage(reply: FastifyReply, view: PageView, status: number): void {
  void reply
    .status(status)
    .headers({
      'content-security-policy': toPolicy(view.shop?.logoUrl ?? null),
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-robots-tag': 'noindex, nofollow',
      vary: 'Accept-Language',
    })
    .type('text/html; charset=utf-8')
    .send(drawPage(view));
}

// One picture may come from elsewhere: the shop's own.
function toPolicy(logoUrl: string | null): string {
  const logo = logoUrl === null ? '' : ` ${new URL(logoUrl).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data:${logo}`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
