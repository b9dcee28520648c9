"""Starts JupyterLab's own server with what an operator needs: see `arguments`, one line a reason.

The terminal says one thing. What JupyterLab and the kernels have to say goes to a file beside its
settings, for who helps.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import webbrowser
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

from releve.base import disk
from releve.base.places import ENVIRONMENT, default_path, models, project_root
from releve.base.settings import SettingsError, load
from releve.jupyter import MODELS, OUTPUTS_ENVIRONMENT, state
from releve.jupyter.records import records

HOME = f"{MODELS}/home.ipynb"
HERE = Path(__file__).parent
LOG = "lab.log"
_PRIVATE = "transport_encryption=required" if os.name == "nt" else "transport=ipc"


def serve(settings: Path, outputs: Path | None, browser: bool, port: int) -> int:
    """Serve until Ctrl-C or « Quitter Relève ». Without settings the home page offers to write
    them. What already serves these settings is shown instead.
    """
    os.environ |= {ENVIRONMENT: str(settings)} | _environment()
    if outputs:
        os.environ[OUTPUTS_ENVIRONMENT] = str(outputs.expanduser().resolve())
    if browser and _show_running():
        return 0
    _make_folder()
    # one begins at the home page, whatever was open the last time
    shutil.rmtree(state() / "workspaces", ignore_errors=True)
    # jupyter-events would build IRI parsers at import, for formats that nothing here checks: it
    # costs a second.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    print("Laissez cette fenêtre ouverte.", flush=True)
    terminal = _hush()
    from jupyterlab.labapp import LabApp

    try:
        app = LabApp.initialize_server(arguments(browser, port))
    except SystemExit:
        print(f"Relève n'a pas pu s'ouvrir : voir {state() / LOG}", file=terminal, flush=True)
        raise
    if not browser:
        address = f"{app.connection_url}doc/tree/{HOME}?token={app.token}"
        print(f"Adresse : {address}", file=terminal, flush=True)
    _note_running(app.port)
    # the home page's kernel starts while its page is on the way
    session = {"path": HOME, "name": Path(HOME).name, "type": "notebook", "kernel_name": "python3"}
    app.io_loop.add_callback(partial(app.session_manager.create_session, **session))
    app.start()
    return 0


def arguments(browser: bool, port: int) -> list[str]:
    """JupyterLab's own options. The token stays as JupyterLab makes it: random, and not on any
    command line.
    """
    return [
        "--ServerApp.ip=127.0.0.1",  # this machine only
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        "--ServerApp.allow_root=True",
        "--ServerApp.answer_yes=True",  # Ctrl-C is an answer
        f"--ServerApp.root_dir={models().parent}",
        "--ServerApp.contents_manager_class=releve.jupyter.contents.Contents",
        "--Application.log_level=WARN",
        "--ServerApp.terminals_enabled=False",
        # a kernel that is gone stays gone: the page says so, and begins anew when she asks
        "--AsyncIOLoopKernelRestarter.restart_limit=0",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
        f"--LabApp.default_url=/doc/tree/{HOME}",
        f"--LabApp.extra_labextensions_path={HERE / 'extension'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.user_settings_dir={state() / 'settings'}",
        f"--LabApp.workspaces_dir={state() / 'workspaces'}",
        # Kernel traffic is in clear on loopback sockets; Windows has no file sockets, but it can
        # encrypt them.
        f"--KernelManager.{_PRIVATE}",
    ]


def _environment() -> dict[str, str]:
    """Ours come first; what a user once configured for another JupyterLab cannot weaken this one.
    No kernel imports from the folder that it starts in.
    """
    return {
        "JUPYTER_CONFIG_DIR": str(state() / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(HERE / "config"),
        "PYTHONSAFEPATH": "1",
    }


def _make_folder() -> None:
    """Make the records' folder for who begins; one that the settings name and that is gone was
    moved, which the home page asks about.
    """
    with suppress(SettingsError):  # told by the home page too
        folder = records()
        if not default_path().exists() or OUTPUTS_ENVIRONMENT in os.environ or _inside(folder):
            shared = default_path().exists() and load().record.shared
            disk.make_folder(folder, shared=shared)


def _inside(folder: Path) -> bool:
    """Whether it is the project's own, which is never moved."""
    return folder.is_relative_to(project_root())


def _hush() -> TextIO:
    """From here on, what anyone says in this process or its kernels goes to the log; returns the
    terminal.
    """
    state().mkdir(parents=True, exist_ok=True)
    log = os.open(state() / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sys.stdout.flush()
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    return terminal


def _identity() -> dict[str, str]:
    return {name: os.environ.get(name, "") for name in (ENVIRONMENT, OUTPUTS_ENVIRONMENT)}


def _note_running(port: int) -> None:
    note = _identity() | {"pid": os.getpid(), "port": port}
    (state() / "running.json").write_text(json.dumps(note), encoding="utf-8")


def _show_running() -> bool:
    """Open the page of the server that runs for the same settings, if there is one."""
    from jupyter_core.paths import jupyter_runtime_dir
    from jupyter_server.serverapp import list_running_servers

    with suppress(OSError, ValueError):
        noted = json.loads((state() / "running.json").read_text(encoding="utf-8"))
        alive = {each["pid"] for each in list_running_servers()}
        if noted["pid"] in alive and noted.items() >= _identity().items():
            page = Path(jupyter_runtime_dir()) / f"jpserver-{noted['pid']}-open.html"
            webbrowser.open(page.as_uri())
            print("Relève est déjà ouvert : sa page s'affiche.", flush=True)
            return True
    return False
