"""A rotation in the hands of one process: parameters checked, lock taken, journal found or begun,
browser on demand.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import Any

from releve.base import person, settings
from releve.base.errors import ReleveError, UsageError
from releve.base.origins import origin
from releve.base.secret import registered
from releve.base.sites import training
from releve.base.texts import text
from releve.decision import events as ev
from releve.decision import journal as j
from releve.decision.procedure import GATE, PORTAL_STEPS
from releve.decision.state import portal_needed
from releve.planning.today import due_of
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case
from releve.portal.credentials import Credentials
from releve.portal.driver import Driver
from releve.portal.pool import Pool
from releve.proof.clock import check_clock
from releve.record import vouching
from releve.record.evidence import Evidence
from releve.record.folder import RecordFolder, is_closed, opened, prepare, unfinished
from releve.record.history import refuse_twice
from releve.record.lock import AccountLock
from releve.record.page import write_page
from releve.record.seal import is_over, registered_in
from releve.record.statement import model_hash
from releve.rotation.consent import refusal
from releve.rotation.context import Context
from releve.rotation.plan import Rotation
from releve.rotation.prompts import Operator
from releve.rotation.rehearsal import Rehearsal
from releve.targets import Target, build, targets_of
from releve.vault.keystore import Keystore, open_keystore

BEFORE_RESET = (*PORTAL_STEPS[:7], GATE)
PACKAGES = ("releve", "playwright", "papermill", "jupyterlab", "ipywidgets", "keyring")
_SECRET_LIKE = re.compile(r"pass|mdp|secret|token|seed|otp", re.IGNORECASE)


class BadParameter(UsageError):
    pass


def refuse_secrets(variables: Mapping[str, object]) -> None:
    """Papermill injects any name, and only its warning tells of an unknown one. Raises
    `BadParameter` for what looks like a secret.
    """
    for name, value in variables.items():
        if name.startswith("_") or not isinstance(value, str | int | float | dict | list):
            continue  # IPython's own, and what no parameter can be
        inside = map(str, value) if isinstance(value, dict) else ()
        if any(_SECRET_LIKE.search(each) for each in (name, *inside)):
            raise BadParameter(name=name, why=text("opened.secret"))


class PendingOfAnotherRun(ReleveError):
    """The slot `pending` holds what a rotation left that these records do not know as finished."""

    code = 4


class StoppedBeforeReset(ReleveError):
    """The operator stopped the fleet, and this rotation had changed nothing yet."""


@dataclass(frozen=True)
class Parameters:
    """The notebook's parameters, typed and checked. `record` names the folder to use, "" to find or
    make one.
    """

    structure: str
    approve: bool = False
    settings: str = ""
    outputs: str = ""
    record: str = ""
    reset_again: bool = False
    again: bool = False
    rehearse: bool = False
    by_hand: bool = False  # no automation at all: a person does every screen, in whichever browser

    @classmethod
    def checked(cls, given: dict[str, Any]) -> Parameters:
        """Raises `BadParameter` for an unknown name, a wrong type or anything that looks like a
        secret.
        """
        types = dict.fromkeys(("approve", "reset_again", "again", "rehearse", "by_hand"), bool)
        for name, value in given.items():
            if _SECRET_LIKE.search(name):
                raise BadParameter(name=name, why=text("opened.secret"))
            if name not in cls.__dataclass_fields__:
                raise BadParameter(name=name, why=text("opened.unknown"))
            if name == "structure" and isinstance(value, int):
                given = given | {name: str(value)}  # papermill's -p turns a SIRET into a number
            elif name in types and str(value).lower() in ("true", "false"):
                given = given | {name: str(value).lower() == "true"}  # and knows "True" only
            elif not isinstance(value, types.get(name, str)):
                why = text("opened.wants-yes-or-no" if name in types else "opened.wants-text")
                raise BadParameter(name=name, why=why)
        return cls(**given)


@cache
def _versions() -> dict[str, str]:
    """What this process runs on: a fleet asks at every structure."""
    return {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version(),
        "system": platform.platform(),
    }


class Session:
    """One rotation in the hands of this process: its lock, its journal, its browser."""

    def __init__(
        self,
        parameters: Parameters,
        operator: Operator,
        keystore: Keystore | None = None,
        pool: Pool | None = None,
    ) -> None:
        self.parameters, self.operator = parameters, operator
        self.pool = pool or Pool()
        self.inherited = registered()  # what the scrubber knew before
        self.settings = settings.load(parameters.settings or None, parameters.outputs or None)
        self.structure = self.settings.structure(parameters.structure)
        self.portal = self.settings.portal_of(self.structure)
        opened = keystore or open_keystore(self.settings)
        self.keystore = opened if keystore or operator.interactive else opened.bounded()
        self.actor = person.account()
        self.lock = AccountLock(self.settings.record.folder, self.structure.technical_account)
        self.evidence: Evidence | None = None  # once its notebook is written here
        self.begun = False  # it writes into the record
        self.notices: list[str] = []
        self.stopped: ReleveError | None = None  # why this process put the rotation down
        self.ended = False  # it did put it down
        self.stopping = False  # it is asked to, where nothing is changed yet

    async def open(self) -> Rotation:
        """Take the lock, find the rotation to finish or begin one. Raises before anything
        irreversible; safe to repeat.
        """
        prepare(self.settings.record)
        if dead := self.lock.acquire(self.actor):
            self.notices.append(text("opened.after-crash", actor=dead.actor))
        try:
            return await self._open()
        except BaseException as error:
            self.lock.release()
            if isinstance(error, ReleveError) and hasattr(self, "rotation"):
                await self.rotation.place(error)
            raise

    async def _open(self) -> Rotation:
        rehearse = self.parameters.rehearse
        unattended = not (self.operator.interactive or rehearse)
        account = self.structure.technical_account
        if unattended and not self.parameters.again:
            kept = await asyncio.to_thread(self.keystore.slots(account).changed)
            refuse_twice(registered_in(self.settings, self.keystore), account, kept)
        folder = self._folder()
        begun, due = opened(folder.entries()) is not None, None
        if not begun:
            due = await asyncio.to_thread(due_of, self.settings, account, self.keystore)
            if unattended:
                await asyncio.to_thread(self._consent, {account: due.last if due else None})
            await asyncio.to_thread(check_clock, self.settings.portal.url)
        folder.make()
        journal = await self._journal(folder)
        context = Context(
            folder, journal, self.settings, self.structure, self.keystore, self.operator,
            self.open_driver, self.target, self.parameters.by_hand,
        )  # fmt: skip
        rotation = self.rotation = (Rehearsal if rehearse else Rotation)(context)
        if is_closed(journal.entries):  # a record is evidence: it is read, and not a byte is added
            self.lock.release()
            return rotation
        self.begun = True
        superseded = "" if rehearse else await asyncio.to_thread(self._foreign_pending, context)
        if not begun:
            journal.append(self._opening())
            if due and due.last:
                journal.append(ev.LastChangeKnown(due.last.isoformat(), due.source))
        if journal.torn:
            journal.append(ev.TornLineCut(journal.torn))
        host, attended = platform.node(), self.operator.interactive
        journal.append(ev.RunStarted(host, os.getpid(), attended, person.given_name()))
        await asyncio.to_thread(vouching.restore_announced, journal, self.keystore, context.slots)
        if superseded:
            journal.append(ev.PendingSuperseded(superseded))
        try:
            await rotation.decide()
            if unattended and begun and portal_needed(context.situation()):
                await asyncio.to_thread(self._consent, None, journal.entries)
        except ReleveError as error:
            await rotation.place(error)
            raise await self.stop(rotation, error) from None
        return rotation

    async def _journal(self, folder: RecordFolder) -> j.Journal:
        """The rotation's journal; one that is not ours is adopted if the person who is there says
        yes. Raises `NotOurs` when she does not, or when there is nobody: nothing is written.
        """
        actor, keystore = self.actor, self.keystore
        journal = await asyncio.to_thread(vouching.open_journal, folder, actor, keystore)
        if journal.vouched or not journal.entries or is_closed(journal.entries):
            return journal
        claim = vouching.claim(journal.entries)
        if not await self.operator.adopts(claim):
            raise vouching.NotOurs(record=folder.path.name, whose=claim.whose)
        self.notices.append(vouching.ADOPTED.format(whose=claim.whose))
        targets = targets_of(self.settings, self.structure)
        return await asyncio.to_thread(vouching.adopt, folder, actor, targets, keystore)

    def _consent(
        self, dates: Mapping[str, date | None] | None, journal: Sequence[ev.Entry] = ()
    ) -> None:
        """Raises `NotUnattended` for a reset that nobody there could finish."""
        if error := refusal(self.settings, self.structure, self.keystore, journal, dates):
            raise error

    def _folder(self) -> RecordFolder:
        outputs, name = self.settings.record.folder, self.parameters.record
        named = RecordFolder.at(outputs / name) if name else None
        if name and named is None:
            raise BadParameter(name="record", why=text("opened.no-record"))
        account, rehearse = self.structure.technical_account, self.parameters.rehearse
        left = [] if rehearse else unfinished(outputs, account)
        if named and (opened(named.entries()) or not left):
            return named
        return left[-1] if left else RecordFolder.new(outputs, self.structure.siret)

    def _opening(self) -> ev.RotationOpened:
        return ev.RotationOpened(
            structure=self.structure.siret,
            name=self.structure.name,
            account=self.structure.technical_account,
            route=self.settings.portal.route,
            targets=targets_of(self.settings, self.structure),
            school=training([origin(self.settings.portal.url)]),
            model=model_hash(),
            rehearsal=self.parameters.rehearse,
            timestamp=bool(self.settings.record.timestamp_url),
            versions=_versions(),
        )

    def _foreign_pending(self, context: Context) -> str:
        """Whose password `pending` holds, when a closed rotation of these records left it; "" when
        it is this one's or nobody's.

        Raises `PendingOfAnotherRun` for what no closed rotation accounts for: a person decides.
        """
        holder = context.slots.filled().pending
        run = (holder or "").split("/")[0]
        if not holder or run == context.folder.run:
            return ""
        if not is_over(run, self.settings, self.keystore):
            siret, account = self.structure.siret, self.structure.technical_account
            raise PendingOfAnotherRun(account=account, holder=run, siret=siret)
        self.notices.append(text("opened.replaced", run=run))
        return holder

    async def open_driver(self, route: str) -> Driver:
        """By that route, or the one of the settings for ""; the password is asked for before a
        browser is started. Raises `PortalError`, `CredentialMissing`, `BrowserNotFound`.
        """
        credentials = Credentials(
            self.keystore,
            self.portal.login,
            self.settings.record.folder,
            self.portal.origins,
            herself=self.portal.sign_in == "person",
        )
        await self.operator.sign_in(credentials)
        siret, account = self.structure.siret, self.structure.technical_account
        case = Case(await self.browser(), siret, account, credentials, self.operator)
        return Driver(case, route or self.portal.route)

    async def browser(self) -> PortalBrowser:
        """The browser of this process."""
        held = await self.pool.browser(self.portal, interactive=self.operator.interactive)
        held.on_origin = self.rotation.context.note_origin
        return held

    def target(self, target: str) -> Target:
        """The target of that identifier."""
        context = self.rotation.context
        by_hand, run = context.by_hand or target in context.manual, context.folder.run
        return build(target, self.settings, self.browser, run, self.operator, by_hand)

    async def stop(self, rotation: Rotation, error: ReleveError | None) -> ReleveError:
        """Put the rotation down: closed as failed if nothing can have changed, else open for a
        resume. Makes the page anyway.

        Nothing that fails here hides `error`, nor keeps browser and lock: the journal already tells
        what counts.
        """
        self.stopped, self.ended = error, True
        with suppress(j.JournalUnwritable):
            await asyncio.to_thread(self._note_stop, rotation, error)
        try:
            context = rotation.context
            await asyncio.to_thread(write_page, context.folder.path, context.known())
        except ReleveError as fault:
            self.notices.append(fault.text)
        await self.close()
        return error or ReleveError()

    def check_stop(self, step: str) -> None:
        """Raises `StoppedBeforeReset` when the fleet is stopping and nothing is changed yet."""
        before = step in BEFORE_RESET and self.stopping
        if before and not self.rotation.context.situation().facts.touched:
            raise StoppedBeforeReset

    def _note_stop(self, rotation: Rotation, error: ReleveError | None) -> None:
        if error is None:
            return
        error.exit_code = code = rotation.code(error)
        rotation.context.journal.append(ev.RunStopped(code, type(error).__name__, error.text))
        if self.parameters.rehearse or (code == 5 and not self.operator.interactive):
            rotation.context.journal.append(ev.RotationClosed("failed"))

    async def close(self) -> None:
        """Let browser and lock go. Safe to repeat."""
        try:
            await self.pool.release()
        finally:
            self.lock.release()
