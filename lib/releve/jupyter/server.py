"""Starts JupyterLab's own server with what an operator needs: see `arguments`, one line a reason.

The terminal says one thing. What JupyterLab and the kernels have to say goes to a file beside its
settings, for who helps.
"""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.places import ENVIRONMENT, default_path, models, project_root
from releve.base.settings import SettingsError, load
from releve.base.texts import table
from releve.jupyter import MODELS, OUTPUTS_ENVIRONMENT, state
from releve.jupyter.contents import ProjectFiles
from releve.jupyter.records import records

if TYPE_CHECKING:  # in its own time: see `serve`
    from jupyterlab.labapp import LabApp

HOME = f"{MODELS}/home.ipynb"
HERE = Path(__file__).parent
LOG = "lab.log"
_PRIVATE = "transport_encryption=required" if os.name == "nt" else "transport=ipc"


class LabDidNotStart(ReleveError):
    pass


def serve(
    settings: Path, outputs: Path | None, browser: bool, port: int, as_json: bool = False
) -> int:
    """Serve until Ctrl-C or « Quitter Relève ». Without settings the home page offers to write
    them. What already serves these settings is shown instead. Raises `LabDidNotStart`.
    """
    os.environ |= {ENVIRONMENT: str(settings)} | _environment()
    if outputs:
        os.environ[OUTPUTS_ENVIRONMENT] = str(outputs.expanduser().resolve())
    if browser and _show_running(as_json):
        return 0
    _make_folder()
    if not as_json:
        print("Laissez cette fenêtre ouverte.", flush=True)
    terminal, restore = _hush()
    from jupyterlab.labapp import LabApp

    try:
        app = LabApp.initialize_server(arguments(browser, port))
    except (SystemExit, Exception) as error:
        restore()
        raise LabDidNotStart(log=state() / LOG) from error
    page = {name: told for name, told in table().items() if name.startswith("page.")}
    app.web_app.settings.setdefault("page_config_data", {})["releve"] = page
    address = f"{app.connection_url}doc/tree/{HOME}?token={app.token}"
    if as_json:
        print(json.dumps({"code": 0, "url": address}), file=terminal, flush=True)
    elif not browser:
        print(f"Adresse : {address}", file=terminal, flush=True)
    _note_running(app.port)
    app.io_loop.add_callback(_begin, app)
    app.start()
    return 0


async def _begin(app: LabApp) -> None:
    """The home page's kernel starts, and imports what it needs, while its page is on the way."""
    name = Path(HOME).name
    made = await app.session_manager.create_session(HOME, name, "notebook", "python3")
    client = app.kernel_manager.get_kernel(made["kernel"]["id"]).client()
    client.start_channels()
    await client.execute("import releve.jupyter.home", silent=True, reply=True)
    client.stop_channels()


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
        f"--ServerApp.contents_manager_class={ProjectFiles.__module__}.{ProjectFiles.__qualname__}",
        "--Application.log_level=WARN",
        "--ServerApp.terminals_enabled=False",
        # a kernel that is gone stays gone: the page says so, and begins anew when she asks
        "--AsyncIOLoopKernelRestarter.restart_limit=0",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
        f"--LabApp.default_url=/doc/tree/{HOME}",
        f"--LabApp.extra_labextensions_path={HERE / 'extension'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.user_settings_dir={state() / 'settings'}",
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
            disk.make_folder(folder.resolve(), shared=shared)  # her own link to it is followed


def _inside(folder: Path) -> bool:
    """Whether it is the project's own, which is never moved."""
    return folder.is_relative_to(project_root())


def _hush() -> tuple[TextIO, Callable[[], None]]:
    """From here on, what anyone says in this process or its kernels goes to the log; returns the
    terminal, and what gives both streams back to it.
    """
    state().mkdir(parents=True, exist_ok=True)
    log = os.open(state() / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sys.stdout.flush()
    before = {stream: os.dup(stream) for stream in (1, 2)}

    def restore() -> None:
        for stream, own in before.items():
            os.dup2(own, stream)

    for stream in before:
        os.dup2(log, stream)
    os.close(log)
    return os.fdopen(before[1], "w", encoding="utf-8", closefd=False), restore


def _identity() -> dict[str, str]:
    return {name: os.environ.get(name, "") for name in (ENVIRONMENT, OUTPUTS_ENVIRONMENT)}


def _note_running(port: int) -> None:
    note = _identity() | {"pid": os.getpid(), "port": port}
    (state() / "running.json").write_text(json.dumps(note), encoding="utf-8")


def _show_running(as_json: bool) -> bool:
    """Open the page of the server that runs for the same settings, if there is one."""
    from jupyter_core.paths import jupyter_runtime_dir
    from jupyter_server.serverapp import list_running_servers

    with suppress(OSError, ValueError):
        noted = json.loads((state() / "running.json").read_text(encoding="utf-8"))
        alive = {each["pid"] for each in list_running_servers()}
        if noted["pid"] in alive and noted.items() >= _identity().items():
            page = Path(jupyter_runtime_dir()) / f"jpserver-{noted['pid']}-open.html"
            webbrowser.open(page.as_uri())
            told = json.dumps({"code": 0, "url": page.as_uri()})
            print(told if as_json else "Relève est déjà ouvert : sa page s'affiche.", flush=True)
            return True
    return False
