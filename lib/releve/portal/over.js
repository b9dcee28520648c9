// The number of what lies over the middle of an element, at its outermost; 0 for none. `bring`: it is
// brought in sight first, to the middle where a bar that stays lies over it.
(el, bring) => {
  const root = el.ownerDocument, up = node => node.assignedSlot ?? (node.parentNode instanceof ShadowRoot ? node.parentNode.host : node.parentNode);
  const over = () => {
    const box = [...el.getClientRects()].find(each => each.width && each.height);
    if (!box) return 0;
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    let hit = root.elementFromPoint(x, y);
    while (hit?.shadowRoot) { const deeper = hit.shadowRoot.elementFromPoint(x, y); if (!deeper || deeper === hit) break; hit = deeper; }
    const around = new Set(); for (let node = el; node; node = up(node)) around.add(node);
    for (let node = hit; node; node = up(node)) if (node === el) return 0;
    if (!hit || around.has(hit) || hit.closest('label')?.control === el || [...(el.labels ?? [])].some(each => each.contains(hit))) return 0;
    let layer = hit; while (up(layer) && !around.has(up(layer))) layer = up(layer);
    return globalThis[Symbol.for('releve')].ids.get(layer) ?? -1;
  };
  if (bring) el.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const found = over();
  if (!bring || !found) return found;
  el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  return over();
}
