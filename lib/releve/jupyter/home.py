"""The home page: what is due, what is unfinished, what was done, and one button for each thing that
can be begun.
"""

from __future__ import annotations

import asyncio
import os
from datetime import date, datetime
from typing import TYPE_CHECKING

from IPython.display import display

from releve.base.errors import ReleveError
from releve.base.places import default_path
from releve.base.settings import Settings, load
from releve.base.texts import text
from releve.commands.abandon import close_open
from releve.commands.due import give_date
from releve.commands.resume import adopt
from releve.jupyter import OUTPUTS_ENVIRONMENT, TRAINING, first_start, home_page, questions
from releve.jupyter.copy import dated_copy, url
from releve.jupyter.panel import Answer, Panel, View, button, form, paragraphs
from releve.jupyter.records import moved, records
from releve.planning.due import Due, agenda
from releve.planning.plan import aloud
from releve.planning.today import kept_dates
from releve.record import vouching
from releve.record.folder import RecordFolder, prepare
from releve.record.history import Past, doubt, history
from releve.record.seal import finish_left_over, registered_in
from releve.vault import keys
from releve.vault.keystore import Keystore, open_keystore

if TYPE_CHECKING:
    from releve.jupyter.training import Training  # the school takes a while to be imported

CANCELLED = "annulé depuis la page d'accueil, avant tout changement"


def show() -> None:
    """Display the home page; it stays alive as long as its kernel."""
    home = Home()
    display(home.panel)  # type: ignore[no-untyped-call]
    home.tidy()


