/**
 * The phones page's script. Plain JavaScript for old phones' browsers. Everything that comes from outside goes onto the
 * page as text, never as markup.
 */
export const PAGE_SCRIPT = String.raw`'use strict';
(function () {
  var TEXTS = {
    en: { notKenyan: 'That is no Kenyan mobile number. Try 0712 345 678.', balance: 'M-PESA balance', empty: 'Nothing here yet. A prompt pops up when somebody asks this number to pay.',
      pick: 'Take a phone to see what arrives on it.', sim: 'SIM Toolkit', pin: 'M-PESA PIN', any: 'Any four digits', send: 'Pay', wrongPin: 'Wrong PIN', cancel: 'Cancel', ignore: 'Ignore',
      left: 'ends in {s} s', waits: 'rings', pay: 'Pay KES {a} to {b}', account: 'Account {r}', lost: 'The simulator does not answer.', pinLocked: 'The PIN is locked.',
      blocked: 'This line gets no prompts until {t}.', sent: 'Sent. One moment…', ended: 'Last request: {d}', magic: 'Left alone, this number ends every request with {c}.', aside: 'A request is waiting: KES {a} to {b}.', again: 'Look at it again', digits: 'Type four digits.' },
    fr: { notKenyan: 'Ce numéro n’est pas un mobile kényan. Essayez 0712 345 678.', balance: 'Solde M-PESA', empty: 'Rien pour l’instant. Une demande s’affiche quand quelqu’un fait payer ce numéro.',
      pick: 'Prenez un téléphone pour voir ce qui y arrive.', sim: 'SIM Toolkit', pin: 'Code PIN M-PESA', any: 'Quatre chiffres au choix', send: 'Payer', wrongPin: 'PIN erroné', cancel: 'Annuler', ignore: 'Ignorer',
      left: 'expire dans {s} s', waits: 'sonne', pay: 'Payer {a} KES à {b}', account: 'Compte {r}', lost: 'Le simulateur ne répond pas.', pinLocked: 'Le code PIN est bloqué.',
      blocked: 'Cette ligne ne reçoit plus de demandes jusqu’à {t}.', sent: 'Envoyé. Un instant…', ended: 'Dernière demande : {d}', magic: 'Sans réponse, ce numéro termine chaque demande par {c}.', aside: 'Une demande attend : {a} KES à {b}.', again: 'La revoir', digits: 'Tapez quatre chiffres.' }
  };
  var T = TEXTS[document.documentElement.lang] || TEXTS.en;
  var handset = document.getElementById('handset');
  var ringing = document.getElementById('ringing');
  var wrong = document.getElementById('wrong');
  var input = document.getElementById('number');
  var held = null, drawn = '', ignored = null, answeredId = null, typed = '', deadline = 0;

  function say(text, values) { return text.replace(/\{(\w)\}/g, function (_, key) { return values[key]; }); }
  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    for (var i = 3; i < arguments.length; i++) if (arguments[i]) element.appendChild(arguments[i]);
    return element;
  }
  function national(msisdn) { return '0' + msisdn.slice(3, 6) + ' ' + msisdn.slice(6, 9) + ' ' + msisdn.slice(9); }
  function toMsisdn(text) {
    var digits = text.replace(/[\s()+.-]/g, '').replace(/^00/, '');
    if (/^0[17]\d{8}$/.test(digits)) return '254' + digits.slice(1);
    if (/^[17]\d{8}$/.test(digits)) return '254' + digits;
    return /^254[17]\d{8}$/.test(digits) ? digits : null;
  }
  function money(text) { return Number(text).toLocaleString('en-KE', { minimumFractionDigits: 2 }); }
  function ask(method, path, body) {
    return fetch(path, { method: method, headers: { 'Content-Type': 'application/json' }, body: body ? JSON.stringify(body) : undefined })
      .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(answer.status); });
  }

  function take(msisdn) {
    held = msisdn; drawn = ''; typed = ''; ignored = null; answeredId = null;
    wrong.hidden = true;
    document.body.classList.remove('empty-handed');
    handset.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    try { sessionStorage.setItem('phone', msisdn); } catch (error) { /* Private windows have no storage. */ }
    document.querySelectorAll('[data-phone]').forEach(function (button) {
      button.setAttribute('aria-pressed', String(button.dataset.phone === msisdn));
    });
    refresh();
  }

  function draw(phone, problem) {
    var promptId = phone && phone.prompt && phone.prompt.checkoutRequestId;
    var state = JSON.stringify([phone && [phone.msisdn, phone.balance, phone.blockedUntil, phone.pinLocked, phone.messages, phone.lastEnd, promptId], problem, ignored, answeredId]);
    if (state === drawn) return;
    drawn = state;
    var clock = new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
    var screen = make('div', 'screen', undefined, make('div', 'status', undefined, make('span', '', phone ? national(phone.msisdn) : '—'), make('span', '', clock)));
    if (phone) {
      screen.appendChild(make('div', 'wallet', undefined, make('small', '', T.balance), make('strong', '', 'KES ' + money(phone.balance))));
      if (phone.magic !== null && phone.magic !== '0') screen.appendChild(make('p', 'notice', say(T.magic, { c: phone.magic })));
      if (phone.pinLocked) screen.appendChild(make('p', 'notice', T.pinLocked));
      if (phone.blockedUntil) screen.appendChild(make('p', 'notice', say(T.blocked, { t: new Date(phone.blockedUntil).toLocaleString() })));
    }
    var inbox = make('div', 'inbox');
    if (problem) inbox.appendChild(make('p', 'empty', problem));
    else if (!phone) inbox.appendChild(make('p', 'empty', T.pick));
    else {
      if (promptId && promptId === ignored) {
        var again = make('button', '', T.again);
        again.type = 'button';
        again.addEventListener('click', function () { ignored = null; refresh(); });
        inbox.appendChild(make('p', 'notice', say(T.aside, { a: money(phone.prompt.amount), b: phone.prompt.business }), again));
      }
      if (phone.lastEnd && phone.lastEnd.code !== '0') inbox.appendChild(make('p', 'notice', say(T.ended, { d: phone.lastEnd.description + ' (' + phone.lastEnd.code + ')' })));
      phone.messages.forEach(function (message) {
        inbox.appendChild(make('div', 'sms', undefined, make('small', '', 'MPESA · ' + new Date(message.at).toLocaleTimeString()), make('span', '', message.text)));
      });
      if (!inbox.firstChild) inbox.appendChild(make('p', 'empty', T.empty));
    }
    screen.appendChild(inbox);
    if (promptId && promptId !== ignored) screen.appendChild(dialog(phone.prompt, promptId === answeredId));
    handset.replaceChildren(screen);
    var field = document.getElementById('pin');
    if (field && !('ontouchstart' in window)) field.focus();
  }

  function dialog(prompt, sent) {
    deadline = Date.parse(prompt.endsAt);
    var box = make('form', 'dialog', undefined, make('h2', '', T.sim));
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-label', T.sim);
    box.appendChild(make('p', 'what', prompt.text));
    if (sent) { box.appendChild(make('p', '', T.sent)); return make('div', 'shade', undefined, box); }
    var pin = make('input');
    pin.id = 'pin'; pin.type = 'password'; pin.inputMode = 'numeric'; pin.maxLength = 4; pin.autocomplete = 'off'; pin.value = typed;
    pin.setAttribute('aria-label', T.pin + '. ' + T.any);
    pin.placeholder = '••••';
    pin.addEventListener('input', function () { typed = pin.value; });
    box.appendChild(pin);
    var keys = make('div', 'keys');
    var pay = make('button', 'primary', T.send);
    keys.appendChild(pay);
    [['wrong_pin', T.wrongPin], ['cancel', T.cancel], ['ignore', T.ignore]].forEach(function (key) {
      var button = make('button', '', key[1]);
      button.type = 'button';
      button.addEventListener('click', function () { answer(prompt.checkoutRequestId, key[0]); });
      keys.appendChild(button);
    });
    box.addEventListener('submit', function (event) {
      event.preventDefault();
      // The PIN stays here: any will do, and nobody should get used to typing a real one into a page.
      if (!/^\d{4}$/.test(pin.value)) { pin.setCustomValidity(T.digits); pin.reportValidity(); pin.setCustomValidity(''); return; }
      answer(prompt.checkoutRequestId, 'pin');
    });
    box.appendChild(keys);
    var left = make('p', 'left');
    left.id = 'left';
    box.appendChild(left);
    return make('div', 'shade', undefined, box);
  }

  function answer(id, action) {
    typed = '';
    if (action === 'ignore') ignored = id; else answeredId = id;
    ask('POST', '/_control/phones/' + held + '/answer', { action: action }).then(refresh, function () { drawn = ''; refresh(); });
  }

  function drawRinging(phones) {
    var waiting = phones.filter(function (phone) { return phone.prompt && phone.msisdn !== held; });
    ringing.replaceChildren.apply(ringing, waiting.slice(0, 4).map(function (phone) {
      var button = make('button', '', undefined, make('b', '', national(phone.msisdn) + ' · ' + T.waits), make('span', '', say(T.pay, { a: money(phone.prompt.amount), b: phone.prompt.business })));
      button.type = 'button';
      button.addEventListener('click', function () { take(phone.msisdn); });
      return button;
    }));
  }

  var asking = false;
  function refresh() {
    if (asking) return Promise.resolve();
    asking = true;
    var msisdn = held;
    var mine = msisdn ? ask('POST', '/_control/phones/' + msisdn + '/hold') : Promise.resolve(null);
    return Promise.all([mine, ask('GET', '/_control/phones?limit=50')]).then(function (found) {
      asking = false;
      if (msisdn !== held) return refresh();
      draw(found[0]);
      drawRinging(found[1]);
    }, function () { asking = false; draw(null, T.lost); });
  }

  document.getElementById('take').addEventListener('submit', function (event) {
    event.preventDefault();
    var msisdn = toMsisdn(input.value);
    if (msisdn) return take(msisdn);
    wrong.textContent = T.notKenyan;
    wrong.hidden = false;
  });
  document.querySelectorAll('[data-phone]').forEach(function (button) {
    button.addEventListener('click', function () { take(button.dataset.phone); });
  });
  setInterval(function () { if (!document.hidden) refresh(); }, 1000);
  setInterval(function () {
    var left = document.getElementById('left');
    if (left) left.textContent = say(T.left, { s: Math.max(Math.ceil((deadline - Date.now()) / 1000), 0) });
  }, 250);

  var asked = toMsisdn(new URLSearchParams(location.search).get('phone') || '');
  var earlier = null;
  try { earlier = sessionStorage.getItem('phone'); } catch (error) { /* Private windows have no storage. */ }
  if (asked || earlier) take(asked || earlier); else refresh();
})();
`;
