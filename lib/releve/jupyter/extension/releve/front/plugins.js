// What the page of an operator is made of; `releveLab` is what the widgets' own page code may call.
import { connectionLost, goesOn, watchKernel } from './stopped.js';
import { bar, callByTitle, keysAreTheForms, say } from './shell.js';

const HOME = 'notebooks/home.ipynb', MODEL = 'notebooks/rotation.ipynb';

const about = panel => panel?.model?.getMetadata('releve') ?? {};
const kind = panel => (panel.context.path === MODEL ? 'model' : about(panel).notebook ?? '');

function title(panel) {
  if (kind(panel) === 'home') return say('home');
  return kind(panel) === 'model' ? say('model') : about(panel).name ?? say('renewal');
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

// A record that is over, green or cancelled, is read.
const finished = ({ context: { model, contentsModel } }) =>
  contentsModel?.writable === false || JSON.stringify(model).includes('rv-done');

// Its kernel writes what ran here: the page has nothing to save, and nothing to ask about when it is left.
function savesNothing({ context: { model } }) {
  model.dirty = false;
  model.stateChanged.connect((_, { name }) => { if (name === 'dirty' && model.dirty) model.dirty = false; });
}

function activate({ NotebookActions, Widget }, app, tracker) {
  const begun = new WeakSet(), wanted = new Set(), notices = new WeakMap();
  // Not "Run All", which leaves one at the notebook's end. A kernel that opens a renewal hears what another page runs only
  // once it is idle; at a gate it answers for all that.
  const runAll = async panel => {
    const { content, revealed, sessionContext } = panel;
    if (kind(panel) === 'rotation') notices.get(panel)?.opening();
    await revealed;
    await sessionContext.ready;
    await Promise.race([sessionContext.session?.kernel?.info, idle(sessionContext)]);
    begun.add(panel);
    return NotebookActions.runCells(content, content.widgets, sessionContext);
  };
  // A page that waits here already is shown as it is, unless it is to be done in another way: its question is then dropped
  // first.
  const open = async (path, run, anew) => {
    const here = tracker.find(each => each.context.path === path);
    if (run && !here) wanted.add(path);
    const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
    if (!run || !here || !panel) return;
    await panel.context.ready;
    const kernel = panel.sessionContext.session?.kernel;
    if (kernel?.status === 'busy' && begun.has(here) && !anew) return;
    if (kernel?.status === 'busy' && anew) {
      await kernel.interrupt();
      await idle(panel.sessionContext);
    }
    await panel.context.revert();
    await runAll(panel);
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

  NotebookActions.executed.connect((_, { cell }) => cell.node.querySelector('.rv-done')?.scrollIntoView());
  tracker.currentChanged.connect(refresh);
  document.addEventListener('visibilitychange', refresh);
  tracker.widgetAdded.connect(async (_, panel) => {
    await panel.context.ready;
    if (!kind(panel)) return;
    panel.addClass('releve-notebook');
    // JupyterLab would rename the file after its tab: only where that could be turned off may the tab speak French.
    if (panel.title.changed.disconnect(panel._onTitleChanged, panel)) panel.title.label = title(panel);
    notices.set(panel, watchKernel(panel, NotebookActions, () => runAll(panel)));
    savesNothing(panel);
    panel.addClass(`releve-${kind(panel)}`);
    // A renewal goes on where she asks for it, never by being looked at; the model's first cell offers a dated copy.
    const { path } = panel.context;
    if (kind(panel) !== 'rotation' || wanted.delete(path) || goesOn(path)) await runAll(panel);
    else if (!finished(panel)) notices.get(panel).elsewhere();
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
    // JupyterLab's own would look for other tabs, then read and save where each was, before it opens what the address names.
    { id: 'releve:state', autoStart: true, provides: lab.IStateDB, activate: () => new lab.StateDB() },
    { id: 'releve:tabs', autoStart: true, provides: lab.IWindowResolver, activate: () => ({ name: 'releve' }) },
    { id: 'releve:connection-lost', autoStart: true, provides: lab.IConnectionLost, activate: () => connectionLost },
  ];
}
