// Draws one view at a time; sends what the operator does as a message. A typed secret is never in the model: it leaves in
// a message and its field is emptied at once.
const CLIPBOARD_SECONDS = 45, SHOWN_SECONDS = 10, PAD_BYTES = 256;

// A colon or a guillemet never stands alone at the beginning of a line.
const french = text => text.replace(/« /g, '«\u00a0').replace(/ (?=[»:;?!](?:\s|[.,)<]|$))/g, '\u00a0');

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'html') element.innerHTML = french(value);
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  const given = children.filter(child => child !== null && child !== undefined);
  element.append(...given.map(child => (typeof child === 'string' ? french(child) : child)));
  return element;
}

// A page that shows what a record says is given as nodes, [tag, attributes, ...children]: no text of it becomes HTML.
function build(node) {
  if (typeof node === 'string') return node;
  const [tag, attributes, ...children] = node;
  return make(tag, attributes, ...children.map(build));
}

let numbers = 0;
const mine = Math.random().toString(36).slice(2); // each panel has this module to itself, and ids are the page's

function field(spec) {
  const id = `releve-${mine}-${numbers += 1}`;
  const help = spec.help ? make('span', { class: 'rv-help', id: `${id}-help` }, spec.help) : null;
  const described = spec.help ? `${id}-help` : null;
  const wrong = spec.invalid ? 'true' : null;
  if (spec.kind === 'check') {
    const box = make('input', { type: 'checkbox', id, name: spec.name, checked: Boolean(spec.value), 'aria-describedby': described, 'aria-invalid': wrong });
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
    'aria-describedby': described, 'aria-invalid': wrong, size: spec.size ?? 32, placeholder: spec.placeholder, 'data-lpignore': 'true', autocapitalize: 'off',
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

// The hand-over of the new password: to the clipboard, or to the screen for a moment. The clipboard is emptied whatever is
// shown by then: one goes on to the next form long before.
function handOver(model, root) {
  let pad = null, emptying = 0;
  const tell = text => {
    const places = [...root.querySelectorAll('.rv-status'), ...document.querySelectorAll('.rv-status')];
    const seen = places.find(each => each.closest('.rv').offsetParent);
    if (seen) seen.textContent = text;
  };
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
      clearTimeout(emptying);
      emptying = setTimeout(empty, CLIPBOARD_SECONDS * 1000);
    } catch {
      tell("Votre navigateur n'a pas permis la copie. Utilisez « Le voir 10 secondes ».");
    }
  };
  const show = value => {
    const place = root.querySelector('.rv-secret');
    place.textContent = value;
    place.hidden = false;
    tell(`Recopiez-le exactement : il disparaîtra dans ${SHOWN_SECONDS} secondes.`);
    setTimeout(() => { place.textContent = ''; place.hidden = true; if (place.isConnected) tell(''); }, SHOWN_SECONDS * 1000);
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

function act(action, answer) {
  if (action.end) return Promise.resolve(globalThis.releveLab?.end(action.end)).then(() => answer(action.then));
  if (action.open) return globalThis.releveLab ? globalThis.releveLab.open(action.open, action.run) : window.open(`/lab/tree/${action.open}`);
}

// Run All leaves the page at its end: who does nothing is shown the step at work, who scrolls or types is left alone.
const FOLLOW_AFTER_MS = 3000;
if (globalThis.releveTouched === undefined) {
  globalThis.releveTouched = 0;
  const touched = () => { globalThis.releveTouched = Date.now(); };
  for (const kind of ['wheel', 'pointerdown', 'keydown']) window.addEventListener(kind, touched, { capture: true, passive: true });
}

function render({ model, el }) {
  const root = make('section', { class: 'rv', tabindex: '-1', 'data-lm-suppress-shortcuts': 'true' });
  el.append(root);
  const hand = handOver(model, root);

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
    root.removeAttribute('aria-busy');
    root.className = `rv rv-${view.tone ?? 'plain'}${view.wide ? ' rv-wide' : ''}`;
    const status = make('p', { class: 'rv-status', role: 'status' });
    const title = `releve-${mine}-${numbers += 1}`;
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
      view.error ? make('p', { class: 'rv-error', role: 'alert' }, view.error) : null,
      ...view.fields.map(field),
      view.countdown ? countdown(view.countdown, 'Ce code a sans doute expiré : demandez-en un autre.') : null,
      make('output', { class: 'rv-secret', hidden: true }),
      buttons.length ? make('div', { class: 'rv-buttons' }, ...buttons) : null,
      status);
    root.replaceChildren(
      view.tag ? make('p', { class: 'rv-tag' }, view.tag) : '',
      make('h3', { id: title, class: 'rv-heading' }, view.working ? make('span', { class: 'rv-spinner', 'aria-hidden': 'true' }) : null, view.heading),
      make('div', { class: 'rv-body', html: view.body }),
      ...(view.nodes ? [make('div', { class: 'rv-body' }, ...view.nodes.map(build))] : []),
      form);
    if (view.working) root.setAttribute('aria-live', 'polite');
    root.querySelectorAll('[data-answer]').forEach(each => each.addEventListener('click', event => {
      event.preventDefault();
      answer(view, each.dataset.answer);
    }));
    root.querySelectorAll('[data-open]').forEach(each => each.addEventListener('click', event => {
      event.preventDefault();
      act({ open: each.dataset.open });
    }));
    if (view.go) act(view.go, action => answer(view, action));
    const asks = view.look || (!view.working && (view.buttons.length || view.fields.length));
    if (view.focus !== false && (asks || Date.now() - globalThis.releveTouched > FOLLOW_AFTER_MS)) {
      requestAnimationFrame(() => {
        const { top, bottom } = root.getBoundingClientRect(), tall = root.offsetHeight > window.innerHeight * .7;
        const seen = top > 80 && (tall ? top < window.innerHeight * .4 : bottom < window.innerHeight - 40);
        if (!seen) root.scrollIntoView({ block: tall ? 'start' : 'nearest' });
        if (!asks) return;
        // Never a button: the Enter of someone who runs cells one after the other would press it.
        const first = root.querySelector('[aria-invalid]') ?? root.querySelector('.rv-field input, .rv-check input') ?? root;
        if (held || !document.activeElement || !document.activeElement.matches('input, textarea, .cm-content')) { first.focus({ preventScroll: true }); first.select?.(); }
      });
    }
  };
  const received = content => { if (content.secret !== undefined) hand.received(content); };
  model.on('change:view', draw);
  model.on('msg:custom', received);
  draw();
  return () => { model.off('change:view', draw); model.off('msg:custom', received); };
}

export default { render };
