// Laid over the page while a person points at something in it: her click falls on the glass, and
// nothing of the page ever hears of it. Resolves with where she clicked, in the window.
text => new Promise(resolve => {
  document.querySelector('[data-releve-glass]')?.remove();
  const glass = document.createElement('div');
  glass.dataset.releveGlass = '';
  glass.popover = 'manual';
  glass.style.cssText = 'all:initial;display:block;position:fixed;inset:0;width:100vw;height:100vh;margin:0;padding:0;border:0;box-sizing:border-box;z-index:2147483647;cursor:crosshair;background:rgba(255,225,77,.12)';
  const line = document.createElement('div');
  line.style.cssText = 'position:fixed;left:0;right:0;bottom:0;font:600 16px/1.4 system-ui,sans-serif;padding:8px 16px;text-align:center;color:#161616;background:#ffe14d;pointer-events:none';
  line.textContent = text;
  glass.attachShadow({ mode: 'closed' }).append(line);
  const stop = event => { event.preventDefault(); event.stopImmediatePropagation(); };
  const keys = ['keydown', 'keyup', 'keypress'];
  keys.forEach(kind => addEventListener(kind, stop, true));
  glass.lift = () => { keys.forEach(kind => removeEventListener(kind, stop, true)); glass.remove(); };
  const heard = event => { stop(event); if (event.type === 'click') resolve([event.clientX, event.clientY]); };
  for (const kind of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'dblclick', 'auxclick', 'contextmenu', 'touchstart', 'touchend'])
    glass.addEventListener(kind, heard, true);
  glass.addEventListener('wheel', event => {   // what lies under it can still be scrolled
    glass.style.setProperty('pointer-events', 'none');
    let under = document.elementFromPoint(event.clientX, event.clientY);
    glass.style.removeProperty('pointer-events');
    while (under && !(under.scrollHeight > under.clientHeight && /auto|scroll/.test(getComputedStyle(under).overflowY))) under = under.parentElement;
    (under ?? document.scrollingElement).scrollBy(0, event.deltaY);
  }, { passive: true });
  // A modal window makes all that is outside of it deaf: the glass is laid in it.
  ([...document.querySelectorAll('dialog:modal')].at(-1) ?? document.documentElement).append(glass);
  glass.showPopover?.();
})
