// One walk through a document: everything that a person could point at, with the evidence for what it
// is called, and the texts and numbers that say whose it is. It changes nothing and decides nothing.
// Elements keep their number for as long as the document lives. `reading`: what may be a password is
// told too, byte for byte. `shown`: what a person pointed at, by tag and text, reacts though it looks
// as if it did not. What is found is given as one text of JSON: Playwright takes four times as long for
// the things themselves.
({ reading, shown: pointed }) => {
  const memory = globalThis[Symbol.for('releve')] ??= { next: 1, ids: new WeakMap(), elements: new Map() };
  const idOf = el => {
    let id = memory.ids.get(el);
    if (!id) { id = memory.next++; memory.ids.set(el, id); memory.elements.set(id, new WeakRef(el)); }
    return id;
  };
  // Not by JSON.stringify alone: old libraries give every list a toJSON of their own.
  const json = it => Array.isArray(it) ? `[${it.map(json).join()}]`
    : it && typeof it === 'object' ? `{${Object.entries(it).filter(([, value]) => value !== undefined).map(([name, value]) => `${JSON.stringify(name)}:${json(value)}`).join()}}`
      : JSON.stringify(typeof it === 'string' ? it.toWellFormed() : it ?? null);   // a sign may be cut in two
  if (!innerWidth || !innerHeight || !document.body) return json({ things: [], texts: [], owners: [], tokens: [], folded: [], ready: true, doc: 0 });

  const SKIP = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'HEAD', 'LINK', 'META', 'OPTION', 'OPTGROUP', 'DATALIST']);
  const ROLES = {
    button: 'press', link: 'press', menuitem: 'press', menuitemradio: 'press', tab: 'press', switch: 'check',
    combobox: 'list', listbox: '', textbox: 'field', searchbox: 'field', checkbox: 'check', radio: 'radio',
    option: 'option', treeitem: 'option',
  };
  const BUTTONS = new Set(['submit', 'button', 'image', 'reset']);
  const CLICKS = ['onclick', 'ng-click', 'data-ng-click', 'x-on:click', '@click', 'v-on:click', 'jsaction', 'wire:click'];
  const SIRET = /(?<![\w@])\d(?:[\s.]?\d){13}(?![\w@])/g;
  const ACCOUNT = /(?:\w[\w.-]*)?TECH_\w+@[\w-]+(?:\.[\w-]+)*/gi;
  const LINE = '\u2028';   // where the page breaks a line
  const BLOCKS = /^(?:NAV|HEADER|FOOTER|ASIDE|MAIN|DIALOG|FORM|TABLE|UL|OL|DL|FIELDSET|DETAILS|ARTICLE|SECTION)$/;
  const FIELDS = new Set(['field', 'secret', 'list']);

  const flat = text => (text ?? '').replace(/[\s\u00ad\u200b]+/g, ' ').trim();
  const up = node => {
    const parent = node.assignedSlot ?? node.parentNode;
    return parent instanceof ShadowRoot ? parent.host : parent;
  };
  const inside = el => {
    if (el.shadowRoot) return el.shadowRoot.childNodes;
    if (el.tagName === 'SLOT') { const given = el.assignedNodes(); return given.length ? given : el.childNodes; }
    return el.childNodes;
  };
  const byId = (el, ids) => ids.split(/\s+/).map(id => el.getRootNode().getElementById?.(id)).filter(Boolean);

  const facts = new Map();   // element -> what the walk found of it
  const things = [], texts = [], owners = [], order = [];

  // A field of another type, which the style sheet draws as dots, or which says that it is for the password.
  const dotted = (el, style) => el.autocomplete !== 'one-time-code' && (el.autocomplete === 'current-password' || /text-security/.test(style?.fontFamily) || (style?.webkitTextSecurity ?? 'none') !== 'none');
  const kindOf = (el, style, before) => {
    const tag = el.tagName, role = (el.getAttribute('role') ?? '').split(' ')[0];
    if (tag === 'INPUT') {
      const type = el.type;
      if (type === 'hidden') return '';
      if (BUTTONS.has(type)) return 'press';
      if (type === 'checkbox') return 'check';
      if (type === 'radio') return 'radio';
      if (type === 'password' || !el.value && dotted(el, style)) return 'secret';
      if (role === 'combobox' || role === 'button' && el.getAttribute('aria-haspopup')) return 'list';
      return 'field';
    }
    if (tag === 'TEXTAREA') return 'field';
    if (tag === 'SELECT') return 'list';
    if (tag === 'A' && role === 'option' && !el.closest('[role=listbox]') && !/^(?:#|javascript:|$)/i.test(el.getAttribute('href') ?? '')) return 'press';
    if (role in ROLES) return ROLES[role];
    if (el.getAttribute('aria-haspopup') === 'listbox') return 'list';
    if (tag === 'BUTTON' || tag === 'SUMMARY' || (tag === 'A' || tag === 'AREA') && el.hasAttribute('href')) return 'press';
    if (el.isContentEditable && !up(el)?.isContentEditable) return 'field';
    if (/^\s*\w+\.stopPropagation\(\)[;\s]*$/.test(el.getAttribute('onclick'))) return '';   // keeps a click from what is around it
    if (CLICKS.some(name => el.hasAttribute(name)) || typeof el.onclick === 'function') return 'press';
    if (tag === 'LABEL' || tag === 'BODY' || tag === 'HTML') return '';
    if (style?.cursor === 'pointer' && before !== 'pointer') return 'press';
    if (pointed.some(([kind, text]) => tag.toLowerCase() === kind && text && el.textContent.length < 200 && flat(el.textContent) === text)) return 'press';
    if (el.tabIndex >= 0 && el.hasAttribute('tabindex') && (tag === 'A' || tag === 'DIV' || tag === 'SPAN' || tag === 'LI' || tag === 'TD')) return 'press';
    return '';
  };

  // A closed <details>, and what is "until-found", have boxes that are not drawn.
  const folded = el => {
    const parent = up(el);
    if (parent?.tagName === 'DETAILS') return !parent.open && el !== parent.querySelector(':scope > summary');
    return facts.get(parent)?.style?.contentVisibility === 'hidden';
  };

  // Every element once, in the order that is seen. Returns its visible text and its text for names.
  const visit = (el, state) => {
    const tag = el.tagName;
    if (SKIP.has(tag)) return ['', ''];
    let { drawn, hid, veil, cursor, layer, region, struck } = state, style = null, rect = null, spoken = !hid && state.spoken;
    if (!hid) {
      style = getComputedStyle(el);
      rect = el.getBoundingClientRect();
      const choice = tag === 'INPUT' && (el.type === 'checkbox' || el.type === 'radio');
      const tiny = (style.overflow !== 'visible' || /^(?:INPUT|SELECT|TEXTAREA|BUTTON)$/.test(tag)) && !choice && (rect.width < 2 || rect.height < 2) && style.display !== 'contents' && !style.display.startsWith('table') && style.display !== 'inline';
      if (style.display === 'none' || style.opacity === '0' && !choice || folded(el)) { hid = idOf(el); spoken = false; }
      else if (tiny && rect.width >= 1 && rect.width < 2 && rect.height >= 1) drawn = false;   // for readers of the screen only
      else if (tiny) { hid = idOf(el); spoken = false; }
      veil = style.visibility === 'visible' ? 0 : veil || idOf(el);
      if (/line-through/.test(style.textDecorationLine)) struck = true;
      if (style.position === 'fixed' || style.position === 'sticky' || el.matches('dialog, [role=dialog], [role=alertdialog], [aria-modal=true]')) layer = idOf(el);
    }
    const shown = drawn && !hid && !veil, id = idOf(el), path = [...state.path, id];
    spoken &&= !veil;
    if (/^(NAV|HEADER|FOOTER|ASIDE|MAIN)$/.test(tag)) region = tag.toLowerCase();
    else if (el.hasAttribute('role')) region = { navigation: 'nav', banner: 'header', contentinfo: 'footer', main: 'main' }[el.getAttribute('role')] ?? region;
    const kind = kindOf(el, style, cursor);
    const fact = { id, path, kind, shown, hid: hid || veil, spoken, rect, style, layer, region, struck, seen: '', all: '', own: false, count: 0, at: order.length };
    facts.set(el, fact); order.push(el);
    const next = { path, drawn, hid, veil, layer, region, struck, cursor: style?.cursor ?? cursor, spoken: !hid };
    let seen = '', all = '', mine = '', last = null, owned = owners.length;
    // A badge is no part of the name beside it, though nothing stands between the two.
    const glue = (text, from) => {
      if (!text.trim()) { mine += text; return; }
      const names = /TECH_/i.test(text) && !/[_.-]$/.test(mine) || /TECH_\w+@[\w-]+\.\w+$/i.test(mine) && !/^[_.-]/.test(text);
      mine += last && last !== from && names ? LINE + text : text;
      last = from;
    };
    for (const child of inside(el)) {
      if (child.nodeType === 3) {
        const text = style?.whiteSpace.startsWith('pre') ? child.nodeValue.replace(/\n/g, LINE) : child.nodeValue;
        if (text.trim()) fact.own = true;
        if (shown) seen += text;
        if (spoken) { all += text; glue(text, el); }
      } else if (child.nodeType === 1) {
        const [s, a] = visit(child, next);
        const part = facts.get(child), block = child.tagName === 'BR' || !['inline', 'contents'].includes(part?.style?.display ?? 'block');
        seen += child.tagName === 'BR' ? LINE : block ? ` ${s} ` : s; all += block ? ` ${a} ` : a; glue(block ? ` ${a} ` : a, child);
        fact.count += (part?.count ?? 0) + (part && part.shown && FIELDS.has(part.kind) ? 1 : 0);
      }
    }
    if (el.tagName === 'IMG' || el.tagName === 'svg') all += ` ${el.getAttribute('alt') ?? el.getAttribute('aria-label') ?? ''} `;
    else if (el.getAttribute('aria-label') && !el.children.length && !all.trim()) all = el.getAttribute('aria-label');
    if (shown && style && !all.trim() && !el.children.length) {
      for (const pseudo of ['::before', '::after']) {
        const content = getComputedStyle(el, pseudo).content;
        if (/^["'].*[\w\u00c0-\u00ff].*["']$/.test(content)) { seen += content.slice(1, -1); all += content.slice(1, -1); }
      }
    }
    if (seen.length > 600) seen = `${seen.slice(0, 500)}…`;
    if (all.length > 600) all = `${all.slice(0, 500)}…`;
    fact.seen = seen; fact.all = all;
    own(el, fact, owned, mine);
    return [seen, all];
  };

  // Whose it is: the numbers of structures and the accounts, each where it is written.
  const own = (el, fact, before, mine) => {
    let text = '';
    // What was typed to search by is not what the portal shows: in a search, or the only field there is.
    const search = el.type === 'search' || el.closest('search, [role=search]');
    const typed = el.tagName === 'INPUT' && !el.readOnly && !el.disabled && el.form?.getAttribute('method')?.toLowerCase() !== 'post'
      && [...(el.form ?? el.getRootNode()).querySelectorAll('input')].filter(each => each.type === 'text').length === 1;
    if (el.tagName === 'INPUT' || el.tagName === 'TEXTAREA') text = search || ['hidden', 'password'].includes(el.type) ? '' : el.value;
    else if (el.tagName === 'SELECT') text = `${el.selectedOptions[0]?.closest('optgroup')?.label ?? ''} ${el.selectedOptions[0]?.text ?? ''}`;
    else if (owners.length > before) text = [...inside(el)].filter(n => n.nodeType === 3).map(n => n.nodeValue).join(' ');
    else if (fact.all.length < 500) text = mine.trim() ? mine : fact.all;
    if (el.title && !text.includes(el.title)) text += ` ${el.title}`;   // the whole name of what is cut short
    if (!/\d{2}|tech_/i.test(text)) return;
    for (const found of text.match(SIRET) ?? []) owners.push({ what: found.replace(/\D/g, ''), kind: 'siret', typed, ...place(fact) });
    for (const found of text.match(ACCOUNT) ?? []) owners.push({ what: found, kind: 'account', ...place(fact) });
  };
  const place = fact => ({
    path: fact.path, shown: fact.shown, at: fact.at,
    box: fact.rect ? [fact.rect.left, fact.rect.top, fact.rect.width, fact.rect.height].map(Math.round) : [],
  });

  visit(document.body, { path: [], drawn: true, hid: 0, veil: 0, cursor: '', layer: 0, region: '', spoken: true });

  const partOf = el => {   // what it opens, or shows in place of another part
    const to = el.getAttribute('aria-controls') || [el.getAttribute('href'), el.getAttribute('data-target'), el.getAttribute('data-bs-target')].find(each => /^#./.test(each ?? ''))?.slice(1);
    const part = to && byId(el, to)[0];
    return part && !part.contains(el) ? facts.get(part) : null;
  };
  const titles = new Map();   // a part -> what opens it is called
  const CURRENT = /(?:^|[\s-])(?:active|current|selected|show)(?:$|\s)/;
  const classes = el => `${el.getAttribute('class') ?? ''} ${el.parentElement?.tagName === 'LI' ? el.parentElement.className : ''}`;
  const saysOpen = el => {
    const says = ['aria-selected', 'aria-expanded', 'aria-current'].map(name => el.getAttribute(name)).filter(Boolean);
    return !says.includes('false') && (says.length > 0 || CURRENT.test(classes(el)) || el.tagName === 'SUMMARY' && !!up(el)?.open);
  };
  for (const el of order) {   // a tab, or a title that folds, lends its part whose it is while it is open
    const fact = facts.get(el), part = fact.kind === 'press' && fact.all.trim() && partOf(el);
    const called = el.tagName === 'SUMMARY' ? facts.get(up(el)) : part;
    if (called && !titles.has(called.id)) titles.set(called.id, flat(fact.all));
    if (part && saysOpen(el)) for (const each of owners.filter(o => o.path.includes(fact.id))) owners.push({ ...each, lent: true, path: part.path, shown: each.shown && part.shown, at: part.at, box: [] });
  }

  // -- what each thing is called

  const labels = new Map();   // what a label points at, controls or not -> its text
  for (const el of order) if (el.tagName === 'LABEL' && el.htmlFor) {
    const target = el.getRootNode().getElementById?.(el.htmlFor);
    if (target) labels.set(target, flat(`${labels.get(target) ?? ''} ${facts.get(el).all}`));
  }
  const heard = el => flat(facts.get(el)?.all ?? el.textContent);
  const BIN = /(?:^|[-_ ])(?:trash|delete|remove|bin)(?:$|[-_ ])/i;
  const PENCIL = /(?:^|[-_ #])(?:pen|pencil|edit)(?:[-_](?:to[-_])?(?:alt|fill|line|o|outline|square))*(?:$| )/i;   // edit-delete is another icon
  const pencil = el => /[\u270e-\u2710]/.test(['::before', '::after'].map(part => getComputedStyle(el, part).content).join()) || PENCIL.test(`${el.getAttribute('class')} ${el.getAttribute('href')}`);
  const namesOf = (el, fact) => {
    const names = {}, put = (key, text) => { if (flat(text)) names[key] = flat(text).slice(0, 200); };
    const by = el.getAttribute('aria-labelledby');
    put('aria', by ? byId(el, by).map(heard).join(' ') : el.getAttribute('aria-label'));
    if (el.labels?.length) put('label', [...el.labels].map(label => flat(facts.get(label)?.all || (fact.hid ? label.textContent : ''))).join(' '));
    if (el.tagName === 'INPUT' && BUTTONS.has(el.type)) put('text', el.type === 'image' ? el.alt : el.value || { submit: 'Envoyer', reset: 'Réinitialiser' }[el.type]);
    else if (!FIELDS.has(fact.kind) || fact.kind === 'list' && el.tagName !== 'SELECT') { put('text', fact.hid ? el.textContent : fact.all); if (!fact.hid) if (flat(fact.seen) !== flat(fact.all)) put('seen', fact.seen); }
    put('title', el.title || el.getAttribute('data-original-title') || el.getAttribute('data-bs-original-title') || el.getAttribute('data-bs-title') || el.getAttribute('data-tooltip') || byId(el, el.getAttribute('aria-describedby') ?? '').filter(each => each.getAttribute('role') === 'tooltip').map(each => each.textContent).join(' '));
    const image = el.querySelector?.('img[alt], img[title], svg title, [title]');
    if (image) put('alt', image.getAttribute('alt') || image.getAttribute('title') || image.textContent);
    if (fact.kind === 'press' && !fact.hid && !Object.keys(names).length) {
      const icon = [el, ...el.querySelectorAll('*')];
      if (icon.some(each => BIN.test(each.getAttribute('class')))) names.alt = '\u{1f5d1}';
      else if (icon.some(pencil)) names.alt = '\u270e';
    }
    return names;
  };
  const busy = el => { const f = facts.get(el); return f && (f.count > 0 || f.shown && (FIELDS.has(f.kind) || f.kind === 'press') || el.querySelector?.('button, a[href], input[type=submit]')); };
  const beforeOf = el => {
    for (let node = el, high = 0; node && high < 5; node = up(node), high += 1) {
      let text = '';
      const around = node.assignedSlot ? null : node;
      for (let before = around?.previousSibling; before; before = before.previousSibling) {
        if (before.nodeType === 3) { text = before.nodeValue + text; continue; }
        if (before.nodeType !== 1) continue;
        if (busy(before)) return flat(text);
        const fact = facts.get(before);
        if (!fact) continue;
        text = fact.seen + text;
        if (flat(text) && (before.tagName === 'BR' || fact.style && !fact.style.display.startsWith('inline'))) break;
      }
      if (flat(text)) return flat(text).slice(-120);
      if (/^(FORM|TD|TH|BODY|FIELDSET|MAIN|DIALOG)$/.test(up(node)?.tagName ?? 'BODY')) return '';
    }
    return '';
  };
  const wrapOf = (el, fact) => {
    for (let node = up(el), high = 0; node && facts.has(node) && high < 5; node = up(node), high += 1) {
      const wrap = facts.get(node);
      if (FIELDS.has(fact.kind) ? wrap.count > 1 : high > 1) return '';
      const text = flat(wrap.seen.replace(fact.seen, ' '));
      if (text) return text.length <= 100 ? text : '';
      if (node.tagName === 'FORM') return '';
    }
    return '';
  };
  const tables = new Map(), rowsOf = table => {
    if (!tables.has(table)) tables.set(table, [...table.querySelectorAll('tr, [role=row]')].filter(each => each.closest('table, [role=table], [role=grid]') === table));
    return tables.get(table);
  };
  const cellsOf = el => {
    const cell = el.closest('td, th, [role=cell], [role=gridcell]'), row = cell?.parentElement, near = {};
    if (!cell || !row) return near;
    const left = cell.previousElementSibling;
    if (left && !busy(left)) near.left = flat(facts.get(left)?.seen);
    const table = row.closest('table, [role=table], [role=grid]');
    const rows = table ? rowsOf(table) : [];
    const own = facts.get(cell)?.rect, middle = own && own.left + own.width / 2;   // a column is what is drawn as one, whatever spans several
    const over = rows.slice(0, Math.max(rows.indexOf(row), 0)).flatMap(each => [...each.children]).filter(each => {
      const at = facts.get(each)?.rect;
      return at && at.left <= middle && middle < at.right && (each.colSpan ?? 1) >= (cell.colSpan ?? 1);
    });
    const head = each => each.matches('th, thead td, [role=columnheader]'), data = over.findIndex(each => !head(each)), last = over.at(-1);
    const nearest = over.findLast((each, at) => head(each) && (data < 0 || at < data || (each.colSpan ?? 1) === (cell.colSpan ?? 1)));
    if (nearest) near.above = flat(facts.get(nearest).seen);
    if (!near.above && last && !busy(last)) near.above = flat(facts.get(last)?.seen);
    return near;
  };
  // Words in one stack and values in another beside it: the same line of each, drawn at the same height.
  const stackedOf = el => {
    for (let line = el, high = 0; line && high < 4; line = up(line), high += 1) {
      const stack = line.parentElement, other = stack?.previousElementSibling, words = other?.children[[...stack.children].indexOf(line)];
      if (!words || stack.children.length < 2 || other.children.length !== stack.children.length || busy(other) || /\d/.test(facts.get(other)?.seen)) continue;
      const [left, right] = [words, line].map(each => facts.get(each)?.rect);
      if (left?.height && right && left.right <= right.left + 4 && Math.abs(left.top + left.height / 2 - right.top - right.height / 2) < 6) return flat(facts.get(words).seen);
    }
    return '';
  };
  // A drawn box that holds one value and one word: they belong together, whichever comes first.
  const drawn = el => { const { borderTopWidth, borderBottomWidth, boxShadow } = facts.get(el)?.style ?? {}; return parseFloat(borderTopWidth) > 0 && parseFloat(borderBottomWidth) > 0 || (boxShadow ?? 'none') !== 'none'; };
  const tileOf = (el, fact) => {
    for (let node = up(el), high = 0; facts.has(node) && high < 4; node = up(node), high += 1) {
      const box = facts.get(node), said = [];
      for (let at = box.at + 1; at < order.length && said.length < 2; at += 1) {
        const part = facts.get(order[at]);
        if (!part.path.includes(box.id)) break;
        if (part.own && part.shown && !part.path.includes(fact.id) && !fact.path.includes(part.id) && !order[at].closest('button, a')) said.push(part);
      }
      if (said.length > 1 || box.own || box.count > FIELDS.has(fact.kind)) return '';
      if (said.length && drawn(node)) return flat(said[0].seen);
    }
    return '';
  };
  const floating = (el, fact) => {
    const after = el.nextElementSibling, over = after && facts.get(after)?.rect;
    if (!over || !fact.rect || busy(after)) return '';
    const middle = over.top + over.height / 2;
    return middle > fact.rect.top - 12 && middle < fact.rect.bottom && over.left < fact.rect.right && over.left >= fact.rect.left - 4 ? flat(facts.get(after).seen) : '';
  };
  const nearOf = (el, fact) => {
    const near = {}, put = (key, text) => { if (text) near[key] = text.slice(0, 120); };
    for (let node = el, high = 0; node && high < 4; node = up(node), high += 1)
      if (labels.has(node)) { put('label', labels.get(node)); break; }
    put('placeholder', flat(el.placeholder ?? el.getAttribute('data-placeholder') ?? ''));
    Object.entries(cellsOf(el)).forEach(([key, text]) => put(key, text));
    if (!near.left) put('left', stackedOf(el));
    if (!near.above || !el.matches('td, th, [role=cell], [role=gridcell]')) put('before', beforeOf(el));
    put('wrap', wrapOf(el, fact));
    if (fact.kind === 'check' || fact.kind === 'radio') put('after', flat(facts.get(el.nextElementSibling)?.seen || el.nextSibling?.nodeValue));
    else if (FIELDS.has(fact.kind)) put('floating', floating(el, fact));
    const group = el.closest('fieldset, [role=group], [role=radiogroup]');
    if (group) put('legend', flat(group.querySelector('legend')?.textContent || group.getAttribute('aria-label') || ''));
    return near;
  };

  // -- what opens what is hidden

  const OPENER = /(?:^|[-_ ])(?:burger|hamburger|menu|toggle|toggler|dropdown|caret|chevron|collapse|collapsed|accordion|kebab|more|tab|tabs)(?:$|[-_ ])/i;
  const leads = link => /^(?!#(?![!\/])|javascript:)./i.test(link.getAttribute('href') ?? '');   // #/x is a page to a router
  const holdsLink = (el, fact) => {   // a click in its middle is one on a link
    const { left, top, width, height } = fact.rect ?? {}, x = left + width / 2, y = top + height / 2;
    return [...el.querySelectorAll('a[href]')].some(link => {
      const at = leads(link) && facts.get(link)?.rect;
      return at && at.left <= x && x <= at.right && at.top <= y && y <= at.bottom;
    });
  };
  const goesAway = (el, fact) => {
    const link = el.closest?.('a[href]');
    if (link && leads(link) || /\blocation\b/.test(el.getAttribute('onclick')) || fact.kind === 'press' && holdsLink(el, fact)) return true;
    const button = el.closest?.('button, input');
    return !!(button?.form && button.type === 'submit' && button.form.getAttribute('method')?.toLowerCase() !== 'dialog');
  };
  const ONE = /\S*[-_](?:entry|item|link|option)(?=\s|$)/gi;   // one of a menu, or of tabs, by its class
  const FOLDED = /(?:^|[-_ ])(?:collapsed|expand)(?:$|[-_ ])/i;   // of a sign alone: a button that says something may be as wide as its page
  const TOGGLES = /dropdown|modal|popover|collapse|offcanvas|pill|list/;   // a tooltip opens nothing
  const barOf = el => {   // one of a few parts that are always in sight, as tabs are: nothing opens their list
    const list = el.closest('[role=listbox]'), every = list ? [...list.querySelectorAll('[role=option]')] : [];
    const opened = !list || list.closest('form, [popover]') || list.id && document.querySelector(`[aria-controls~="${CSS.escape(list.id)}"], [aria-owns~="${CSS.escape(list.id)}"]`);
    for (let node = list; node && facts.has(node); node = up(node)) if (/absolute|fixed/.test(facts.get(node).style?.position)) return false;
    const leads = list && (facts.get(list)?.region === 'nav' || /\bnav|navigation|anchor|\btabs?\b/i.test(list.getAttribute('class')));   // else it may be a setting
    const [one, ...more] = every.filter(each => each.getAttribute('aria-selected') === 'true');
    return !opened && leads && every.length < 10 && !!one && !more.length && one !== el;
  };
  const opensOf = (el, fact) => {
    if (fact.kind === 'option') return barOf(el) ? 'tab' : '';
    if (fact.kind !== 'press' || goesAway(el, fact)) return '';
    if (el.tagName === 'SUMMARY') return el.parentElement?.open ? '' : 'summary';
    const expanded = el.getAttribute('aria-expanded');
    if (expanded === 'true') return '';
    const menu = /^(?:true|menu)$/.test(el.getAttribute('aria-haspopup')) || /dropdown/.test(el.dataset.toggle ?? el.dataset.bsToggle);
    if (expanded === 'false') return menu ? 'popup' : 'expands';
    if (el.getAttribute('role') === 'tab' || el.matches('[data-toggle=tab], [data-bs-toggle=tab]')) return el.getAttribute('aria-selected') === 'true' ? '' : 'tab';
    if (el.hasAttribute('aria-haspopup') || TOGGLES.test(el.dataset.toggle ?? el.dataset.bsToggle)) return 'popup';
    if (/^menuitem/.test(el.getAttribute('role'))) return '';   // one of a menu
    const named = `${el.className?.baseVal ?? el.className} ${el.id} ${el.firstElementChild?.className?.baseVal ?? el.firstElementChild?.className ?? ''}`.replace(ONE, '');
    if (FOLDED.test(named) && !/\p{L}{2}/u.test(fact.all)) return 'expands';
    if (OPENER.test(named)) return 'looks';
    return /^[⋮⋯…☰≡▾▸▼►▶]|^[＋+]$|\.\.\.$/.test(flat(fact.all)) ? 'sign' : '';
  };
  const hiddenBy = (el, fact) => {       // the elements that may open it, the likeliest first
    let root = memory.elements.get(fact.hid)?.deref();
    const off = rect => rect?.width && (rect.right <= 0 || rect.bottom + scrollY <= 0);   // drawn beside the page
    if (!root) for (let node = el; off(facts.get(node)?.rect); node = up(node)) root = node;
    if (!root) return [];
    const found = [], add = (each, named) => { const f = each && facts.get(each); if (f?.shown && !found.some(([id]) => id === f.id)) found.push([f.id, !!named]); };
    const details = root.closest('details:not([open])');
    if (details) add(details.querySelector('summary'), true);
    for (let node = el; node && node !== document.body; node = up(node)) {
      if (!node.id) { if (node === root) break; continue; }
      const id = CSS.escape(node.id);
      for (const each of node.getRootNode().querySelectorAll(`[aria-controls~="${id}"], [data-target="#${id}"], [data-bs-target="#${id}"], [aria-owns~="${id}"], [href="#${id}"], label[for="${id}"]`)) add(each, true);
      const by = node.getAttribute('aria-labelledby');
      if (by) byId(node, by).forEach(each => { const f = facts.get(each); if (f?.kind === 'press') add(each, true); });
      if (node === root) break;
    }
    for (let node = root, high = 0; node && high < 3; node = up(node), high += 1) {
      for (let before = node.previousElementSibling; before; before = before.previousElementSibling) {
        const f = facts.get(before);
        if (!f?.shown || f.kind !== 'press' && before.tagName === root.tagName && before.className === root.className) continue;   // another part, as this one
        if (f.kind === 'press') add(before);
        else [...before.querySelectorAll('*')].filter(each => facts.get(each)?.kind === 'press').forEach(each => add(each));
        add(before);
        break;
      }
      if (facts.get(up(node))?.shown && high === 0) add(up(node));
      if (found.length) break;
    }
    return found.slice(0, 6);
  };

  const headOf = (el, fact) => {   // the first line of what is drawn on several, as on a tile
    const line = [], inline = id => /^(?:inline|contents)/.test(facts.get(memory.elements.get(id).deref()).style.display);
    const blocks = (a, b) => a.path.some(id => !b.path.includes(id) && !inline(id));
    for (let at = fact.at + 1; !fact.own && at < order.length; at += 1) {
      const part = facts.get(order[at]), [first] = line;
      if (!part.path.includes(fact.id)) break;
      if (!part.own || !part.shown || line.some(each => part.path.includes(each.id))) continue;
      if (first && part.rect.top > first.rect.bottom - 3) return blocks(first, part) || blocks(part, first) ? flat(line.map(each => each.seen).join(' ')).slice(0, 200) : '';
      line.push(part);
    }
    return '';
  };
  const hot = (el, fact) => {
    const label = [...(el.labels ?? [])].find(each => facts.get(each)?.shown);
    return (fact.kind === 'check' || fact.kind === 'radio') && label && (!fact.rect || fact.rect.width < 4 || !fact.shown || fact.style?.opacity === '0') ? facts.get(label).id : 0;
  };
  for (const el of order) {
    const fact = facts.get(el);
    const placed = fact.rect && fact.rect.width > 0 && fact.rect.height > 0 && fact.rect.right > 0 && fact.rect.bottom + scrollY > 0;
    const lines = reading && fact.own && fact.shown ? fact.seen.split(LINE).map(flat).filter(Boolean) : [];
    if (lines.length > 1) {
      for (const line of lines) texts.push({ id: fact.id, text: line.slice(0, 400), head: false, path: fact.path, at: fact.at, box: place(fact).box, shown: placed });
    } else if (fact.own)
      texts.push({ id: fact.id, text: flat(fact.shown ? fact.seen : fact.all.trim() || el.textContent).slice(0, 400), head: /^H[1-6]$|^LEGEND$|^CAPTION$/.test(el.tagName) || el.getAttribute('role') === 'heading', path: fact.path, at: fact.at, box: place(fact).box, shown: fact.shown && placed });
    else if (!fact.own && /^H[1-6]$/.test(el.tagName) && flat(fact.seen))
      texts.push({ id: fact.id, text: flat(fact.seen).slice(0, 400), head: true, path: fact.path, at: fact.at, box: place(fact).box, shown: fact.shown && placed });
    if (!fact.kind) continue;
    const blocks = [];
    for (let node = up(el); node && node !== document.body; node = up(node)) {
      if (BLOCKS.test(node.tagName)) blocks.unshift(node.tagName.toLowerCase());
      if (/^(?:NAV|HEADER|FOOTER|ASIDE|MAIN|DIALOG)$/.test(node.tagName)) break;
    }
    const proxy = hot(el, fact), shown = fact.shown && placed || proxy > 0;
    things.push({
      id: fact.id, kind: fact.kind, tag: el.tagName.toLowerCase(), role: el.getAttribute('role') ?? '', type: el.type ?? '',
      names: namesOf(el, fact), head: fact.kind === 'press' && shown ? headOf(el, fact) : '', near: shown ? nearOf(el, fact) : {}, shown, proxy,
      enabled: !(el.disabled || el.getAttribute('aria-disabled') === 'true' || el.closest('fieldset[disabled]') || /(?:^|[\s-])disabled(?:$|\s)/.test(el.getAttribute('class') ?? '')),
      checked: !!el.checked || el.getAttribute('aria-checked') === 'true',
      fixed: !!el.readOnly, current: /^(?:page|step|location|true)$/.test(el.getAttribute('aria-current')) || CURRENT.test(classes(el)), required: !!el.required || el.getAttribute('aria-required') === 'true',
      selected: el.tagName === 'SELECT' ? flat(el.selectedOptions[0]?.text) : fact.kind === 'secret' || dotted(el, fact.style) ? '' : flat(typeof el.value === 'string' && FIELDS.has(fact.kind) ? el.value : '').slice(0, 200),
      entries: el.tagName === 'SELECT' ? [...el.options].slice(0, 100).map(each => flat(each.text).slice(0, 100)) : [],
      href: el.tagName === 'A' && el.href && !/^(?:#|javascript:)/i.test(el.getAttribute('href') ?? '#') ? el.href : '',
      form: el.form ? idOf(el.form) : 0, submits: !!(el.form && el.form.getAttribute('method')?.toLowerCase() !== 'dialog' && (el.type === 'submit' || el.type === 'image')),
      opens: shown ? opensOf(el, fact) : '', open: el.getAttribute('aria-expanded') === 'true', toggles: el.hasAttribute('aria-pressed'), hidden: shown ? [] : hiddenBy(el, fact),
      inside: blocks.slice(-5).join(' '), layer: fact.layer, region: fact.region, away: goesAway(el, fact), looks: !/^(?:BUTTON|INPUT|SUMMARY|SELECT|TEXTAREA|AREA)$/.test(el.tagName) && !(el.tagName === 'A' && el.hasAttribute('href')) && !el.hasAttribute('role'), ...place(fact), shown,
    });
  }
  for (const text of texts) if (!text.shown) {
    const el = memory.elements.get(text.id).deref(), fact = facts.get(el);
    if (text.text.length < 120) text.hidden = hiddenBy(el, fact);
  }

  // -- what may be a password: unbroken pieces of text, and what fields hold, as they are
  const rawOf = el => [...inside(el)].map(n => n.nodeType === 3 ? n.nodeValue : n.tagName === 'BR' ? LINE : n.nodeType === 1 && !SKIP.has(n.tagName) ? rawOf(n) : '').join('');
  const ownRaw = el => [...inside(el)].map(n => n.nodeType === 3 ? n.nodeValue : n.nodeType === 1 && (n.tagName === 'BR' || rawOf(n).trim()) ? LINE : '').join('');
  const piecesOf = el => [...inside(el)].filter(n => n.nodeType === 3 ? n.nodeValue.trim() : n.nodeType === 1 && !SKIP.has(n.tagName) && rawOf(n).trim());
  const short = n => (n.nodeType === 3 ? n.nodeValue : rawOf(n)).trim().length <= 2;
  const apart = n => {   // drawn away from what stands beside it
    const { display, marginLeft, marginRight, paddingLeft, paddingRight } = facts.get(n)?.style ?? {};
    return !/^(?:inline|contents)$/.test(display) || [marginLeft, marginRight, paddingLeft, paddingRight].some(each => parseFloat(each) > 0);
  };
  const grouped = all => {   // as a licence key is: pieces of one length, and no space in the source
    const lengths = all.map(n => rawOf(n).length), last = lengths.pop();
    return lengths.length > 1 && lengths[0] < 7 && last <= lengths[0] && lengths.every(each => each === lengths[0])
      && all.every((n, at) => n.nodeType === 1 && /^[\x21-\x7e]+$/.test(rawOf(n)) && (!at || n.previousSibling === all[at - 1]));
  };
  const joined = el => piecesOf(el).every((n, _, all) => n.nodeType === 3 || (all.length < 2 || short(n) || !apart(n) || grouped(all)) && joined(n));
  // The innermost block around it as the eye reads it: GLUE at the edge of an element that is drawn with no
  // room before it, LINE where there is some, OBJECT for a control or another block.
  const WORDY = /^(?:[A-Z\u00c0-\u00dd]?[a-z\u00df-\u00ff]{2,}|[A-Z\u00c0-\u00dd]{3,})[.,:;]*$|^[.,:;)\u00bb]+$/;
  const GLUE = '\u2060', OBJECT = ' \ufffc ', runs = new Map();
  const runOf = el => [...inside(el)].map(n => {
    if (n.nodeType === 3) return /^pre/.test(facts.get(el)?.style?.whiteSpace) ? n.nodeValue.replace(/\n/g, LINE) : n.nodeValue.replace(/\s+/g, ' ');
    const fact = facts.get(n), display = fact?.style?.display ?? '';
    if (n.tagName === 'BR') return LINE;
    if (!fact?.shown) return '';
    if (fact.kind || !/^(?:inline|contents)/.test(display) && !flexes(n)) return OBJECT;
    const gap = apart(n) ? LINE : GLUE, end = boxed(n) && /^[.,;:)\u00bb\u201d\u2026]+(?:\s|$)/.test(n.nextSibling?.nodeValue ?? '') ? GLUE : gap;
    return `${drawnBy(n).trim() ? OBJECT : ''}${gap}${runOf(n)}${end}`;
  }).join('');
  const boxed = el => { const { backgroundColor, borderTopWidth } = facts.get(el)?.style ?? {}; return parseFloat(borderTopWidth) > 0 || !/^(?:transparent|rgba\(.*, 0\))$/.test(backgroundColor); };
  const flexes = el => /^(?:B|CODE|EM|I|KBD|SAMP|SPAN|STRONG|TT)$/.test(el.tagName) && /flex/.test(facts.get(up(el))?.style?.display);
  const lineOf = el => {
    while (/^(?:inline|contents)/.test(facts.get(el)?.style?.display) || flexes(el)) el = up(el);
    if (!runs.has(el)) runs.set(el, runOf(el).slice(0, 2000));
    return runs.get(el);
  };
  const drawnBy = el => ['::before', '::after'].map(p => getComputedStyle(el, p).content).map(c => /^["']/.test(c) ? c.slice(1, -1).replace(/\\(.)/g, '$1') : '').join('');
  const tokens = [], folds = [], taken = new Set();
  if (reading) for (const el of order) {
    const fact = facts.get(el), field = FIELDS.has(fact.kind) && typeof el.value === 'string';
    if (!fact.shown && (fact.own || field)) {
      const raw = field ? el.value : rawOf(el), covers = fact.layer && fact.path.indexOf(fact.layer) >= fact.path.indexOf(fact.hid);
      if (raw.trim() && raw.length <= 400) folds.push({ id: fact.id, raw, how: 'folded', hidden: covers ? [] : hiddenBy(el, fact), path: fact.path, at: fact.at, region: fact.region });
    }
    if (!fact.shown || fact.struck || !fact.rect?.width || !fact.rect?.height) continue;
    const near = () => { const n = nearOf(el, fact), drawn = flat(drawnBy(el)), by = el.getAttribute('aria-labelledby'); if (drawn) n.floating ??= drawn; if (by) n.aria = byId(el, by).map(heard).join(' '); else if (el.getAttribute('aria-label')) n.aria = el.getAttribute('aria-label'); const tile = tileOf(el, fact); if (tile) n.tile = tile; const title = fact.path.findLast(id => titles.has(id)); if (title && !['left', 'above', 'before', 'label', 'aria'].some(key => n[key])) n.legend ??= titles.get(title); return n; };
    const keeps = e => { const f = facts.get(e), only = [...inside(e)].filter(n => n.nodeType === 1 || n.nodeValue?.trim()); return /pre|break-spaces/.test(f?.style?.whiteSpace) || only.length === 1 && only[0].nodeType === 1 && keeps(only[0]); };
    const told = (raw, how) => tokens.push({ id: fact.id, raw, how, line: lineOf(el), pre: keeps(el), near: near(), path: fact.path, at: fact.at, region: fact.region, tag: el.tagName.toLowerCase(), box: place(fact).box });
    if (field && el.tagName !== 'SELECT') {
      if (el.value.includes('\n')) for (const line of el.value.split('\n').map(flat).filter(Boolean)) texts.push({ id: fact.id, text: line.slice(0, 400), head: false, path: fact.path, at: fact.at, shown: true });
      if (el.value) { tokens.push({ ...{ id: fact.id, raw: el.value, how: 'field', pre: true, near: { ...near(), ...namesOf(el, fact) } , path: fact.path, at: fact.at, region: fact.region, tag: 'input', box: place(fact).box } }); }
      continue;
    }
    if (fact.kind === 'press' || up(el) && taken.has(up(el))) { taken.add(el); continue; }
    const pieces = piecesOf(el);
    if (pieces.length === 1 && el.matches('table, thead, tbody, tr, [role=row]')) continue;   // it is its cell's
    const all = rawOf(el).trim(), one = pieces.length <= 1 || pieces.every(short) || grouped(pieces);
    const glued = () => {   // whatever is long enough without its words and full stops may be it alone
      const [said, rest] = [true, false].map(is => pieces.map(n => (n.nodeType === 3 ? n.nodeValue : rawOf(n)).trim()).filter(text => WORDY.test(text) === is));
      return /^[\x21-\x7e]+$/.test(all) && !(said.length && rest.some(text => text.length >= 8));
    };
    const whole = (one || glued()) && joined(el) ? rawOf(el) : fact.own ? ownRaw(el) : '', controls = busy(el) || [...el.querySelectorAll?.('button, a, input, select, textarea') ?? []].some(each => facts.get(each)?.shown);
    const raw = controls ? (fact.own ? ownRaw(el) : '') : whole || (el.children.length ? '' : drawnBy(el));
    const lines = raw.split(LINE).filter(each => each.trim());
    const cell = /pre|break-spaces/.test(fact.style?.whiteSpace) && fact.own || /^(?:DD|TD|OUTPUT|CODE|PRE|SAMP|KBD|TT|B|STRONG|EM|MARK)$/.test(el.tagName);
    for (const line of lines) {
      const text = line.trim();
      if (text.length >= 6 && text.length <= 140 && (!/\s/.test(text) || cell && lines.length < 2 && !/[\n\t]/.test(text))) { told(line, 'text'); if (!controls && raw === rawOf(el)) taken.add(el); }
    }
  }
  return json({ things, texts, owners, tokens, folded: folds, ready: document.readyState === 'complete', doc: performance.timeOrigin });
}
