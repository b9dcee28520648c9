"""What this user's own machine has learnt of a portal, one TOML file an origin in the user's
configuration folder: never in `outputs/`, where others can write.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import platformdirs
import tomlkit

from releve.base.disk import write_atomically
from releve.base.origins import is_loopback, origin
from releve.base.settings import Settings

SUMMARY = "summary_read"  # the day of the first attended rotation that read a new password


def path(settings: Settings) -> Path:
    """The file of the settings' portal; it may not exist yet."""
    name = re.sub(r"[^a-z0-9.-]+", "_", origin(settings.portal.url))
    folder = platformdirs.user_config_path("releve", appauthor=False) / "profiles"
    return folder / f"{name}.toml"


def summary_was_read(settings: Settings) -> bool:
    """Whether an attended rotation has read a new password on this portal. The school is exempt, by
    its origin. A file that cannot be read says no.
    """
    if settings.school and is_loopback(settings.portal.url):
        return True
    try:
        return SUMMARY in tomllib.loads(path(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def note_summary_read(settings: Settings, day: date) -> None:
    """Note it, once; whatever else the file holds stays. Raises OSError; safe to repeat."""
    if summary_was_read(settings):
        return
    file = path(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    known = (
        tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.TOMLDocument()
    )
    known[SUMMARY] = day
    write_atomically(file, tomlkit.dumps(known).encode())
