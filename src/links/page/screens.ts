import { drawFault, drawForm } from './form.js';
import { html, type Html } from './html.js';
import { toDateText } from './date-text.js';
import { toPagePath } from './page-path.js';
import { drawSign } from './signs.js';
import type { FormView, PageView, Screen, WaitingStep } from './view.js';
import type { Words } from './words.js';

type ScreenOf<Kind extends Screen['kind']> = Extract<Screen, { kind: Kind }>;

const CLOCK_STEPS: readonly WaitingStep[] = ['preparing', 'checking', 'review'];

/** What the card of the page holds. */
export function drawScreen(view: PageView, words: Words): Html {
  const { screen } = view;
  switch (screen.kind) {
    case 'choose':
      return html`<h1>${toHeading(screen.form, words)}</h1>
        ${drawForm(view, screen.form, words)}${drawGiveUp(view, words)}`;
    case 'failed':
      return drawFailed(view, screen, words);
    case 'waiting':
      return drawWaiting(view, screen, words);
    case 'paid':
      return drawPaid(view, screen, words);
    case 'end':
      return drawEnd(view, screen, words);
  }
}

function toHeading({ isHosted, methods }: FormView, words: Words): string {
  return isHosted ? words.form.hosted.heading(methods[0]?.name ?? '') : words.form.heading;
}

function drawFailed(view: PageView, { reason, form }: ScreenOf<'failed'>, words: Words): Html {
  return html`<h1>${words.failed.title}</h1>
    <div class="note bad" role="alert">
      <p><strong>${words.reasons[reason]}</strong> ${words.failed.noMoney}</p>
    </div>
    <p>${words.failed.tryAgain}</p>
    ${drawForm(view, form, words)}${drawGiveUp(view, words)}`;
}

function drawWaiting(view: PageView, screen: ScreenOf<'waiting'>, words: Words): Html {
  const { step, method, phone, redirectUrl, isOver, cancelNonce, otpNonce, fault } = screen;
  const shop = view.shop?.name ?? '';
  const { waiting } = words;
  const facts = { method, phone, amount: view.bill?.amount ?? '', shop };
  return html`${drawSign(CLOCK_STEPS.includes(step) ? 'clock' : 'phone')}
    <h1 class="center">${waiting[`${step}Title`]}</h1>
    ${fault && drawFault(fault, words)}
    ${isOver && html`<div class="note warn" role="alert"><p>${waiting.overText(shop)}</p></div>`}
    ${step === 'sending' && html`<p class="center">${waiting.sendingText(phone)}</p>`}
    ${step === 'preparing' && html`<p class="center">${waiting.preparingText(method)}</p>`}
    ${
      step === 'approve' &&
      !isOver &&
      html`<ol class="steps">
        ${waiting.steps(facts).map((text) => html`<li><span>${text}</span></li>`)}
      </ol>`
    }
    ${
      step === 'approve' &&
      !isOver &&
      html`<details class="help">
        <summary>${waiting.nothingCame}</summary>
        <p>${waiting.nothingCameText}</p>
      </details>`
    }
    ${step === 'redirect' && html`<p class="center">${waiting.redirectText(method)}</p>`}
    ${redirectUrl !== undefined && !isOver && html`<a class="button" href="${redirectUrl}" rel="noreferrer">${waiting.redirectButton(method)}</a>`}
    ${otpNonce !== undefined && !isOver && drawCodeForm(view, { ...facts, nonce: otpNonce }, words)}
    ${step === 'checking' && html`<p class="center">${waiting.checkingText(method)} <strong>${waiting.payOnce}</strong></p>`}
    ${step === 'review' && html`<p class="center">${waiting.reviewText(shop)} <strong>${waiting.payOnce}</strong></p>`}
    <p class="under" role="status">
      <span class="dots" aria-hidden="true"><span></span><span></span><span></span></span><br />${waiting.refreshes}
      <noscript><a class="text-link" href="${toPagePath(view)}">${waiting.refresh}</a></noscript>
    </p>
    ${cancelNonce !== undefined && drawStop(view, cancelNonce, words)}`;
}

