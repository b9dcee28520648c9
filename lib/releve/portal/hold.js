// Nothing that this document asks for goes to another origin from here on. What the browser fetches ahead of need, a
// redirect and WebRTC pass by every other guard: the document's own policy holds them. Also before there is a head.
(origins, loaded = []) => {
  const policy = document.createElement('meta'), here = `'self' ${origins.join(' ')}`;
  const drawn = `${here} data: blob: 'unsafe-inline' 'unsafe-eval' ${loaded.join(' ')}`;   // by what drew the pages before
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `default-src ${here} data: blob: 'unsafe-inline' 'unsafe-eval'; script-src ${drawn}; style-src ${drawn}; font-src ${drawn}; form-action ${here}; webrtc 'block'`;
  let stands = false;
  const stand = () => {
    if (document.head && !stands) { stands = true; document.head.append(policy); }
    document.querySelectorAll('script[type=speculationrules]').forEach(each => each.remove());   // but for these
  };
  new MutationObserver(stand).observe(document, { childList: true, subtree: true });
  stand();
}
