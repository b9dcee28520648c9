"""`record.html`: the record on one page, drawn from the journal alone; no network and no script are
needed to read it.

`view` says what the journal tells, as codes and facts; the French words are in `words.j2`, the page
in `page.html.j2`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from releve.base import disk
from releve.base.disk import write_atomically
from releve.base.errors import ReleveError
from releve.base.places import models
from releve.base.secret import scrub
from releve.base.texts import typographic
from releve.decision import journal
from releve.decision.procedure import BY_ID, target_name
from releve.decision.state import Situation
from releve.record.folder import CAPTURES, PAGE, RecordFolder
from releve.record.view import RecordView, view

GUIDE, READ_ME, KEEP_BYTES = "auditeur.md", "LISEZ-MOI.txt", ".gitattributes"
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


class PageUnwritable(ReleveError):
    """The disk refused the page. One that was there before is whole; the caller may retry."""


def _day(moment: date | str) -> str:
    if isinstance(moment, str):
        return moment
    return f"{'1er' if moment.day == 1 else moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def _offset(moment: datetime) -> str:
    return f"UTC{moment.isoformat()[-6:]}"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s".replace(".", ",")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _typeset(markup: str) -> Markup:
    """In text that is already markup."""
    return Markup(typographic(str(markup)))


# A picture in base64, whose file is searched before the seal: no text, and megabytes of it.
_PICTURE = re.compile(r"(data:image/png;base64,[A-Za-z0-9+/]+=*)")


def _scrubbed(value: object) -> object:
    """Each text is scrubbed as it enters the page: in the page as a whole, a password that is a
    word of HTML would break it.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or _PICTURE.fullmatch(value):
        return value
    return scrub(str(value))


_templates = Environment(
    loader=PackageLoader("releve", "record"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_scrubbed,
)
_templates.filters |= {
    "day": _day,
    "utc": _utc,
    "offset": _offset,
    "duration": _duration,
    "typeset": _typeset,
    "target": target_name,
}
# The one script of the page, allowed by its hash alone: whatever else might get into the page is
# not run.
_CHECK = files("releve.record").joinpath("check.js").read_text(encoding="utf-8")
_CHECK_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_CHECK.encode()).digest()).decode()
_templates.globals |= {"screens": BY_ID, "check": Markup(_CHECK), "check_hash": _CHECK_HASH}


def render(record: RecordView, signer: str = "") -> str:
    """The page, with every registered secret masked. `signer`: the fingerprint of the key that is
    to sign the record, as people compare it.
    """
    page = _templates.get_template("page.html.j2").render(record=record, signer=signer)
    return "".join(str(_scrubbed(part)) for part in _PICTURE.split(page))


def check_page() -> str:
    """A page that checks records dropped on it, and comes with none of them."""
    import mistune  # only here

    in_html = mistune.create_markdown(plugins=["table"])
    guide = str(in_html(auditors_guide().split("\n", 1)[1]))  # its title is the page's own
    parts = re.split(r"(<pre>.*?</pre>)", guide, flags=re.DOTALL)  # a command stays as it is typed
    set_ = "".join(each if each.startswith("<pre>") else _typeset(each) for each in parts)
    return _templates.get_template("check.html.j2").render(guide=Markup(set_))


def auditors_guide() -> str:
    """What an auditor reads, in Markdown."""
    return (models() / GUIDE).read_text(encoding="utf-8")


def _accompany(folder: Path) -> None:
    """What keeps the bytes of a record, and of the register beside it, as they are in a repository,
    and says how to check them.
    """
    write_atomically(folder / KEEP_BYTES, b"* -text\n")
    write_atomically(folder / READ_ME, auditors_guide().encode())
    above = folder.parent / KEEP_BYTES
    if RecordFolder.at(folder) and not above.exists():
        write_atomically(above, b"* -text\n")


def write_page(folder: Path, situation: Situation | None = None, signer: str = "") -> Path:
    """Write the page of a record folder from its journal and captures, all or nothing, and the
    notes that travel with it; its path.

    `situation`: as this machine's keyring has it, of a rotation that is open. Raises
    `JournalUnreadable`, or `PageUnwritable` when the disk refuses. Safe to repeat.
    """
    shown = folder / CAPTURES
    pictures = sorted(shown.glob("*.png")) if disk.is_folder(shown) else []
    captures = {path.name: disk.read(path) for path in pictures if disk.is_file(path)}
    page = render(view(journal.read(folder / journal.FILE_NAME), captures, None, situation), signer)
    path = folder / PAGE
    try:
        write_atomically(path, page.encode())
        _accompany(folder)
    except OSError as error:
        raise PageUnwritable(path=path, why=disk.why(error)) from error
    return path
