// Types one secret in one element. Everything that must hold is looked at in the same instant, with
// the browser's own getters: a page cannot answer for them. Without a text it only looks.
// Returns "" when it is typed, else what stands against it: a word that `typing` knows, and an address.
(el, { origins, text }) => {
  const get = (proto, name) => Object.getOwnPropertyDescriptor(proto, name).get;
  const value = Object.getOwnPropertyDescriptor(el instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype, 'value');
  const allowed = url => { try { const at = new URL(url, document.baseURI); return origins.includes(at.origin) ? '' : at.origin; } catch { return 'adresse illisible'; } };
  if (!(el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement)) return ['gone', ''];
  if (el.disabled || el.readOnly || !el.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return ['gone', ''];
  for (let here = window; ; here = here.parent) {
    let at; try { at = here.location.origin; } catch { at = ''; }
    if (at === 'null' && here !== here.parent) continue;   // about:blank and srcdoc are their parent's
    if (!origins.includes(at)) return ['origin', at];
    break;
  }
  const form = get(HTMLInputElement.prototype, 'form').call(el instanceof HTMLInputElement ? el : document.createElement('input')) ?? el.closest('form');
  if (form) {
    const senders = [...document.querySelectorAll('button, input')].filter(each => each.form === form && (each.type === 'submit' || each.type === 'image'));
    const attribute = (each, name) => Element.prototype.getAttribute.call(each, name);
    const method = (attribute(form, 'method') ?? 'get').toLowerCase();
    if (method !== 'post') return ['method', method];
    const action = allowed(attribute(form, 'action') || document.URL);
    if (action) return ['address', action];
    for (const each of senders) {
      if (attribute(each, 'formmethod') && attribute(each, 'formmethod').toLowerCase() !== 'post') return ['method', attribute(each, 'formmethod')];
      const own = attribute(each, 'formaction');
      if (own !== null && allowed(own)) return ['address', allowed(own)];
    }
  }
  if (text === null) return ['', ''];
  if (el.maxLength >= 0 && text.length > el.maxLength) return ['short', String(el.maxLength)];
  hold(origins);
  el.focus();
  value.set.call(el, text);
  el.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertText' }));
  el.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true, composed: true }));
  el.dispatchEvent(new Event('change', { bubbles: true }));
  return value.get.call(el) === text ? ['', ''] : ['changed', ''];
}
