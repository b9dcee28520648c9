// A prebuilt JupyterLab extension, written by hand: the container that JupyterLab's loader expects, with one plugin.
// It runs the home page when it opens, saves Relève's notebooks as they change, and gives the widgets
// `releveLab.open(path, run)`. Nothing else depends on it: without it, one runs the cells and saves by hand.
(() => {
  const STYLE = `
    .releve-notebook .jp-InputPrompt, .releve-notebook .jp-OutputPrompt, .releve-notebook .jp-Cell .jp-Toolbar { display: none; }
    .releve-notebook .jp-Placeholder-prompt { display: none; }
    .releve-notebook .jp-Cell { padding-top: 2px; padding-bottom: 2px; }
    .releve-notebook .jp-OutputArea-promptOverlay, .releve-notebook .jp-KernelName { display: none; }
    .releve-notebook .jp-OutputCollapser { pointer-events: none; }
    .releve-notebook .jp-MarkdownCell .jp-RenderedMarkdown { max-width: 46rem; font-size: 15px; }
    .releve-notebook .jp-OutputArea-output { max-width: 68rem; font-size: 15px; }
    .releve-notebook .jp-OutputArea-output pre { font-family: var(--jp-ui-font-family); font-size: 15px; white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; max-width: 46rem; }
    .releve-notebook .jp-OutputArea-output img { border: 1px solid var(--jp-border-color1); border-radius: 6px; max-width: 100%; }
    .releve-home .jp-InputPlaceholder, .releve-home .jp-Notebook-footer, .releve-notebook .jp-Notebook-footer { display: none; }
    .releve-notebook .jp-InputPlaceholder .jp-Placeholder-content { border: 0; background: none; min-height: 0; padding: 0; opacity: .5; }
    .releve-notebook .jp-InputPlaceholder .jp-Placeholder-content > :not(svg, .jp-MoreHorizIcon) { display: none; }
    .releve-notebook .jp-OutputArea-output.jp-RenderedHTMLCommon { padding-left: 9px; }
    .releve-notebook .jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'] { background: #fff8f0; border-left: 6px solid #b34000; padding: 6px 14px; max-width: 44rem; }
    .releve-notebook .jp-InternalAnchorLink { display: none; }
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

      const MODEL = 'notebooks/rotation.ipynb';
      const kind = panel => panel.context.path === MODEL ? 'model' : (panel.model?.getMetadata('releve') ?? {}).notebook ?? '';
      const idle = session => new Promise(resolve => {
        const look = () => {
          if (session.session?.kernel?.status !== 'idle') return;
          session.statusChanged.disconnect(look);
          resolve();
        };
        session.statusChanged.connect(look);
        look();
      });
      const title = panel => {
        const day = /\/(\d{4})-(\d\d)-(\d\d)_[^/]*\/rotation\.ipynb$/.exec(panel.context.path);
        return day ? `Rotation du ${day[3]}/${day[2]}/${day[1]}` : kind(panel) === 'home' ? 'Accueil' : 'Modèle';
      };
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

      // "Run All" leaves one at the notebook's end: where it stopped is what there is to read.
      NotebookActions.executed.connect((_, { notebook, cell, success }) => {
        if (success || !notebook.node.closest('.releve-notebook') || !cell.node.querySelector('[data-mime-type="application/vnd.jupyter.stderr"]')) return;
        notebook.activeCellIndex = notebook.widgets.indexOf(cell);
        cell.node.scrollIntoView({ block: 'center' });
      });
      tracker.widgetAdded.connect(async (_, panel) => {
        await panel.context.ready;
        if (!kind(panel)) return;
        panel.addClass('releve-notebook');
        // JupyterLab would rename the file after its tab: only where that could be turned off may the tab speak French.
        if (panel.title.changed.disconnect(panel._onTitleChanged, panel)) panel.title.label = title(panel);
        saveAsItGoes(panel);
        if (kind(panel) === 'home') panel.addClass('releve-home');
        if (kind(panel) !== 'rotation') await runAll(panel); // the model's first cell says what it is, and offers a dated copy
      });
      app.restored.then(() => {
        app.shell.collapseLeft?.();
        app.shell.collapseRight?.();
        document.querySelectorAll('a.skip-link').forEach(link => { link.textContent = 'Aller au contenu'; }); // in no language pack
      });

      globalThis.releveLab = {
        async open(path, run) {
          const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
          if (run && panel) {
            await panel.context.ready;
            await runAll(panel);
          }
        },
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
