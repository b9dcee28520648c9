// Done once the page changed, or after so many milliseconds.
ms => new Promise(done => {
  let soon = 0;
  const watch = new MutationObserver(() => { soon ||= setTimeout(end, 20); });
  const end = () => { watch.disconnect(); done(); };
  watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(end, ms);
})
