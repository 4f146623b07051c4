import type { Action } from './control-phones.js';
import type { Request } from './http.js';
import { escape, type Texts } from './page.js';

const ACTION_OF: Readonly<Record<string, Action>> = { pay: 'pin', fail: 'wrong_pin', cancel: 'cancel' };

/** A hosted payment page's form: its fields and the three things a payer can do, by the texts `pay`, `fail` and `cancel`. */
export function toPaymentForm(texts: Texts, fields: string): string {
  return `<form class="card" method="post" autocomplete="off">
${fields}
<div class="keys"><button class="primary" name="action" value="pay">${texts('pay')}</button>
<button name="action" value="fail">${texts('fail')}</button><button name="action" value="cancel">${texts('cancel')}</button></div>
</form>`;
}

/** A field to choose from, and one for the phone, with the texts of their names. */
export function toPayerFields(
  texts: Texts,
  choice: { readonly name: string; readonly options: readonly { readonly value: string; readonly name: string }[] },
  phone: string,
): string {
  const options = choice.options.map(({ value, name }) => `<option value="${escape(value)}">${escape(name)}</option>`);
  return `<label for="${choice.name}">${texts(choice.name)}</label><select id="${choice.name}" name="${choice.name}">${options.join('')}</select>
<label for="phone">${texts('phone')}</label><input id="phone" name="phone" inputmode="tel" value="${escape(phone)}">`;
}

/** What a sent form says; no action where it is none of the three. */
export function readPaymentForm({ body }: Request): {
  readonly action: Action | undefined;
  readonly phone: string;
  readonly get: (name: string) => string;
} {
  const form = new URLSearchParams(body.toString('utf8'));
  const get = (name: string): string => form.get(name) ?? '';
  return { action: ACTION_OF[get('action')], phone: get('phone').replace(/[\s+().-]/g, ''), get };
}
