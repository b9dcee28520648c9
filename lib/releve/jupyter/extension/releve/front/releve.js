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
      const names = ['@jupyterlab/application', '@jupyterlab/notebook', '@lumino/widgets'];
      const [application, notebook, lumino] = await Promise.all(names.map(share));
      const { plugins } = await import(new URL('plugins.js', here));
      return () => ({ __esModule: true, default: plugins({ ...application, ...notebook, ...lumino }) });
    },
  };
})();