function drawCodeForm(
  view: PageView,
  { nonce, method, phone, amount }: Record<'nonce' | 'method' | 'phone' | 'amount', string>,
  words: Words,
): Html {
  const { waiting } = words;
  return html`<form method="post" action="${view.path}/otp" novalidate>
    <input type="hidden" name="nonce" value="${nonce}" />
    ${view.isSwitched && html`<input type="hidden" name="lang" value="${view.locale}" />`}
    <p>${waiting.otpText(method, phone)}</p>
    <div class="field">
      <label for="otp">${waiting.otpLabel}</label>
      <input
        type="text"
        inputmode="numeric"
        autocomplete="one-time-code"
        id="otp"
        name="otp"
        maxlength="12"
        autofocus
      />
    </div>
    <button data-sending="${words.form.sending}">${waiting.otpButton(amount)}</button>
  </form>`;
}

function drawStop(view: PageView, nonce: string, words: Words): Html {
  return html`<form class="stack" method="post" action="${view.path}/cancel">
    <input type="hidden" name="nonce" value="${nonce}" />
    ${view.isSwitched && html`<input type="hidden" name="lang" value="${view.locale}" />`}
    <button class="quiet">${words.waiting.cancel}</button>
  </form>`;
}

function drawPaid(view: PageView, screen: ScreenOf<'paid'>, words: Words): Html {
  const { paid } = words;
  const lines: readonly (readonly [string, string | null])[] = [
    [paid.amount, view.bill?.amount ?? null],
    [paid.item, view.bill?.itemName ?? null],
    [paid.receipt, screen.receipt],
    [paid.method, screen.method],
    [paid.phone, screen.phone],
    [paid.date, toDateText(screen.paidAt, screen.country, view.locale)],
  ];
  return html`${drawSign('check')}
    <h1 class="center">${screen.isFresh ? paid.title : paid.alreadyTitle}</h1>
    ${!screen.isFresh && html`<p class="center">${paid.alreadyText}</p>`}
    ${screen.late && html`<div class="note warn"><p>${paid.lateText(view.shop?.name ?? '')}</p></div>`}
    <dl class="receipt">
      ${lines.map(
        ([name, value]) =>
          value !== null &&
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${drawReturn(view, screen.isFresh, words)}`;
}

function drawEnd(view: PageView, { end, isFresh }: ScreenOf<'end'>, words: Words): Html {
  const { title, text } = words.ends[end];
  return html`${drawSign(end === 'maintenance' || end === 'tooMany' ? 'clock' : 'cross')}
    <h1 class="center">${title}</h1>
    <p class="center">${text(view.shop?.name ?? '')}</p>
    ${drawReturn(view, isFresh, words)}`;
}

/** The way back to the shop; right after the end the page takes it by itself, unless the visitor wants to stay. */
function drawReturn({ returnUrl, shop }: PageView, isFresh: boolean, words: Words): Html | undefined {
  if (returnUrl === undefined || !shop) return undefined;
  if (!isFresh) return html`<a class="button" href="${returnUrl}" rel="noreferrer">${words.backToShop(shop.name)}</a>`;
  return html`<a class="button" href="${returnUrl}" rel="noreferrer" data-return>${words.backToShop(shop.name)}</a>
    <p class="under" data-returning>${words.paid.returning(shop.name)}</p>
    <div class="stack"><button class="quiet" type="button" data-stay hidden>${words.paid.stay}</button></div>`;
}

function drawGiveUp({ returnUrl, shop }: PageView, words: Words): Html | undefined {
  if (returnUrl === undefined || !shop) return undefined;
  return html`<a class="text-link" href="${returnUrl}" rel="noreferrer">${words.cancelAndReturn(shop.name)}</a>`;
}
