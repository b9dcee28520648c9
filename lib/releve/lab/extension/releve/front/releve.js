// A prebuilt JupyterLab extension, written by hand: the container that JupyterLab's loader expects, with one plugin.
// It runs the home page when it opens, saves Relève's notebooks as they change, and gives the widgets
// `releveLab.open(path, run)`. Nothing else depends on it: without it, one runs the cells and saves by hand.
(() => {
  const STYLE = `
    .releve-notebook .jp-InputPrompt, .releve-notebook .jp-OutputPrompt, .releve-notebook .jp-Cell .jp-Toolbar { display: none; }
    .releve-notebook .jp-Placeholder-prompt { display: none; }
    .releve-notebook .jp-Cell { padding-top: 2px; padding-bottom: 2px; }
    .releve-notebook .jp-OutputArea-promptOverlay { display: none; }
    .releve-notebook .jp-MarkdownCell .jp-RenderedMarkdown { max-width: 46rem; font-size: 15px; }
    .releve-notebook .jp-OutputArea-output { max-width: 68rem; font-size: 15px; }
    .releve-notebook .jp-OutputArea-output pre { font-family: var(--jp-ui-font-family); font-size: 15px; white-space: pre-wrap; }
    .releve-notebook .jp-OutputArea-output img { border: 1px solid var(--jp-border-color1); border-radius: 6px; max-width: 100%; }
    .releve-home .jp-InputPlaceholder, .releve-home .jp-Notebook-footer, .releve-notebook .jp-Notebook-footer { display: none; }
    .releve-notebook .jp-InputPlaceholder .jp-Placeholder-content { border: 0; background: none; min-height: 0; padding: 0; opacity: .5; }
    .releve-notebook .jp-InputPlaceholder .jp-Placeholder-content > :not(svg, .jp-MoreHorizIcon) { display: none; }
    .releve-notebook .jp-OutputArea-output.jp-RenderedHTMLCommon { padding-left: 9px; }
    .releve-notebook .jp-RenderedMarkdown h1 { font-size: 26px; margin: 8px 0; }
    .releve-notebook .jp-RenderedMarkdown h2 { font-size: 20px; font-weight: 600; margin: 18px 0 4px; }
    .releve-notebook .jp-RenderedMarkdown p { margin-bottom: 4px; }
  `;
  let shared;

  async function share(name) {
    const versions = shared[name];
    const newest = Object.keys(versions).sort().pop();
    return (await versions[newest].get())();
  }

  function activate(NotebookActions) {
    return (app, tracker) => {
      const style = document.createElement('style');
      style.textContent = STYLE;
      document.head.append(style);

      const kind = panel => (panel.model?.getMetadata('releve') ?? {}).notebook ?? '';
      const idle = session => new Promise(resolve => {
        const look = () => {
          if (session.session?.kernel?.status !== 'idle') return;
          session.statusChanged.disconnect(look);
          resolve();
        };
        session.statusChanged.connect(look);
        look();
      });
      const runAll = async panel => {
        await panel.revealed;
        await panel.sessionContext.ready;
        await idle(panel.sessionContext);
        return NotebookActions.runAll(panel.content, panel.sessionContext);
      };
      // One save at a time: a second one that overtakes the first would find the file changed under it, and ask.
      const saveAsItGoes = panel => {
        let timer = 0, last = Promise.resolve();
        const save = async () => {
          const { context } = panel;
          if (!panel.isDisposed && context.model.dirty && context.contentsModel?.writable !== false) await context.save().catch(() => {});
        };
        panel.context.model.contentChanged.connect(() => {
          clearTimeout(timer);
          timer = setTimeout(() => { last = last.then(save); }, 400);
        });
      };

      tracker.widgetAdded.connect(async (_, panel) => {
        await panel.context.ready;
        if (!kind(panel)) return;
        panel.addClass('releve-notebook');
        saveAsItGoes(panel);
        if (kind(panel) === 'home') {
          panel.addClass('releve-home');
          await runAll(panel);
        }
      });
      app.restored.then(() => { app.shell.collapseLeft?.(); app.shell.collapseRight?.(); });

      globalThis.releveLab = {
        async open(path, run) {
          const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
          if (run && panel) {
            await panel.context.ready;
            await runAll(panel);
          }
        },
        download: path => app.commands.execute('docmanager:download', { path }),
      };
    };
  }

  globalThis._JUPYTERLAB = globalThis._JUPYTERLAB || {};
  globalThis._JUPYTERLAB.releve = {
    init: scope => { shared = scope; },
    get: async () => {
      const { INotebookTracker, NotebookActions } = await share('@jupyterlab/notebook');
      const plugin = { id: 'releve:plugin', autoStart: true, requires: [INotebookTracker], activate: activate(NotebookActions) };
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
