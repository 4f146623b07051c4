import { html, type Html } from './html.js';
import { toWaitText } from './languages.js';
import type { FaultView, FormView, MethodOption, PageView } from './view.js';
import type { ExtraField, FormFault, Words } from './words.js';

const OF_PHONE: readonly FormFault[] = [
  'phone_missing',
  'recipient_invalid',
  'phone_busy',
  'repeat_amount_too_soon',
  'phone_blocked',
];

const FAULT_ID = 'fault';

/** Phone, method, and one button with the amount. */
export function drawForm(view: PageView, form: FormView, words: Words): Html {
  const text = words.form;
  return html`<form method="post" action="${view.path}/attempts" novalidate>
    <input type="hidden" name="nonce" value="${form.nonce}" />
    ${view.isSwitched && html`<input type="hidden" name="lang" value="${view.locale}" />`}
    ${form.fault && drawFault(form.fault, words)} ${drawPhone(form, words)} ${drawMethods(form, view.locale, words)}
    ${form.extra.map(({ name, value }) => drawExtra(name, value, words))}
    <button data-sending="${text.sending}">${text.pay(view.bill?.amount ?? '')}</button>
    <p class="under">${form.isHosted ? text.hosted.nothingYet : text.nothingYet}</p>
  </form>`;
}

/** What is wrong, in plain words; read out as soon as the page comes. */
export function drawFault({ code, waitSeconds = 60 }: FaultView, words: Words): Html {
  const text = words.faults[code](toWaitText(words, waitSeconds));
  return html`<div class="note bad" role="alert" id="${FAULT_ID}"><p>${text}</p></div>`;
}

function drawPhone({ phone, knownPhone, fault, isHosted }: FormView, words: Words): Html {
  const isFaulty = fault !== undefined && OF_PHONE.includes(fault.code);
  const described = isFaulty ? `phone-hint ${FAULT_ID}` : 'phone-hint';
  const newHint = isHosted ? words.form.hosted.phoneHint : words.form.phoneHint;
  const hint = knownPhone === undefined ? newHint : words.form.phoneKnown(knownPhone);
  return html`<div class="field">
    <label for="phone">${words.form.phone}</label>
    <input
      type="tel"
      inputmode="tel"
      autocomplete="tel"
      id="phone"
      name="phone"
      maxlength="32"
      value="${phone}"
      aria-describedby="${described}"
      ${isFaulty && html` aria-invalid="true" autofocus`}${knownPhone !== undefined && html` placeholder="${knownPhone}"`}
    />
    <span class="hint" id="phone-hint">${hint}</span>
  </div>`;
}

function drawMethods({ methods, method: wanted, fault, isHosted }: FormView, locale: string, words: Words): Html {
  const chosen = findChosen(methods, wanted);
  if (isHosted) return html`<input type="hidden" name="method" value="${chosen ?? ''}" />`;
  const draw = (method: MethodOption): Html => drawMethod(method, method.code === chosen, words);
  const [home, ...others] = toGroups(methods, locale);
  const isFaulty = fault?.code === 'method_missing';
  return html`<fieldset${isFaulty && html` aria-describedby="${FAULT_ID}"`}>
    <legend>${words.form.method}</legend>
    <div class="methods" data-methods>
      ${others.length > 0 && html`<p class="country">${home?.country}</p>`} ${home?.methods.map(draw)}
      ${
        others.length > 0 &&
        html`<details${others.some((group) => group.methods.some(({ code }) => code === chosen)) && html` open`}>
          <summary>
            <span>${words.form.elsewhere}<small>${others.map(({ country }) => country).join(', ')}</small></span>
          </summary>
          ${others.map(
            (group) =>
              html`<p class="country">${group.country}</p>
                ${group.methods.map(draw)}`,
          )}
        </details>`
      }
    </div>
  </fieldset>`;
}

/** The methods by country, by its name; that of the first method first, the others as a reader of the language looks for them. */
function toGroups(
  methods: readonly MethodOption[],
  locale: string,
): { readonly country: string; readonly methods: readonly MethodOption[] }[] {
  const names = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' });
  const [home, ...others] = [...new Set(methods.map(({ country }) => country))].map((code) => ({
    country: names.of(code) ?? code,
    methods: methods.filter(({ country }) => country === code),
  }));
  return home ? [home, ...others.sort((a, b) => a.country.localeCompare(b.country, locale))] : [];
}

/** The one that is marked already: what was chosen, what probably fits, or the only one. A wrong guess costs a failed try. */
function findChosen(methods: readonly MethodOption[], wanted: string | undefined): string | undefined {
  if (methods.some(({ code }) => code === wanted)) return wanted;
  const [first, ...others] = methods;
  return first?.isSuggested === true || others.length === 0 ? first?.code : undefined;
}

function drawMethod(method: MethodOption, isChecked: boolean, words: Words): Html {
  const { code, name, brand, isSuggested, isTroubled, prefixes, callingCode } = method;
  return html`<label class="method" data-prefixes="${prefixes.join(' ')}" data-calling="${callingCode}">
    <input type="radio" name="method" value="${code}" ${isChecked && html` checked`} />
    <span class="method-name"
      >${name}<small class="fits" data-suggested${!isSuggested && html` hidden`}>${words.form.suggested}</small
      >${isTroubled && html`<small>${words.form.troubled}</small>`}</span
    >
    <span class="brand brand-${brand}" aria-hidden="true">${[...name][0]}</span></label
  >`;
}

const AUTOCOMPLETE: Readonly<Record<ExtraField, string>> = {
  firstName: 'given-name',
  lastName: 'family-name',
  name: 'name',
  email: 'email',
  address: 'street-address',
  city: 'address-level2',
  state: 'address-level1',
  postalCode: 'postal-code',
};

function drawExtra(name: ExtraField, value: string, words: Words): Html {
  return html`<div class="field">
    <label for="${name}">${words.form.fields[name]}</label>
    <input
      type="${name === 'email' ? 'email' : 'text'}"
      id="${name}"
      name="${name}"
      maxlength="100"
      autocomplete="${AUTOCOMPLETE[name]}"
      value="${value}"
    />
  </div>`;
}
