import { html, type Html } from './html.js';

const SIGNS: Readonly<Record<'phone' | 'clock' | 'check' | 'cross', Html>> = {
  phone: html`<circle class="disc" cx="36" cy="36" r="36" /><g class="ring"
      ><rect class="line" x="25" y="16" width="22" height="40" rx="5" /><path class="line" d="M33 49h6"
    /></g>`,
  clock: html`<circle class="disc warn" cx="36" cy="36" r="36" /><circle
      class="line warn"
      cx="36"
      cy="36"
      r="18"
    /><path class="line warn" d="M36 26v11l7 5" />`,
  check: html`<g class="pop"
    ><circle class="disc done" cx="36" cy="36" r="36" /><path class="line done" d="M22 37l10 10 19-21"
  /></g>`,
  cross: html`<circle class="disc bad" cx="36" cy="36" r="36" /><path class="line bad" d="M26 26l20 20M46 26L26 46" />`,
};

/** A drawing above a heading that says the same. */
export function drawSign(name: keyof typeof SIGNS): Html {
  return html`<svg class="sign" viewBox="0 0 72 72" aria-hidden="true" focusable="false">${SIGNS[name]}</svg>`;
}
