/**
 * What the page does on top of working without it: looks for news, marks the method that fits a number, keeps a button from
 * being pressed twice, and goes back to the shop. Written for old browsers; nothing here is needed to pay.
 */
export const SCRIPT = `(function () {
  var body = document.body;
  var state = body.getAttribute('data-state');
  if (state !== null && window.fetch) {
    var look = function () {
      fetch(body.getAttribute('data-status'), { cache: 'no-store', credentials: 'omit' })
        .then(function (answer) { return answer.ok ? answer.json() : null; })
        .then(function (news) {
          if (news && news.state !== state) location.replace(body.getAttribute('data-page'));
          else setTimeout(look, 2500);
        })
        .catch(function () { setTimeout(look, 5000); });
    };
    setTimeout(look, 1500);
    // A socket tells at once what looking finds out within seconds. Where there is none, nothing is lost.
    if (window.WebSocket) {
      fetch(body.getAttribute('data-live'), { method: 'POST', cache: 'no-store', credentials: 'omit' })
        .then(function (answer) { return answer.ok ? answer.json() : null; })
        .then(function (live) {
          if (!live) return;
          new WebSocket(live.url).onmessage = function (message) {
            if (JSON.parse(message.data).type === 'event') location.replace(body.getAttribute('data-page'));
          };
        })
        .catch(function () { return null; });
    }
  }

  var back = document.querySelector('[data-return]');
  if (back) {
    var leave = setTimeout(function () { location.assign(back.href); }, 8000);
    var stay = document.querySelector('[data-stay]');
    if (stay) {
      stay.hidden = false;
      stay.addEventListener('click', function () {
        clearTimeout(leave);
        stay.hidden = true;
        var note = document.querySelector('[data-returning]');
        if (note) note.hidden = true;
      });
    }
  }

  var forms = document.querySelectorAll('form');
  for (var i = 0; i < forms.length; i++) {
    forms[i].addEventListener('submit', function (event) {
      var form = event.currentTarget;
      if (form.getAttribute('data-sent')) return event.preventDefault();
      form.setAttribute('data-sent', 'yes');
      var button = form.querySelector('button[data-sending]');
      if (!button) return;
      button.setAttribute('data-text', button.textContent);
      button.textContent = button.getAttribute('data-sending');
    });
  }
  window.addEventListener('pageshow', function () {
    for (var j = 0; j < forms.length; j++) {
      forms[j].removeAttribute('data-sent');
      var button = forms[j].querySelector('button[data-text]');
      if (button) button.textContent = button.getAttribute('data-text');
    }
  });

  var phone = document.querySelector('input[name=phone]');
  var list = document.querySelector('[data-methods]');
  if (!phone || !list) return;
  var chosen = false;
  var guess = null;
  // As they came: one that fits is moved, and those of other countries lie in a fold.
  var options = list.querySelectorAll('[data-prefixes]');
  var away = [];
  for (var a = 0; a < options.length; a++) away.push(options[a].parentNode !== list);
  list.addEventListener('change', function () { chosen = true; });
  phone.addEventListener('input', function () {
    var digits = phone.value.replace(/[^0-9]/g, '').replace(/^00/, '');
    var best = null;
    for (var k = 0; k < options.length; k++) {
      var calling = options[k].getAttribute('data-calling');
      var isWhole = digits.indexOf(calling) === 0;
      var national = isWhole ? digits.slice(calling.length) : digits;
      var prefixes = options[k].getAttribute('data-prefixes').split(' ');
      // The same digits mean another operator elsewhere: other countries' numbers need their code.
      if (away[k] && !isWhole) prefixes = [];
      // In some countries a 0 goes before the number, in others it is a part of it.
      var fits = prefixes.some(function (prefix) {
        return prefix !== '' && (national.indexOf(prefix) === 0 || national.indexOf('0' + prefix) === 0);
      });
      var mark = options[k].querySelector('[data-suggested]');
      if (mark) mark.hidden = !fits;
      if (fits && !best) best = options[k];
    }
    if (chosen || (best && guess && best === guess.option)) return;
    // What was guessed before goes back to where it lay.
    if (guess) {
      guess.parent.insertBefore(guess.option, guess.next);
      guess.option.querySelector('input').checked = false;
      if (guess.before) guess.before.checked = true;
      guess = null;
    }
    if (!best) return;
    var before = list.querySelector('input:checked');
    guess = { option: best, parent: best.parentNode, next: best.nextSibling, before: before };
    list.insertBefore(best, list.firstChild);
    best.querySelector('input').checked = true;
  });
})();
`;
