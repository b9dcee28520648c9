// A prebuilt JupyterLab extension, written by hand: the container that JupyterLab's loader expects, around `plugins.js`.
(() => {
  let shared;
  const here = new URL('.', document.currentScript.src);

  async function share(name) {
    const versions = shared[name];
    const newest = Object.keys(versions).sort().pop();
    return (await versions[newest].get())();
  }

  globalThis._JUPYTERLAB = globalThis._JUPYTERLAB || {};
  globalThis._JUPYTERLAB.releve = {
    init: scope => { shared = scope; },
    get: async () => {
      const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('releve.css', here) });
      document.head.append(link);
      const names = ['application', 'apputils', 'notebook', 'statedb'].map(name => `@jupyterlab/${name}`);
      const shares = await Promise.all([...names, '@lumino/widgets'].map(share));
      const { plugins } = await import(new URL('plugins.js', here));
      return () => ({ __esModule: true, default: plugins(Object.assign({}, ...shares)) });
    },
  };
})();
