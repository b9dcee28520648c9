// Changes the control of that mark as soon as it is drawn, in whichever open shadow root. A decoy looks as
// it does, and leads where nobody asked to go.
(mark, done) => {
  const seen = new WeakSet();
  const each = (root, f) => root.querySelectorAll('*').forEach(el => { f(el); if (el.shadowRoot) each(el.shadowRoot, f); });
  const textsOf = el => {
    const walk = document.createTreeWalker(el, NodeFilter.SHOW_TEXT), found = [];
    while (walk.nextNode()) if (walk.currentNode.nodeValue.trim()) found.push(walk.currentNode);
    return found;
  };
  const called = el => el.tagName === 'INPUT' ? el.value : el.textContent.trim() || el.title || el.getAttribute('aria-label') || '';
  const call = (el, words) => {
    if (el.tagName === 'INPUT') el.value = words;
    textsOf(el).forEach((node, n) => { node.nodeValue = n ? '' : words; });
    for (const name of ['title', 'aria-label']) if (el.hasAttribute(name)) el.setAttribute(name, words);
  };
  const decoy = el => {
    const trap = el.cloneNode(true);
    trap.__decoy = true;
    for (const { name } of [...trap.attributes]) if (/^(?:id|name|data-|on|ng-|form)/.test(name)) trap.removeAttribute(name);
    if (trap.tagName === 'A') trap.href = '/piege/leurre';
    else if (/^(?:BUTTON|INPUT)$/.test(trap.tagName)) trap.type = 'button';
    trap.setAttribute('onclick', "event.stopPropagation(); location.href = '/piege/leurre'; return false");
    el.before(trap);
    return trap;
  };
  const changes = {
    twin: decoy,
    more: el => call(decoy(el), `Supprimer, puis ${called(el)}`),
    hide: el => { el.style.setProperty('display', 'none', 'important'); },
    grey: el => { el.disabled = true; el.setAttribute('aria-disabled', 'true'); },
    rename: el => {
      const old = called(el);
      each(document, other => { if (other.tagName === el.tagName && !other.__decoy && called(other) === old) call(other, 'Rubrique verte'); });
    },
  };
  const act = () => each(document, el => {
    const [number, action] = (el.getAttribute('data-person') ?? '').split(' ');
    if (Number(number) !== mark || !/click|pick|check/.test(action) || seen.has(el)) return;
    seen.add(el);
    done.forEach(name => changes[name](el));
  });
  setInterval(act, 30);
  act();
}
