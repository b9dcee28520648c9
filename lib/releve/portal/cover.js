// Replaces every known secret by dots, in texts, fields and shadow trees, and lays one flat colour over
// its place until it is uncovered. `tokens` are elements that may show a password which nobody has read
// yet: their whole row is covered, so that the box tells nothing of its length, and they stay as they
// are, to be read. `screen`: this is the screen that shows one; whatever could draw it otherwise is
// covered too (fields, pictures, canvases, drawn texts, closed shadow trees, other people's frames), and
// the whole main region when no such element is known.
// Returns the covered boxes (left, top, right, bottom), whether a known secret is left, the text that the
// picture will show, and whether the value's region is covered.
({ known, tokens, screen }) => {
  for (const running of document.getAnimations()) try { running.finish(); } catch { running.cancel(); }  // an endless one
  const WIDE = 320, boxes = [], holds = text => text && known.some(each => text.includes(each));
  const elements = globalThis[Symbol.for('releve')]?.elements;
  const up = node => node.assignedSlot ?? (node.parentNode instanceof ShadowRoot ? node.parentNode.host : node.parentElement);
  const lay = (rect, home) => {
    const left = Math.max(0, Math.floor(rect.left)), top = Math.floor(rect.top), right = Math.ceil(rect.right), bottom = Math.ceil(rect.bottom);
    if (right - left < 1 || bottom - top < 1) return;
    const lid = document.createElement('div');
    lid.dataset.releveLid = '';
    lid.style.cssText = `all:initial;position:fixed;left:${left}px;top:${top}px;width:${right - left}px;height:${bottom - top}px;`
      + 'background:#333;z-index:2147483647;pointer-events:none';
    (home.closest('dialog[open]') || document.documentElement).append(lid);
    boxes.push([left, top, right, bottom]);
  };
  const steps = width => Math.max(1, Math.ceil(width / WIDE)) * WIDE;
  const row = el => {                       // the block that holds it; its width tells no length
    let block = el;
    while (up(block) && up(block) !== document.body && getComputedStyle(block).display.startsWith('inline')) block = up(block);
    const inner = el.getBoundingClientRect(), apart = each => {    // a heading, another line
      const rect = each.getBoundingClientRect();
      return rect.height && (rect.bottom <= inner.top || rect.top >= inner.bottom);
    };
    if (block.getBoundingClientRect().height > 2 * inner.height + 60 || [...block.children].some(apart)) block = el;   // its line only
    const own = block.getBoundingClientRect(), left = Math.min(own.left, inner.left);
    return { left, right: left + steps(Math.max(own.right, inner.right) - left), top: Math.min(own.top, inner.top), bottom: Math.max(own.bottom, inner.bottom) };
  };
  const wide = (rects, home) => { for (const rect of rects) if (rect.width >= 1) lay({ left: rect.left, top: rect.top, right: rect.left + steps(rect.width), bottom: rect.bottom }, home); };
  let region = !screen;
  for (const id of tokens) {
    const el = elements?.get(id)?.deref();
    if (el?.isConnected) { lay(row(el), el); region = true; }
  }
  const drawn = el => /^(?:CANVAS|VIDEO|OBJECT|EMBED|IFRAME|IMG|INPUT|TEXTAREA)$/.test(el.tagName) && el.type !== 'hidden'
    || el.tagName === 'svg' && (el.querySelector('text, foreignObject, image, use') || el.getBoundingClientRect().width > 60)
    || el.tagName.includes('-') && !el.shadowRoot
    || ['::before', '::after'].some(each => /\w{4}/.test((getComputedStyle(el, each).content.match(/^["'](.*)["']$/) ?? [])[1] ?? ''))
    || /url\(/.test(getComputedStyle(el).backgroundImage);
  const walk = root => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) walk(el.shadowRoot);
      if (el.dataset?.releveLid !== undefined) continue;
      if (typeof el.value === 'string' && el.value && (el.type === 'password' || holds(el.value))) {
        if (!screen) el.value = '••••••••••••';
        if (el.type !== 'hidden') wide(el.getClientRects(), el);
      } else if (screen && drawn(el)) wide(el.getClientRects(), el);
      if (!screen) for (const name of el.getAttributeNames()) if (holds(el.getAttribute(name))) el.setAttribute(name, '••••••');
    }
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) if (holds(node.nodeValue)) {
      const range = document.createRange(); range.selectNodeContents(node);
      const rects = [...range.getClientRects()];
      if (!screen) node.nodeValue = '••••••••••••';
      wide([...rects, ...range.getClientRects()], node.parentElement);
      lay(row(node.parentElement), node.parentElement);
    }
  };
  walk(document);
  if (!region) {
    const main = document.querySelector('dialog[open], [role=dialog], [role=alertdialog]') ?? document.querySelector('main, [role=main]');
    if (main && main.getClientRects().length) { lay(main.getBoundingClientRect(), main); region = true; }
  }
  const under = rect => boxes.some(([left, top, right, bottom]) => rect.left >= left - 1 && rect.right <= right + 1 && rect.top >= top - 1 && rect.bottom <= bottom + 1);
  const shown = [], read = root => {
    for (const el of root.querySelectorAll('*')) if (el.shadowRoot) read(el.shadowRoot);
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const range = document.createRange(); range.selectNodeContents(node);
      const rects = [...range.getClientRects()].filter(each => each.width);
      if (rects.length && !rects.every(under) && !/^(?:SCRIPT|STYLE)$/.test(node.parentElement?.tagName)) shown.push(node.nodeValue.trim());
    }
  };
  if (document.body) read(document.body);
  for (const el of document.querySelectorAll('input, textarea, select')) if (el.type !== 'password' && !under(el.getBoundingClientRect())) shown.push(el.value);
  const text = shown.filter(Boolean).join('\n');
  return { boxes, left: !screen && holds(document.documentElement.textContent + document.title) || !!holds(text), text, region };
}