class Home:
    """The page and what its buttons do. An error is told on the page, which stays usable."""

    def __init__(self) -> None:
        self.panel = Panel(self._hear, first_start.check, level=2)
        self.training: Training | None = None
        self._said: tuple[str, ...] = ()
        self._kept: dict[str, datetime] = {}  # what the keyring knows of each account's last change
        self._shown: dict[str, date] = {}
        self._signer = ""
        self._keystore: Keystore | None = None  # until it was asked, only settings vouch
        self._tasks: set[asyncio.Task[None]] = set()
        self._draw()

    def tidy(self) -> None:
        """Seal, once the page is there, what an ended process left, and ask the keyring for the
        dates that the records do not tell; the page tells of both. One at a time.
        """
        if self._tasks:
            return
        task = asyncio.get_running_loop().create_task(self._tidy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tidy(self) -> None:
        shown = self.panel.view
        try:
            settings = self._settings()
            keystore = open_keystore(settings)
            left = await asyncio.to_thread(finish_left_over, settings, keystore)
            accounts = {due.account for due in self._dues(settings)}
            known = await asyncio.to_thread(kept_dates, settings, accounts, keystore)
            own = await asyncio.to_thread(keys.own_keyid, keystore)
        except ReleveError:
            return  # said by the page itself, or by what needs it
        self._keystore = keystore.bounded()
        more = bool(own) or known != (self._kept, self._shown)
        self._said = (*left.told, *(error.text for error in left.faults))
        self._signer, (self._kept, self._shown) = keys.shown(own), known
        if (self._said or more) and self.panel.view == shown:  # nobody has gone on meanwhile
            self.panel.renew(self._now())

    def _settings(self) -> Settings:
        return load(None, os.environ.get(OUTPUTS_ENVIRONMENT) or None)

    def _draw(self, **more: object) -> None:
        self.panel.show(self._now() | more)

    def _now(self) -> View:
        try:
            return self._view()
        except ReleveError as error:
            return _trouble(error)

    def _view(self) -> View:
        if not default_path().exists():
            return first_start.view()
        settings = self._settings()
        if not settings.record.folder.is_dir():
            return home_page.folder_gone(str(settings.record.folder))
        past, today = self._past(settings), date.today()
        said = [*self._said, *filter(None, [aloud(settings)])]
        return home_page.page(self._dues(settings), past, today, said, self._signer)

    def _past(self, settings: Settings) -> list[Past]:
        """What a stranger can write is told, and not believed."""
        return doubt(history(settings.record.folder), registered_in(settings, self._keystore))

    def _dues(self, settings: Settings) -> list[Due]:
        past = self._past(settings)
        structures, today = settings.structures.values(), date.today()
        kept, shown = self._kept, self._shown
        found = agenda(structures, settings.policy, past, today, kept=kept, shown=shown)
        return sorted(found, key=lambda due: due.order)

    async def _hear(self, answer: Answer) -> None:
        verb, _, siret = answer.action.partition(":")
        try:
            self._do(verb, siret, answer)
        except ReleveError as error:
            self.panel.show(_trouble(error))

    def _do(self, verb: str, about: str, answer: Answer) -> None:
        siret, _, run = about.partition("/")  # what a yes is about: that rotation, and no other
        if verb == "write":
            self._write(answer, siret)
        elif verb == "change":
            values = first_start.values_of(self._settings(), siret)
            self.panel.show(first_start.view(values, change=siret))
        elif verb == "date":
            self.panel.show(home_page.ask_date(self._due(siret)))
        elif verb == "date-given":
            self._date_given(siret, answer)
        elif verb == "moved":
            self._moved(answer)
        elif verb == "anew":
            prepare(self._settings().record)
            self._draw()
        elif verb in ("start", "by-hand"):
            self._start(siret, verb)
        elif verb.startswith("again-"):
            self._start(siret, verb.removeprefix("again-"), again=True)
        elif verb.startswith("adopt-"):
            left = self._foreign(self._due(siret))
            if left and left.run == run:
                adopt(left, self._settings(), siret, lambda _: True)
            self._do(verb.removeprefix("adopt-"), siret, answer)
        elif verb == "meet":
            self._open(dated_copy(self._settings(), siret, rehearse=True), anew=True)
        elif verb == "cancel":
            due = self._due(siret)
            if not self._asks_whose(due, verb):
                self.panel.show(home_page.cancel(due))
        elif verb == "cancel-now":
            past = self._due(siret).open
            left = RecordFolder.at(past.record) if past and past.run == run else None
            self.panel.show(_ending(url(left), about) if left else self._view())
        elif verb == "cancelled":
            due = self._due(siret)
            # by what the journal says now that nobody writes it
            if due.open and due.open.run == run and not due.open.touched:
                if self._asks_whose(due, "cancel"):
                    return
                close_open(self._settings(), siret, CANCELLED, run)
            self._draw()
            self.tidy()
        elif verb == "train":
            self._open(self._training().copy())
        else:
            self._draw()
            self.tidy()

    def _due(self, siret: str) -> Due:
        return next(due for due in self._dues(self._settings()) if due.siret == siret)

    def _start(self, siret: str, verb: str, again: bool = False) -> None:
        due = self._due(siret)
        if not (again or due.today or due.open) and due.last:
            self.panel.show(home_page.again(due, date.today(), verb))
            return
        if self._asks_whose(due, verb):
            return
        by_hand = verb == "by-hand"
        self._open(dated_copy(self._settings(), siret, by_hand), anew=by_hand)

    def _asks_whose(self, due: Due, verb: str) -> bool:
        """Whether this keyring does not vouch for the open rotation: the person is asked first."""
        if left := self._foreign(due):
            claim = vouching.claim(left.entries(pass_over_damage=True))
            yes = f"adopt-{verb}:{due.siret}/{left.run}"
            self.panel.show(questions.adopt(claim, yes, "refresh"))
        return left is not None

    def _foreign(self, due: Due) -> RecordFolder | None:
        """The account's open rotation, when this keyring does not vouch for it."""
        left = RecordFolder.at(due.open.record) if due.open else None
        if left is None or vouching.vouched(left, open_keystore(self._settings()).bounded()):
            return None
        return left

    def _open(self, folder: RecordFolder, anew: bool = False) -> None:
        self._draw(go={"open": url(folder), "run": True, "anew": anew})
        self._draw()  # a page that is opened on this one later goes nowhere by itself

    def _write(self, answer: Answer, change: str) -> None:
        try:
            first_start.write(default_path(), answer.values, change)
        except first_start.WrongField as wrong:
            self.panel.show(first_start.view(answer.values, wrong, change))
            return
        prepare(self._settings().record)
        self._draw()

    def _date_given(self, siret: str, answer: Answer) -> None:
        given = answer.values.get("last") or ""
        wrong, day = first_start.wrong_day(given), first_start.day(given)
        if wrong or day is None:
            self.panel.show(home_page.ask_date(self._due(siret), given, wrong))
            return
        give_date(self._settings(), siret, day)
        self._draw()

    def _moved(self, answer: Answer) -> None:
        try:
            moved(default_path(), answer.values["folder"])
        except ReleveError as error:
            folder, why = str(self._settings().record.folder), " ".join(error.sentences)
            self.panel.show(home_page.folder_gone(folder, why))
            return
        self._draw()

    def _training(self) -> Training:
        from releve.jupyter.training import Training

        self.training = self.training or Training(records() / TRAINING)
        return self.training


def _ending(notebook: str, about: str) -> View:
    """While the page ends that notebook's kernel, which may hold the rotation."""
    go = {"end": notebook, "then": f"cancelled:{about}"}
    return form(text("home.cancelling"), tone="work", working=True, go=go)


def _trouble(error: ReleveError) -> View:
    again = text("home.again")
    buttons = [button("refresh", again, "primary"), button("train", text("home.train"))]
    body = paragraphs(*error.sentences[:2], error.here(again))
    return form(text("home.trouble"), body, buttons=buttons, tone="trouble")
