// What the page of an operator is made of; `releveLab` is what the widgets' own page code may call.
import { connectionLost, goesOn, watchKernel } from './stopped.js';
import { bar, callByTitle, keysAreTheForms } from './shell.js';

const HOME = 'notebooks/home.ipynb', MODEL = 'notebooks/rotation.ipynb';

const about = panel => panel?.model?.getMetadata('releve') ?? {};
const kind = panel => (panel.context.path === MODEL ? 'model' : about(panel).notebook ?? '');

function title(panel) {
  if (kind(panel) === 'home') return 'Accueil';
  return kind(panel) === 'model' ? 'Modèle' : about(panel).name ?? 'Renouvellement';
}

const idle = session => new Promise(resolve => {
  const look = () => {
    if (session.session?.kernel?.status !== 'idle') return;
    session.statusChanged.disconnect(look);
    resolve();
  };
  session.statusChanged.connect(look);
  look();
});

// Its kernel writes what ran here: the page has nothing to save, and nothing to ask about when it is left.
function savesNothing({ context: { model } }) {
  model.dirty = false;
  model.stateChanged.connect((_, { name }) => { if (name === 'dirty' && model.dirty) model.dirty = false; });
}

function activate({ NotebookActions, Widget }, app, tracker) {
  // Not "Run All", which leaves one at the notebook's end; a cell that waits lets nothing pass before it.
  const runAll = async (panel, freshly = false) => {
    await panel.revealed;
    await panel.sessionContext.ready;
    if (freshly) await idle(panel.sessionContext);
    return NotebookActions.runCells(panel.content, panel.content.widgets, panel.sessionContext);
  };
  // One that waits here already is shown as it is, unless it is to be done in another way: its question is then dropped first.
  const open = async (path, run, anew) => {
    const here = tracker.find(each => each.context.path === path);
    const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    if (!run || !panel) return;
    await panel.context.ready;
    const kernel = panel.sessionContext.session?.kernel;
    if (here && kernel?.status === 'busy') {
      if (!anew) return;
      await kernel.interrupt();
      await idle(panel.sessionContext);
    }
    if (here) await panel.context.revert();
    await runAll(panel, true);
  };
  const home = () => open(HOME, false);
  // What was done elsewhere meanwhile is told when the page comes into sight again.
  const refresh = () => {
    if (document.hidden || !tracker.currentWidget?.hasClass('releve-home')) return;
    tracker.currentWidget.node.querySelector('[data-action="refresh"].rv-link:not(:disabled)')?.click();
  };
  const end = async path => {
    tracker.forEach(panel => { if (panel.context.path === path) panel.dispose(); });
    const { sessions } = app.serviceManager;
    await sessions.refreshRunning();
    await sessions.stopIfNeeded(path);
  };

  keysAreTheForms(app);
  bar(app, Widget, tracker, { home, title });
  callByTitle(tracker, { title, about });

  tracker.currentChanged.connect(refresh);
  document.addEventListener('visibilitychange', refresh);
  tracker.widgetAdded.connect(async (_, panel) => {
    await panel.context.ready;
    if (!kind(panel)) return;
    panel.addClass('releve-notebook');
    // JupyterLab would rename the file after its tab: only where that could be turned off may the tab speak French.
    if (panel.title.changed.disconnect(panel._onTitleChanged, panel)) panel.title.label = title(panel);
    watchKernel(panel, NotebookActions, () => runAll(panel, true));
    savesNothing(panel);
    panel.addClass(`releve-${kind(panel)}`);
    if (kind(panel) !== 'rotation' || goesOn(panel.context.path)) await runAll(panel, true); // the model's first cell says what it is, and offers a dated copy
  });
  document.addEventListener('click', event => {
    if (!event.target.closest?.(`a[href$="/tree/${HOME}"]`)) return;
    event.preventDefault();
    home();
  });
  globalThis.releveLab = { open, home, end };
}

export function plugins(lab) {
  return [
    { id: 'releve:plugin', autoStart: true, requires: [lab.INotebookTracker], activate: (app, tracker) => activate(lab, app, tracker) },
    { id: 'releve:connection-lost', autoStart: true, provides: lab.IConnectionLost, activate: () => connectionLost },
  ];
}
