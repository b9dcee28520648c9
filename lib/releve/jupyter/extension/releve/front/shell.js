// The bar above the page, JupyterLab's menus put away, and the keyboard left to the forms.
const PLAIN = 'releve-plain', NARROW = '(max-width: 760px)';

// The table of texts' own, which the server gives the page.
const words = JSON.parse(document.getElementById('jupyter-config-data').textContent).releve;
export const say = (name, facts = {}) => words[`page.${name}`].replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);

export function make(tag, attributes, ...children) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

// A key that types a digit must not restart a kernel (WCAG 2.1.4): JupyterLab's shortcuts come back with its menus.
export function keysAreTheForms(app) {
  const process = app.commands.processKeydownEvent.bind(app.commands);
  app.commands.processKeydownEvent = event => {
    if (!document.body.classList.contains(PLAIN)) return process(event);
    if ((event.ctrlKey || event.metaKey) && event.key === 's') event.preventDefault(); // saved as it goes
    return undefined;
  };
}

async function quit(app) {
  if (!window.confirm(say('sure'))) return;
  const { serverSettings } = app.serviceManager;
  const request = { method: 'POST', headers: { 'X-XSRFToken': /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? '' } };
  await fetch(new URL('api/shutdown', serverSettings.baseUrl), request).catch(() => {});
  const text = '<!doctype html><html lang="fr"><meta charset="utf-8"><title>' + say('closed')
    + '</title><body style="font:18px/1.5 system-ui,sans-serif;margin:3em"><h1>' + say('closed') + '</h1><p>' + say('close-tab') + '</p>';
  location.replace(URL.createObjectURL(new Blob([text], { type: 'text/html' })));
}

export function bar(app, Widget, tracker, { home, title }) {
  document.body.classList.add(PLAIN);
  const name = make('strong', { textContent: 'Relève' });
  const menus = make('button', { type: 'button', className: 'releve-quiet', textContent: say('menus') });
  const fit = () => {
    app.shell.fit();
    [...app.shell.layout].forEach(each => each.fit());
  };
  menus.onclick = () => {
    const plain = document.body.classList.toggle(PLAIN);
    menus.setAttribute('aria-pressed', String(!plain));
    fit();
  };
  matchMedia(NARROW).addEventListener('change', fit); // the bar is higher there, and JupyterLab gives it room when told
  menus.setAttribute('aria-pressed', 'false');
  const node = make('nav', { className: 'releve-bar', ariaLabel: 'Relève' },
    name,
    make('a', { className: 'releve-corail', target: '_blank', rel: 'noopener', textContent: say('training-program') }),
    make('button', { type: 'button', textContent: say('home'), onclick: home }),
    make('button', { type: 'button', textContent: say('quit'), onclick: () => quit(app) }),
    menus);
  const widget = new Widget({ node });
  widget.id = 'releve-bar';
  app.shell.add(widget, 'header', { rank: 0 });
  const show = () => { name.textContent = tracker.currentWidget ? `Relève · ${title(tracker.currentWidget)}` : 'Relève'; };
  tracker.currentChanged.connect(show);
  tracker.currentChanged.connect((_, panel) => panel?.context.ready.then(show));
  app.restored.then(() => {
    app.shell.collapseLeft?.();
    app.shell.collapseRight?.();
    document.querySelectorAll('a.skip-link').forEach(link => { link.textContent = say('content'); }); // in no language pack
  });
}

// The browser's tab is named after what it shows, and calls when a question waits in it.
export function callByTitle(tracker, { title, about }) {
  const asks = panel => [...panel.node.querySelectorAll('.rv')].some(
    each => each.offsetParent && !each.matches('.rv-work, [aria-busy]') && each.querySelector('button:not(:disabled)'));
  const show = () => {
    const panel = tracker.currentWidget;
    const { training, corail } = about(panel);
    document.body.classList.toggle('releve-training', Boolean(training));
    const link = document.querySelector('.releve-corail');
    if (corail && link.href !== corail) link.href = corail;
    link.hidden = !corail;
    const named = panel ? `${title(panel)} · Relève` : 'Relève';
    const calls = panel && !panel.hasClass('releve-home') && asks(panel) ? say('yours', { title: named }) : named;
    if (document.title !== calls) document.title = calls;
  };
  let due = 0;
  const soon = () => { due ||= requestAnimationFrame(() => { due = 0; show(); }); };
  new MutationObserver(soon).observe(document.head, { childList: true, subtree: true, characterData: true });
  new MutationObserver(soon).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['class', 'aria-busy', 'disabled'] });
}
