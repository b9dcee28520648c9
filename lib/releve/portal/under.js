// What stands at a place of this frame, under the glass: the element, and its numbers from the inside
// out; or the frame that lies there.
([x, y]) => {
  const glass = document.querySelector('[data-releve-glass]');
  if (glass) glass.style.setProperty('pointer-events', 'none', 'important');
  let found = document.elementFromPoint(x, y);
  for (let inner; found?.shadowRoot && (inner = found.shadowRoot.elementFromPoint(x, y)) && inner !== found;) found = inner;
  if (glass) glass.style.removeProperty('pointer-events');
  return found;
}
