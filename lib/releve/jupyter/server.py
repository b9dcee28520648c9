"""Starts JupyterLab's own server with what an operator needs: see `arguments`, one line a reason."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import platformdirs

from releve.base.settings import ENVIRONMENT, Record, SettingsError, load, models
from releve.jupyter import MODELS, OUTPUTS_ENVIRONMENT

HOME = f"{MODELS}/home.ipynb"
HERE = Path(__file__).parent


def serve(settings: Path, outputs: Path | None, browser: bool, port: int) -> int:
    """Serve until Ctrl-C or "Arrêter". Without settings the home page offers to write them."""
    folder = _folder(settings, outputs)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(
        _state() / "workspaces", ignore_errors=True
    )  # one begins at the home page, whatever was open the last time
    os.environ |= {
        ENVIRONMENT: str(settings),
        OUTPUTS_ENVIRONMENT: str(folder),
    } | _configuration_folders()
    # jupyter-events would build IRI parsers at import, for formats that nothing here checks: it
    # costs a second.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from jupyterlab.labapp import LabApp

    print(
        "JupyterLab s'ouvre dans votre navigateur. Pour l'arrêter : menu « Fichier », « Arrêter »,"
        " ou Ctrl-C ici.",
        flush=True,
    )
    LabApp.launch_instance(arguments(folder, browser, port))
    return 0


def arguments(records: Path, browser: bool, port: int) -> list[str]:
    """JupyterLab's own options. The token stays as JupyterLab makes it: random, and not on any
    command line.
    """
    state = _state()
    return [
        "--ServerApp.ip=127.0.0.1",  # this machine only
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={browser}",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={models().parent}",
        "--ServerApp.contents_manager_class=releve.jupyter.contents.Contents",
        f"--Contents.records={records}",
        "--ServerApp.log_level=WARN",
        "--ServerApp.terminals_enabled=False",
        "--ServerApp.jpserver_extensions=jupyter_lsp=False",
        f"--LabApp.default_url=/lab/tree/{HOME}",
        f"--LabApp.extra_labextensions_path={HERE / 'extension'}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.user_settings_dir={state / 'settings'}",
        f"--LabApp.workspaces_dir={state / 'workspaces'}",
        # Kernel traffic is in clear on loopback sockets; Windows has no file sockets, but it can
        # encrypt them.
        (
            "--KernelManager.transport_encryption=required"
            if os.name == "nt"
            else "--KernelManager.transport=ipc"
        ),
    ]


def _configuration_folders() -> dict[str, str]:
    """Ours come first; what a user once configured for another JupyterLab cannot weaken this one."""
    return {
        "JUPYTER_CONFIG_DIR": str(_state() / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(HERE / "config"),
    }


def _state() -> Path:
    return platformdirs.user_state_path("releve", appauthor=False) / "lab"


def _folder(settings: Path, outputs: Path | None) -> Path:
    if outputs:
        return outputs.expanduser().resolve()
    try:
        return load(settings).record.folder
    except SettingsError:  # told by the home page, which offers the mend
        return Record().folder
