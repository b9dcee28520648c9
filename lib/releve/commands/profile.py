"""`releve profile`: what Relève has learnt of the portal: show, hand on, take over, forget."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from releve.base import disk
from releve.base.disk import NotWritten, written
from releve.base.errors import UsageError
from releve.base.settings import Settings, load
from releve.base.words import Learned, Words
from releve.commands.tell import agreed, answer
from releve.portal import profile
from releve.portal.profile import SCREENS, Profile


class NoFile(UsageError):
    pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve profile`."""
    parser.add_argument(
        "action",
        choices=["show", "export", "import", "forget"],
        help="montrer, écrire dans un fichier à transmettre, reprendre d'un fichier, oublier",
    )
    parser.add_argument(
        "what",
        nargs="?",
        metavar="FICHIER|ÉCRAN",
        help="le fichier (export, import), ou l'écran à oublier (tous, si rien n'est dit)",
    )
    parser.add_argument("--yes", action="store_true", help="d'accord d'avance, sans question")


def main(args: argparse.Namespace) -> int:
    """Always 0, but for what stops it; 4 when nobody agreed."""
    settings = load(args.settings, args.outputs)
    act = {"show": _show, "export": _export, "import": _import, "forget": _forget}[args.action]
    told, lines = act(args, settings)
    return answer(args, {"code": 0, "action": args.action} | told, lines)


Told = tuple[dict[str, Any], list[str]]


def _show(args: argparse.Namespace, settings: Settings) -> Told:
    file = profile.path(settings)
    known, words = profile.read(file), Words(settings.portal.labels)
    day = f"{known.summary_read:%d/%m/%Y}" if known.summary_read else "jamais"
    lines = [
        f"Profil : {file}",
        f"Nouveau mot de passe lu devant une personne : {day}",
        *(f"Appris   {_line(words, key, each)}" for key, each in sorted(known.controls.items())),
        *(f"Refusé   {_line(words, key, each)}" for key, each in _refused(known)),
    ]
    nothing = not (known.controls or known.refused)
    told = {
        "path": str(file),
        "summary_read": known.summary_read.isoformat() if known.summary_read else "",
        "controls": [_told(key, each) for key, each in sorted(known.controls.items())],
        "refused": [_told(key, each) for key, each in _refused(known)],
    }
    return told, [*lines, *(["Rien n'a encore été montré à Relève."] if nothing else [])]


def _export(args: argparse.Namespace, settings: Settings) -> Told:
    """Without the day: that a summary was read is each machine's own to say."""
    if not args.what:
        raise NoFile(action="export", what="le nom d'un fichier")
    known, file = profile.read(profile.path(settings)), Path(args.what)
    shared = Profile(known.controls, known.refused)
    written(file, profile.text(shared))
    count = len(known.controls)
    said = f"{count} élément{'s' * (count > 1)} appris, dans {file} : à relire, puis à transmettre."
    return {"path": str(file), "controls": count}, [said]


def _import(args: argparse.Namespace, settings: Settings) -> Told:
    if not args.what or not Path(args.what).is_file():
        raise NoFile(action="import", what="un fichier de profil qui existe")
    given = profile.read(Path(args.what))
    known, words = profile.read(profile.path(settings)), Words(settings.portal.labels)
    joined = known.joined(given)
    changed = {k: v for k, v in joined.controls.items() if known.controls.get(k) != v}
    refused = [each for each in _refused(joined) if each not in list(_refused(known))]
    lines = []
    for key, each in sorted(changed.items()):
        if before := known.controls.get(key):
            lines.append(f"Avant    {_line(words, key, before)}")
        lines.append(f"Nouveau  {_line(words, key, each)}")
    lines += [f"Refusé   {_line(words, key, each)}" for key, each in refused]
    told = {
        "path": str(profile.path(settings)),
        "added": sorted(set(changed) - set(known.controls)),
        "changed": sorted(set(changed) & set(known.controls)),
        "refused": sorted({key for key, _ in refused}),
    }
    if not lines:
        return told, ["Ce profil n'apprend rien de nouveau."]
    agreed(lines, "Reprendre ce profil ?", yes=args.yes)
    _write(settings, joined)
    return told, ["Repris."]


def _forget(args: argparse.Namespace, settings: Settings) -> Told:
    """A screen by its title or its place; all of it with the day too: the next one is attended."""
    file = profile.path(settings)
    known = profile.read(file)
    screen = args.what or ""
    left = known.without(screen) if screen else Profile()
    gone = sorted({*known.controls, *known.refused} - {*left.controls, *left.refused})
    if screen and not any(profile.of_screen(key, screen) for key in profile.TEACHABLE):
        raise NoFile(action="forget", what=f"l'un de ces écrans : {', '.join(SCREENS.values())}")
    told = {"path": str(file), "forgotten": gone}
    if left == known:
        return told, ["Il n'y a rien à oublier."]
    if not screen:
        agreed([], f"Oublier tout ce que Relève sait de ce portail ({len(gone)}) ?", yes=args.yes)
    _write(settings, left)
    return told, [f"Oublié : {', '.join(gone) or 'le jour de la première lecture'}."]


def _write(settings: Settings, new: Profile) -> None:
    file = profile.path(settings)
    try:
        profile.change(file, lambda _: new)
    except OSError as error:
        raise NotWritten(path=file, why=disk.why(error)) from None


def _refused(known: Profile) -> Iterator[tuple[str, Learned]]:
    for key, several in sorted(known.refused.items()):
        yield from ((key, each) for each in several)


def _told(key: str, learned: Learned) -> dict[str, str]:
    return {"key": key, "screen": SCREENS[key.split(".")[0]]} | asdict(learned)


def _line(words: Words, key: str, learned: Learned) -> str:
    """The screen, what the document calls it, and how it is known."""
    place = f" ; à côté : « {learned.beside} »" if learned.beside else ""
    inside = f" ; dans : {learned.place}" if learned.place else ""
    return (
        f"{SCREENS[key.split('.')[0]]}, « {words.first(key)} » ({key}) : « {learned.words} »,"
        f" {learned.role}{place}{inside}"
    )
