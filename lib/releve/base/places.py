"""Where the settings, the model notebooks and the project itself stand."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

ENVIRONMENT = "RELEVE_SETTINGS"
FILE_NAME = "releve.toml"


def project_root() -> Path:
    """The checkout that holds `lib/`; when the package was installed without it, the current
    folder.
    """
    root = Path(__file__).resolve().parents[3]
    return root if (root / "lib" / "pyproject.toml").is_file() else Path.cwd()


def models() -> Path:
    """The folder of the model notebooks: the checkout's own, or the one that a package carries."""
    carried = Path(__file__).resolve().parents[1] / "notebooks"
    return carried if carried.is_dir() else project_root() / "notebooks"


def default_path() -> Path:
    """`RELEVE_SETTINGS`, else `releve.toml` in the user's configuration folder."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named).expanduser()
    return platformdirs.user_config_path("releve", appauthor=False) / FILE_NAME
