// Draws one view at a time; sends what the operator does as a message. A typed secret is never in the model: it leaves in
// a message and its field is emptied at once.
const CLIPBOARD_SECONDS = 45, SHOWN_SECONDS = 10, PAD_BYTES = 256;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'html') element.innerHTML = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

let numbers = 0;

function field(spec) {
  const id = `releve-${numbers += 1}`;
  const help = spec.help ? make('span', { class: 'rv-help', id: `${id}-help` }, spec.help) : null;
  const described = spec.help ? `${id}-help` : null;
  if (spec.kind === 'check') {
    const box = make('input', { type: 'checkbox', id, name: spec.name, checked: Boolean(spec.value), 'aria-describedby': described });
    return make('div', { class: 'rv-check' }, box, make('label', { for: id }, spec.label), help);
  }
  if (spec.kind === 'choice') {
    const options = spec.options.map(([value, label]) => {
      const one = `${id}-${value}`;
      return make('div', { class: 'rv-check' },
        make('input', { type: 'radio', id: one, name: `${id}`, 'data-name': spec.name, value, checked: value === spec.value }),
        make('label', { for: one }, label));
    });
    return make('fieldset', { class: 'rv-choice' }, make('legend', {}, spec.label), ...options, help);
  }
  const hidden = spec.kind === 'password';
  const input = make('input', {
    type: hidden ? 'password' : 'text', id, name: spec.name, value: hidden ? null : spec.value, maxlength: spec.maxlength,
    inputmode: spec.digits ? 'numeric' : null, autocomplete: hidden ? 'new-password' : 'off', spellcheck: 'false',
    'aria-describedby': described, size: spec.size ?? 32, placeholder: spec.placeholder, 'data-lpignore': 'true', autocapitalize: 'off',
  });
  const eye = hidden && spec.eye !== false ? make('button', {
    type: 'button', class: 'rv-eye', 'aria-pressed': 'false',
    onclick: event => {
      const seen = input.type === 'password';
      input.type = seen ? 'text' : 'password';
      event.target.textContent = seen ? 'Cacher' : 'Voir';
      event.target.setAttribute('aria-pressed', String(seen));
    },
  }, 'Voir') : null;
  return make('div', { class: 'rv-field' }, make('label', { for: id }, spec.label), make('div', { class: 'rv-line' }, input, eye), help);
}

function read(root, view) {
  const values = {}, secrets = {};
  for (const spec of view.fields) {
    if (spec.kind === 'choice') values[spec.name] = root.querySelector(`[data-name="${spec.name}"]:checked`)?.value ?? '';
    else {
      const input = root.querySelector(`[name="${spec.name}"]`);
      if (spec.kind === 'check') values[spec.name] = input.checked;
      else if (spec.kind === 'password') { secrets[spec.name] = input.value; input.value = ''; input.type = 'password'; }
      else values[spec.name] = input.value;
    }
  }
  return { values, secrets };
}

function bytes(text) { return Uint8Array.from(atob(text), character => character.charCodeAt(0)); }

// The hand-over of the new password: to the clipboard, or to the screen for a moment.
function handOver(model, root, tell) {
  let pad = null, timers = [];
  const later = (seconds, act) => { timers.push(setTimeout(act, seconds * 1000)); };
  const empty = async () => {
    try {
      await navigator.clipboard.writeText('');
      tell('Le presse-papiers est vidé.');
    } catch {
      tell("Le presse-papiers n'a pas encore pu être vidé : revenez un instant sur cette page, il le sera.");
      window.addEventListener('focus', empty, { once: true });
    }
  };
  const copy = async value => {
    try {
      await navigator.clipboard.writeText(value);
      tell(`Copié. Collez-le dans Corail (Ctrl + V). Le presse-papiers sera vidé dans ${CLIPBOARD_SECONDS} secondes.`);
      later(CLIPBOARD_SECONDS, empty);
    } catch {
      tell("Votre navigateur n'a pas permis la copie. Utilisez « Le voir 10 secondes ».");
    }
  };
  const show = value => {
    const place = root.querySelector('.rv-secret');
    place.textContent = value;
    place.hidden = false;
    tell(`Recopiez-le exactement : il disparaîtra dans ${SHOWN_SECONDS} secondes.`);
    later(SHOWN_SECONDS, () => { place.textContent = ''; place.hidden = true; tell(''); });
  };
  return {
    ask(action) {
      pad = crypto.getRandomValues(new Uint8Array(PAD_BYTES));
      model.send({ action, pad: btoa(String.fromCharCode(...pad)) });
    },
    received({ secret, action }) {
      if (!pad) return; // another view of the same panel asked
      const value = new TextDecoder().decode(bytes(secret).map((byte, index) => byte ^ pad[index]));
      pad = null;
      (action === 'copy' ? copy : show)(value);
    },
    stop() { timers.forEach(clearTimeout); },
  };
}

