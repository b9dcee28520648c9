"""What this user's own machine has learnt of a portal, one TOML file an origin in the user's
configuration folder: never in `outputs/`, where others can write. Words and kinds only: people can
read it, correct it, and hand it on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import platformdirs
import tomlkit

from releve.base.disk import write_atomically
from releve.base.errors import UsageError
from releve.base.origins import is_loopback, origin
from releve.base.settings import Settings
from releve.base.words import Learned, Words, documented
from releve.portal.sight import plain

SUMMARY = "summary_read"  # the day of the first attended rotation that read a new password
SCREENS = {
    "login": "Authentification",
    "pigp": "Accueil du portail",
    "connection": "Chorus Pro déconnecté",
    "information": "Vos informations",
    "home": "Accueil",
    "domain": "Raccordements",
    "form": "Compte technique",
    "structures": "Activités du gestionnaire",
    "structure": "Modification de la structure",
    "reset": "Réinitialisation",
}
"""What can be taught, by its place in `labels.toml`; no password is read by what was taught."""
_NOT = ("refused", "question", "agree", "cancel", "nothing", "done", "old", "secondary", "password",
    "retype")  # fmt: skip
TEACHABLE = frozenset(
    key for key in documented() if key.split(".")[0] in SCREENS and key.split(".")[1] not in _NOT
) | {"login.password"}
_KINDS = re.compile(r"(?:(?:[a-z-]+|h[1-6])(?: |$))*")
_LONGEST, _BIGGEST = 60, 100_000


class BadProfile(UsageError):
    pass


@dataclass(frozen=True)
class Profile:
    """What was taught of one portal, by place; what was refused; when a summary was read."""

    controls: Mapping[str, Learned] = field(default_factory=dict)
    refused: Mapping[str, tuple[Learned, ...]] = field(default_factory=dict)
    summary_read: date | None = None

    def without(self, screen: str) -> Profile:
        """What is left when that screen is forgotten, by its title or its place."""

        def kept(table: Mapping[str, Any]) -> dict[str, Any]:
            return {key: each for key, each in table.items() if not of_screen(key, screen)}

        return replace(self, controls=kept(self.controls), refused=kept(self.refused))

    def joined(self, other: Profile) -> Profile:
        """With another's on top; every « non » stays, and each machine reads its own summary."""
        both = {
            key: tuple(dict.fromkeys((*self.refused.get(key, ()), *other.refused.get(key, ()))))
            for key in {**self.refused, **other.refused}
        }
        return replace(self, controls={**self.controls, **other.controls}, refused=both)


def of_screen(key: str, screen: str) -> bool:
    """Whether that place belongs to that screen."""
    place = key.split(".")[0]
    return screen.casefold() in (key, place, SCREENS.get(place, "").casefold())


def path(settings: Settings) -> Path:
    """The file of the settings' portal; it may not exist yet."""
    return _path(settings.portal.url)


def _path(url: str) -> Path:
    name = re.sub(r"[^a-z0-9.-]+", "_", origin(url))
    folder = platformdirs.user_config_path("releve", appauthor=False) / "profiles"
    return folder / f"{name}.toml"


def read(file: Path) -> Profile:
    """What a file says; nothing when there is none. Raises `BadProfile` for what is no profile."""
    try:
        content = file.read_bytes()
        if len(content) > _BIGGEST:
            raise ValueError("il est trop grand")
        return _profile(tomllib.loads(content.decode()))
    except FileNotFoundError:
        return Profile()
    except tomllib.TOMLDecodeError:
        raise BadProfile(path=file, why="ce n'est pas du TOML correct") from None
    except (OSError, UnicodeDecodeError):
        raise BadProfile(path=file, why="il n'est pas lisible") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise BadProfile(path=file, why=str(error) or "une clé y est de trop") from None


def _profile(table: dict[str, Any]) -> Profile:
    if unknown := set(table) - {SUMMARY, "controls", "refused"}:
        raise ValueError(f"clé inconnue « {plain(sorted(unknown)[0])} »")
    day = table.get(SUMMARY)
    if day is not None and type(day) is not date:
        raise ValueError("le jour n'en est pas un")
    controls = {key: _learned(key, each) for key, each in table.get("controls", {}).items()}
    refused = {
        key: tuple(_learned(key, each) for each in several)
        for key, several in table.get("refused", {}).items()
    }
    return Profile(controls, refused, day)


def _learned(key: str, table: dict[str, Any]) -> Learned:
    """Words and kinds: no number, no address, nothing long."""
    if key not in TEACHABLE:
        raise ValueError(f"« {plain(key)} » ne s'apprend pas")
    if set(table) - {each.name for each in fields(Learned)}:
        raise ValueError(f"une clé est de trop pour « {key} »")
    for name, value in table.items():
        fits = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
        words = fits and "//" not in value and plain(value) == value
        if not (words if name in ("words", "beside") else fits and _KINDS.fullmatch(value)):
            raise ValueError(f"« {key} » dit autre chose que des mots")
    learned = Learned(**table)
    if len(learned.role.split()) < 2 or not (learned.words or learned.beside):
        raise ValueError(f"« {key} » n'est pas décrit")
    return learned


def text(profile: Profile) -> str:
    """As its file holds it."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Ce que Relève a appris de ce portail : des mots, des genres."))
    if profile.summary_read:
        document[SUMMARY] = profile.summary_read
    document["controls"] = {key: _told(each) for key, each in sorted(profile.controls.items())}
    document["refused"] = {
        key: [_told(each) for each in several] for key, several in sorted(profile.refused.items())
    }
    return tomlkit.dumps(document)


def _told(learned: Learned) -> dict[str, str]:
    return {name: value for name, value in asdict(learned).items() if value}


def change(file: Path, changed: Callable[[Profile], Profile]) -> Profile:
    """Change the file, whole or not at all; returns what it holds. Raises OSError, `BadProfile`."""
    found = changed(read(file))
    told = text(found)
    try:
        _profile(tomllib.loads(told))
    except ValueError as error:
        raise BadProfile(path=file, why=str(error)) from None
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, told.encode())
    return found


def teach(words: Words, url: str) -> None:
    """Have these words know what was taught of that portal. A file that cannot be read teaches
    nothing.
    """
    try:
        known = read(_path(url))
    except BadProfile:
        return
    words.learned |= known.controls
    words.refused |= {key: list(each) for key, each in known.refused.items()}


def keep(url: str, key: str, learned: Learned) -> None:
    """Keep what a person has just shown. Raises OSError, `BadProfile`."""
    change(_path(url), lambda old: replace(old, controls={**old.controls, key: learned}))


def refuse(url: str, key: str, learned: Learned) -> None:
    """Keep that a person said no: it binds. Raises OSError, `BadProfile`."""
    change(_path(url), lambda old: old.joined(Profile(refused={key: (learned,)})))


def summary_was_read(settings: Settings) -> bool:
    """Whether an attended rotation has read a new password on this portal. The school is exempt, by
    its origin. A file that cannot be read says no.
    """
    if settings.school and is_loopback(settings.portal.url):
        return True
    try:
        return read(path(settings)).summary_read is not None
    except BadProfile:
        return False


def note_summary_read(settings: Settings, day: date) -> None:
    """Note it, once; whatever else the file holds stays. Raises OSError, `BadProfile`; safe to
    repeat.
    """
    if not summary_was_read(settings):
        change(path(settings), lambda old: replace(old, summary_read=day))
