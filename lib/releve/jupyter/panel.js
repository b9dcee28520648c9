// Draws one view at a time; sends what the operator does as a message. A typed secret is never in the model: it leaves in
// a message and its field is emptied at once. What it says is the table of texts' (`words`).
const CLIPBOARD_SECONDS = 45, SHOWN_SECONDS = 60, GROUP = 4, PAD_BYTES = 256;

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
const said = (words, name, facts = {}) => words[name].replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);

// What is wrong with a field stands under it, and is read with it.
function tellWrong(place, text) {
  const input = place.querySelector('input, fieldset');
  place.querySelector('.rv-field-error').textContent = french(text);
  if (text) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

function field(spec, words, wrong, leave) {
  const id = `releve-${mine}-${numbers += 1}`;
  const help = spec.help ? make('span', { class: 'rv-help', id: `${id}-help` }, spec.help) : null;
  const error = make('span', { class: 'rv-field-error', id: `${id}-error` }, wrong ?? '');
  const described = [`${id}-error`, ...(spec.help ? [`${id}-help`] : [])].join(' ');
  const about = { 'aria-describedby': described, 'aria-invalid': wrong ? 'true' : null };
  const boxed = (name, ...children) => make('div', { class: name, 'data-field': spec.name }, ...children);
  if (spec.kind === 'check') {
    const box = make('input', { type: 'checkbox', id, name: spec.name, checked: Boolean(spec.value), ...about });
    return boxed('rv-check', box, make('label', { for: id }, spec.label), help, error);
  }
  if (spec.kind === 'several') {
    const options = spec.options.map(([value, label]) => {
      const one = `${id}-${value}`;
      return make('div', { class: 'rv-check' },
        make('input', { type: 'checkbox', id: one, 'data-several': spec.name, value, checked: (spec.value ?? []).includes(value) }),
        make('label', { for: one }, label));
    });
    return make('fieldset', { class: 'rv-choice', 'data-field': spec.name, ...about }, make('legend', {}, spec.label), ...options, help, error);
  }
  const hidden = spec.kind === 'password';
  const input = make('input', {
    type: hidden ? 'password' : 'text', id, name: spec.name, value: hidden ? null : spec.value, maxlength: spec.maxlength,
    inputmode: spec.digits ? 'numeric' : null, autocomplete: hidden ? 'new-password' : 'off', spellcheck: 'false',
    ...about, size: spec.size ?? 32, 'data-lpignore': 'true', autocapitalize: 'off',
    onchange: spec.check ? event => leave(spec.name, event.target.value) : () => {},
  });
  const eye = hidden ? make('button', {
    type: 'button', class: 'rv-eye', 'aria-pressed': 'false', 'aria-label': `${words.see} : ${spec.label}`,
    onclick: event => {
      const seen = input.type === 'password';
      input.type = seen ? 'text' : 'password';
      event.target.textContent = seen ? words.hide : words.see;
      event.target.setAttribute('aria-pressed', String(seen));
    },
  }, words.see) : null;
  return boxed('rv-field', make('label', { for: id }, spec.label), make('div', { class: 'rv-line' }, input, eye), help, error);
}

function read(root, view) {
  const values = {}, secrets = {};
  for (const spec of view.fields) {
    if (spec.kind === 'several') values[spec.name] = [...root.querySelectorAll(`[data-several="${spec.name}"]:checked`)].map(each => each.value);
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

// By fours, each character of a kind of its own colour, with the names of those that are taken for others.
function spelled(value, words) {
  const kind = character => (/\d/.test(character) ? 'digit' : /\p{L}/u.test(character) ? 'letter' : 'sign');
  const groups = [...value].reduce((all, character, at) => {
    if (at % GROUP === 0) all.push([]);
    all.at(-1).push(make('span', { class: `rv-${kind(character)}` }, character));
    return all;
  }, []).map(group => make('span', { class: 'rv-group' }, ...group));
  const named = [...new Set(value)].filter(each => words[`looks-like.${each}`]);
  const legend = named.map(each => make('li', {}, make('code', {}, each), ` = ${words[`looks-like.${each}`]}`));
  return [make('div', { class: 'rv-groups' }, ...groups), legend.length ? make('ul', { class: 'rv-legend' }, ...legend) : ''];
}

// The hand-over of the new password: to the clipboard, or to the screen for a moment. The clipboard is emptied whatever is
// shown by then: one goes on to the next form long before.
function handOver(model, root, words) {
  let pad = null, emptying = 0, hiding = 0;
  const tell = text => {
    const places = [...root.querySelectorAll('.rv-status'), ...document.querySelectorAll('.rv-status')];
    const seen = places.find(each => each.closest('.rv').offsetParent);
    if (seen) seen.textContent = french(text);
  };
  const empty = async () => {
    try {
      await navigator.clipboard.writeText('');
      tell(words.emptied);
    } catch {
      tell(words['not-emptied']);
      window.addEventListener('focus', empty, { once: true });
    }
  };
  // What comes next is the button beside: it is in sight, and so is what was just handed over or said.
  const handed = (shown, done = true) => {
    const form = root.querySelector('form');
    if (done) form?.classList.add('rv-copied');
    requestAnimationFrame(() => [form, shown].forEach(each => each?.scrollIntoView({ block: 'nearest' })));
  };
  const copy = async value => {
    try {
      await navigator.clipboard.writeText(value);
      tell(said(words, 'copied', { seconds: CLIPBOARD_SECONDS }));
      handed(root.querySelector('.rv-status'));
      clearTimeout(emptying);
      emptying = setTimeout(empty, CLIPBOARD_SECONDS * 1000);
    } catch {
      tell(words['not-copied']);
      handed(root.querySelector('.rv-status'), false);
    }
  };
  const show = value => {
    const place = root.querySelector('.rv-secret');
    place.replaceChildren(...spelled(value, words));
    place.hidden = false;
    handed(place);
    tell(said(words, 'shown', { seconds: SHOWN_SECONDS }));
    clearTimeout(hiding);
    hiding = setTimeout(() => { place.replaceChildren(); place.hidden = true; if (place.isConnected) tell(''); }, SHOWN_SECONDS * 1000);
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

function countdown(seconds, words) {
  const place = make('span', { class: 'rv-countdown' });
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    const time = { minutes: Math.floor(left / 60), seconds: String(left % 60).padStart(2, '0') };
    place.textContent = left ? said(words, 'left', time) : words['code-too-old'];
    if (left && place.isConnected) setTimeout(tick, 1000);
  };
  setTimeout(tick, 0);
  return place;
}

function act(action, answer) {
  if (action.end) return Promise.resolve(globalThis.releveLab?.end(action.end)).then(() => answer(action.then));
  if (action.open) return globalThis.releveLab ? globalThis.releveLab.open(action.open, action.run, action.anew) : window.open(`/doc/tree/${action.open}`);
}

// What this panel says, alone on a sheet: no field, no button, and nothing of a password.
function print(root) {
  const frame = make('iframe', { class: 'rv-print', title: '', 'aria-hidden': 'true' });
  document.body.append(frame);
  const sheet = root.cloneNode(true);
  sheet.querySelectorAll('form, .rv-tools, progress').forEach(each => each.remove());
  frame.contentDocument.body.style.font = '14pt/1.5 system-ui, sans-serif';
  frame.contentDocument.body.append(frame.contentDocument.adoptNode(sheet));
  frame.contentWindow.onafterprint = () => frame.remove();
  frame.contentWindow.print();
}

// One step in sight: the three before are titles, as are those after; what is here alone is open. Only while a panel asks
// or works: what is finished is read whole.
function oneStep(el) {
  const here = el.closest('.jp-Cell'), all = here?.parentElement?.children;
  if (!here || el.closest('.releve-home')) return;
  const at = [...all].indexOf(here);
  [...all].forEach((cell, n) => {
    const place = n > at ? 'next' : n < at - 7 ? 'past' : n < at - 1 ? 'done' : 'now';
    if (cell.dataset.rvPlace !== place) cell.dataset.rvPlace = place;
  });
  el.closest('.jp-Notebook')?.classList.add('rv-one');
}

// Run All leaves the page at its end: who does nothing is shown the step at work, who scrolls or types is left alone.
const FOLLOW_AFTER_MS = 3000;
if (globalThis.releveTouched === undefined) {
  globalThis.releveTouched = 0;
  const touched = () => { globalThis.releveTouched = Date.now(); };
  for (const kind of ['wheel', 'pointerdown', 'keydown']) window.addEventListener(kind, touched, { capture: true, passive: true });
}

function render({ model, el }) {
  const words = model.get('words');
  const root = make('section', { class: 'rv', tabindex: '-1', 'data-lm-suppress-shortcuts': 'true' });
  el.append(root);
  const hand = handOver(model, root, words);

  const answer = (view, action) => {
    const sent = { action, turn: view.turn, ...read(root, view) };
    root.querySelectorAll('button, input').forEach(each => { each.disabled = true; });
    root.setAttribute('aria-busy', 'true');
    model.send(sent);
  };

  const drawn = (view, each) => make('button', {
    type: each.style === 'primary' ? 'submit' : 'button', class: `rv-button rv-${each.style}${each.hand ? ' rv-hand' : ''}`, 'data-action': each.action,
    onclick: each.style === 'primary' ? () => {} : () => (each.hand ? hand.ask(each.action) : answer(view, each.action)),
  }, each.label);

  const draw = () => {
    const view = model.get('view');
    if (!view || !view.heading) { root.replaceChildren(); return; }
    const known = typeof view.progress === 'number';
    if (known || view.working) (el.isConnected ? oneStep(el) : requestAnimationFrame(() => oneStep(el)));
    const held = root.contains(document.activeElement);
    root.removeAttribute('aria-busy');
    root.className = `rv rv-${view.tone ?? 'plain'}${view.wide ? ' rv-wide' : ''}`;
    const status = make('p', { class: 'rv-status', role: 'status' });
    const title = `releve-${mine}-${numbers += 1}`;
    root.setAttribute('aria-labelledby', title);
    const wrong = view.wrong ?? {}, count = Object.keys(wrong).length;
    const buttons = view.buttons.map(each => drawn(view, each));
    const primary = view.buttons.find(each => each.style === 'primary');
    const first = view.buttons.find(each => each.hand);
    const form = make('form', {
      autocomplete: 'off', novalidate: true, class: first && first === view.buttons[0] && primary ? 'rv-hands' : null,
      onsubmit: event => {
        event.preventDefault();
        if (primary) answer(view, primary.action);
      },
      // JupyterLab keeps a form from being submitted by the key itself.
      onkeydown: event => {
        if (event.key !== 'Enter' || !event.target.matches('input:not([type=checkbox], [type=radio])')) return;
        event.preventDefault();
        if (primary) answer(view, primary.action);
      },
    },
      view.error ? make('p', { class: 'rv-error', role: 'alert' }, view.error) : null,
      count > 1 ? make('p', { class: 'rv-error', role: 'alert' }, said(words, 'mend', { count })) : null,
      ...view.fields.map(spec => field(spec, words, wrong[spec.name], (name, value) => model.send({ check: name, value }))),
      view.countdown ? countdown(view.countdown, words) : null,
      make('output', { class: 'rv-secret', hidden: true, 'aria-live': 'off' }),
      buttons.length ? make('div', { class: 'rv-buttons' }, ...buttons) : null,
      status);
    const tools = (view.tools ?? []).map(each => drawn(view, each));
    const bar = known ? said(words, 'progress', { done: view.progress, of: 12 }) : '';
    root.replaceChildren(
      known ? make('p', { class: 'rv-progress' }, make('progress', { max: 12, value: view.progress, 'aria-label': bar }), bar) : '',
      view.notice ? make('div', { class: 'rv-notice', html: view.notice }) : '',
      make(`h${model.get('level') ?? 3}`, { id: title, class: 'rv-heading' }, view.working ? make('span', { class: 'rv-spinner', 'aria-hidden': 'true' }) : null, view.heading),
      view.body ? make('div', { class: 'rv-body', html: view.body }) : '',
      ...(view.nodes ? [make('div', { class: 'rv-body' }, ...view.nodes.map(build))] : []),
      form,
      tools.length ? make('div', { class: 'rv-tools' }, ...tools, make('button', { type: 'button', class: 'rv-button rv-link', onclick: () => print(root) }, words.print)) : '');
    if (count === 1) form.querySelector('.rv-field-error:not(:empty)')?.setAttribute('role', 'alert');
    if (view.working) root.setAttribute('aria-live', 'polite');
    else root.removeAttribute('aria-live');
    root.querySelectorAll('[data-answer]').forEach(each => each.addEventListener('click', event => {
      event.preventDefault();
      answer(view, each.dataset.answer);
    }));
    if (view.go) act(view.go, action => answer(view, action));
    const asks = view.look || (!view.working && (view.buttons.length || view.fields.length));
    if (asks || Date.now() - globalThis.releveTouched > FOLLOW_AFTER_MS) {
      requestAnimationFrame(() => {
        const { top, bottom } = root.getBoundingClientRect(), tall = root.offsetHeight > window.innerHeight * .7;
        const seen = top > 80 && (tall ? top < window.innerHeight * .4 : bottom < window.innerHeight - 40);
        if (!seen) root.scrollIntoView({ block: tall ? 'start' : 'nearest' });
        if (!asks) return;
        // Never a button: the Enter of someone who runs cells one after the other would press it.
        const first = root.querySelector('input[aria-invalid], [aria-invalid] input') ?? root.querySelector('.rv-field input, .rv-check input') ?? root;
        if (held || !document.activeElement || !document.activeElement.matches('input, textarea, .cm-content')) { first.focus({ preventScroll: true }); first.select?.(); }
        if (count) first.scrollIntoView({ block: 'center' });
      });
    }
  };
  const received = content => {
    if (content.secret !== undefined) hand.received(content);
    if (content.checked !== undefined) {
      const place = root.querySelector(`[data-field="${content.checked}"]`);
      if (place) tellWrong(place, content.wrong);
    }
  };
  model.on('change:view', draw);
  model.on('msg:custom', received);
  draw();
  return () => { model.off('change:view', draw); model.off('msg:custom', received); };
}

export default { render };