function countdown(seconds, done) {
  const place = make('span', { class: 'rv-countdown' });
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    place.textContent = left ? `Encore ${Math.floor(left / 60)} min ${String(left % 60).padStart(2, '0')} s` : done;
    if (left && place.isConnected) setTimeout(tick, 1000);
  };
  setTimeout(tick, 0);
  return place;
}

function act(action, view) {
  if (action.open) return globalThis.releveLab ? globalThis.releveLab.open(action.open, action.run) : window.open(`/lab/tree/${action.open}`);
}

function render({ model, el }) {
  const root = make('section', { class: 'rv', 'data-lm-suppress-shortcuts': 'true' });
  el.append(root);
  let hand = null, tell = () => {};

  const answer = (view, action) => {
    const sent = { action, turn: view.turn, ...read(root, view) };
    root.querySelectorAll('button, input').forEach(each => { each.disabled = true; });
    root.setAttribute('aria-busy', 'true');
    model.send(sent);
  };

  const draw = () => {
    const view = model.get('view');
    if (!view || !view.heading) { root.replaceChildren(); return; }
    const held = root.contains(document.activeElement);
    hand?.stop();
    root.removeAttribute('aria-busy');
    root.className = `rv rv-${view.tone ?? 'plain'}${view.wide ? ' rv-wide' : ''}`;
    const status = make('p', { class: 'rv-status', role: 'status' });
    tell = text => { status.textContent = text; };
    hand = handOver(model, root, tell);
    const title = `releve-${numbers += 1}`;
    root.setAttribute('aria-labelledby', title);
    const buttons = view.buttons.map(each => make('button', {
      type: each.style === 'primary' ? 'submit' : 'button', class: `rv-button rv-${each.style}`, 'data-action': each.action,
      onclick: each.style === 'primary' ? () => {} : () => (each.hand ? hand.ask(each.action) : answer(view, each.action)),
    }, each.label));
    const primary = view.buttons.find(each => each.style === 'primary');
    const go = event => {
      event.preventDefault();
      if (primary) primary.hand ? hand.ask(primary.action) : answer(view, primary.action);
    };
    const form = make('form', {
      autocomplete: 'off',
      onsubmit: go,
      // JupyterLab keeps a form from being submitted by the key itself.
      onkeydown: event => { if (event.key === 'Enter' && event.target.matches('input:not([type=checkbox], [type=radio])')) go(event); },
    },
      ...view.fields.map(field),
      view.countdown ? countdown(view.countdown, 'Ce code a sans doute expiré : demandez-en un autre.') : null,
      view.error ? make('p', { class: 'rv-error', role: 'alert' }, view.error) : null,
      make('output', { class: 'rv-secret', hidden: true }),
      buttons.length ? make('div', { class: 'rv-buttons' }, ...buttons) : null,
      status);
    root.replaceChildren(
      view.tag ? make('p', { class: 'rv-tag' }, view.tag) : '',
      make('h3', { id: title, class: 'rv-heading' }, view.working ? make('span', { class: 'rv-spinner', 'aria-hidden': 'true' }) : null, view.heading),
      make('div', { class: 'rv-body', html: view.body }),
      form);
    if (view.working) root.setAttribute('aria-live', 'polite');
    root.querySelectorAll('[data-answer]').forEach(each => each.addEventListener('click', event => {
      event.preventDefault();
      answer(view, each.dataset.answer);
    }));
    if (view.go) act(view.go, view);
    if (view.focus !== false && (view.buttons.length || view.fields.length) && !view.working) {
      requestAnimationFrame(() => {
        root.scrollIntoView({ block: root.offsetHeight > window.innerHeight * .7 ? 'start' : 'nearest' });
        const first = root.querySelector('[aria-invalid], .rv-field input, .rv-check input, .rv-primary');
        if (first && (held || !document.activeElement || !document.activeElement.matches('input, textarea, .cm-content'))) { first.focus({ preventScroll: true }); first.select?.(); }
      });
    }
  };
  const received = content => { if (content.secret !== undefined) hand?.received(content); };
  model.on('change:view', draw);
  model.on('msg:custom', received);
  draw();
  return () => { hand?.stop(); model.off('change:view', draw); model.off('msg:custom', received); };
}

export default { render };
