// A page whose program is gone says so itself, where she looks; « Reprendre » is always the way on.
import { make, say } from './shell.js';

const away = new Set();
const lost = which => which === 'gone' || which === 'away';
const CALM = 'opening'; // until the first cell runs: a page never waits without a word, nor for ever without a way on

// Asked by JupyterLab in the place of its own dialog.
export async function connectionLost() {
  away.forEach(tell => tell());
}

function notice(which, resume) {
  const button = make('button', { type: 'button', textContent: say('resume') });
  button.onclick = () => { button.disabled = true; resume(); };
  const node = make('section', { className: 'releve-stopped', role: which === CALM ? 'status' : 'alert' }, make('h3', { textContent: say(`${which}.heading`) }),
    make('p', { textContent: say(`${which}.body`) }), button);
  node.dataset.why = which;
  return node;
}

// A server that was started again knows nothing of this page's kernel: the page begins anew, and goes on by itself.
const RESUME = 'releve-resume';

export function goesOn(path) {
  const wanted = sessionStorage.getItem(RESUME) === path;
  if (wanted) sessionStorage.removeItem(RESUME);
  return wanted;
}

async function comeBack(path, shown) {
  const answer = await fetch(new URL('api/status', document.baseURI.replace(/\/doc\/.*$/, '/'))).catch(() => null);
  if (answer?.ok) {
    sessionStorage.setItem(RESUME, path);
    location.reload();
    return;
  }
  shown.querySelector('button').disabled = false;
  shown.querySelector('p').textContent = say('away.still');
}

// « Pas encore », « M'arrêter ici »: nothing went wrong, and nothing looks as if it had.
const markPaused = cell => cell.node.classList.toggle(
  'releve-paused', Boolean(cell.model.outputs?.toJSON().some(({ ename }) => ename === 'Paused')));

export function watchKernel(panel, NotebookActions, runAll) {
  const { sessionContext } = panel;
  let shown = null;
  const clear = () => {
    shown?.remove();
    shown = null;
    panel.removeClass('releve-gone');
  };
  // Without its kernel a page begins anew, as without its server: its forms hear no answer.
  const resume = which => (lost(which) || which === CALM ? comeBack(panel.context.path, shown) : (clear(), runAll()));
  const show = (which, after) => {
    if (shown?.dataset.why === which) return;
    clear();
    shown = notice(which, () => resume(which));
    if (lost(which)) panel.addClass('releve-gone');
    (after ?? panel.content.node).prepend(shown);
    if (after) after.append(shown);
    shown.scrollIntoView({ block: 'center' });
  };
  // Where a panel stood whose kernel is gone, the last one that is shown; between two panels, the step in hand; before
  // the first, the end.
  const last = (selector, has = () => true) => [...panel.node.querySelectorAll(selector)].filter(has).pop();
  panel.content.widgets.forEach(markPaused);
  const place = () => last('.rv', each => each.childElementCount)?.closest('.jp-Cell') ?? last('.jp-CodeCell[data-rv-place=now]') ?? last('.jp-Cell');
  const unfinished = () => !last('.rv-done');

  // JupyterLab's own dialog would say the same in other words, over the page.
  sessionContext.statusChanged.disconnect(panel._onSessionStatusChanged, panel);
  sessionContext.statusChanged.connect((_, status) => {
    if (['dead', 'autorestarting', 'restarting', 'terminating'].includes(status) && unfinished()) show('gone', place());
  });
  sessionContext.kernelChanged.connect((_, { oldValue, newValue }) => {
    if (oldValue && !newValue && unfinished()) show('gone', place());
  });
  sessionContext.connectionStatusChanged.connect((_, status) => {
    if (status !== 'connected' || shown?.dataset.why !== 'away') return;
    clear();
    if (!sessionContext.session?.kernel) show('gone', place());
  });
  const tell = () => { if (panel.isVisible) show('away', place()); };
  away.add(tell);
  panel.disposed.connect(() => away.delete(tell));

  NotebookActions.executionScheduled.connect((_, { notebook }) => { if (notebook === panel.content && shown && shown.dataset.why !== 'away') clear(); });
  NotebookActions.executed.connect((_, { notebook, cell, success }) => {
    if (success || notebook !== panel.content || panel.hasClass('releve-gone')) return;
    markPaused(cell);
    if (!cell.node.querySelector('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]')) return;
    notebook.activeCellIndex = notebook.widgets.indexOf(cell);
    show('stopped', cell.node);
  });
  // A page whose cells are over without the green end (another took the renewal over) is never left without a way on.
  const elsewhere = () => show('elsewhere', place());
  const runs = () => panel.content.widgets.some(({ model }) => model.executionState === 'running');
  NotebookActions.selectionExecuted.connect((_, { notebook }) => {
    if (notebook === panel.content && panel.hasClass('releve-rotation') && !shown && !runs() && unfinished()) elsewhere();
  });
  return { elsewhere, opening: () => show(CALM) };
}
