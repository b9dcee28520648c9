"""A person at the notebook answers: each question is a form under its step, and waits for as long
as it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import tomlkit
from IPython.display import clear_output, display

from releve.base import disk
from releve.base.errors import Paused, ReleveError
from releve.base.programs import Program, program
from releve.base.secret import Secret
from releve.base.settings import Settings
from releve.base.settings_file import edit
from releve.base.texts import text
from releve.decision.procedure import BY_ID, NAVIGATION, STEPS, TARGET_STEPS, Step, target_name
from releve.jupyter import corail, questions
from releve.jupyter.panel import Answer, Panel, View, form, say
from releve.jupyter.reconnect import Pages
from releve.portal.case import CodeAsked, Lesson
from releve.portal.credentials import Credentials
from releve.portal.errors import AlreadyRefused, ResetOutcomeUnknown
from releve.record.folder import CAPTURES, all_records
from releve.record.vouching import Claim
from releve.rotation.prompts import Attestation, Keep, ResetRequest
from releve.targets.guide import Entering
from releve.vault.entry import CredentialMissing

CODE_SECONDS = 300  # how long a code sent by mail usually lives; the portal does not say


def last_picture(outputs: Path, step: str) -> bytes:
    """The screen on which that step is done, as the last record shows it, secrets blanked; b""
    when none does. It is the one that the step before has reached.
    """
    if step in (STEPS[0].id, TARGET_STEPS[0]):
        return b""
    before = STEPS[BY_ID[step].number - 2]
    name = f"{CAPTURES}/{before.number:02d}-{before.id}.png"
    for each in reversed(list(all_records(outputs))):
        with suppress(OSError):
            return disk.read(each.path / name)
    return b""


class NobodyKnows(ResetOutcomeUnknown):
    pass


class StoppedHere(Paused):
    """« M'arrêter ici »: nothing went wrong, and the next « Reprendre » asks the same again."""


class AtDesk:
    """The operator at the desk. `panel` is where the step in hand asks."""

    interactive = True

    def __init__(self, pages: Pages | None = None) -> None:
        self.pages = pages
        self.panel: Panel | None = None
        self.settings: Settings | None = None  # once the rotation is open
        # the portal's address, when the operator works in a browser of her own
        self.own_browser = ""
        # the new password, while it may have to be entered once more
        self.at_hand: Callable[[], Secret] | None = None
        self._begun = False
        self._herself = False  # she chose to log in at the portal herself
        self._typed: Secret | None = None  # the portal's password, for this session only
        self._code_until = 0.0  # when the last code that was sent is probably too old
        # her last screens that change nothing: step, view, the newest last
        self._behind: list[tuple[str, View]] = []

    @contextmanager
    def shown(self) -> Iterator[Panel]:
        """Where the cell in hand asks, for as long as the block."""
        panel = self.panel = Panel()
        display(panel)  # type: ignore[no-untyped-call]
        try:
            yield panel
        finally:
            panel.show({})
            panel.close()
            # what is kept in the end is plain text, which any reader can show
            clear_output(wait=True)  # type: ignore[no-untyped-call]

    async def ask(self, view: View) -> Answer:
        """Ask under the step in hand. Raises `StoppedHere` when she stops, unless the view
        holds her (`hold`) or has a "stop" of its own.
        """
        stoppable = not view.get("hold")
        tools = [questions.STOP] if stoppable else []
        answer = await self._asked(view | {"tools": [*view.get("tools", []), *tools]})
        if stoppable and answer.action == questions.STOP["action"]:
            raise StoppedHere
        return answer

    async def _asked(self, view: View) -> Answer:
        assert self.panel is not None
        asked = asyncio.ensure_future(self.panel.ask(view))
        if self.pages is None:
            return await asked
        moved = asyncio.ensure_future(self.pages.given_up.wait())
        try:
            await asyncio.wait({asked, moved}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            # the page that asks was left: the step is asked for anew by the other
            raise asyncio.CancelledError
        finally:
            asked.cancel()
            moved.cancel()

    async def _screen_of_hers(self, step: str, view: View, used: Program | None = None) -> Answer:
        """Ask for a screen that changes nothing, of the portal or of a program: she may go back to
        the ones before, and say that she does not find it.
        """
        pages = [*(page for page in self._behind if page[0] != step), (step, view)]
        at = len(pages) - 1
        while True:
            shown, page = pages[at]
            tools = [questions.BACK] if at else []
            answer = await self.ask(page | {"tools": [*tools, questions.LOST]})
            if answer.action == questions.BACK["action"]:
                at -= 1
            elif answer.action == questions.LOST["action"]:
                await self._find(shown, used)
            elif at < len(pages) - 1:
                at += 1
            else:
                self._behind = pages
                return answer

    async def _find(self, step: str, used: Program | None) -> None:
        assert self.settings is not None
        seen = last_picture(self.settings.record.folder, step)
        drawn = corail.drawing(step, used) if used else ""
        await self.ask(questions.lost(step, self.settings.contact, seen, drawn))

    # -- before the reset

    async def adopts(self, claim: Claim) -> bool:
        if self.pages:
            self.pages.given_up.clear()  # by the page before; this one asks anew
        with self.shown():
            return (await self.ask(questions.adopt(claim))).action == "yes"

    async def begin(self, view: View) -> None:
        """« Avant de commencer »: what she must have at hand. Asked once."""
        if not self._begun:
            await self.ask(view)
            self._begun = True

    async def sign_in(self, credentials: Credentials) -> None:
        credentials.typed, refused = self._typed, ""
        credentials.herself |= self._herself
        while not credentials.herself:
            try:
                await asyncio.to_thread(credentials.password)
                return
            except AlreadyRefused as error:
                refused = str(error)
            except CredentialMissing:
                pass
            view = questions.credentials(credentials.login, refused)
            answer = await self._until(view, questions.something_typed)
            if answer.action == "herself":
                self._herself = credentials.herself = True
                await asyncio.to_thread(self._remember_herself)
                return
            if answer.values["keep"]:
                entry = credentials.keystore.portal_password(credentials.login)
                await asyncio.to_thread(entry.set, answer.secrets["password"])
            self._typed = credentials.typed = answer.secrets["password"]
            if answer.action == "vouch":
                await asyncio.to_thread(credentials.forget_refusal)

    def _remember_herself(self) -> None:
        def choose(document: tomlkit.TOMLDocument) -> None:
            document["portal"]["sign_in"] = "person"

        assert self.settings is not None
        with suppress(ReleveError):  # a file that cannot be written: for this time only
            edit(self.settings.path, choose)

    async def point_at(self, asked: Lesson) -> bool:
        return (await self.ask(questions.show(asked))).action == "show"

    async def pointing(self, asked: Lesson) -> None:
        while True:
            await self.ask(questions.pointing(asked))

    async def is_it(self, asked: Lesson, told: str, picture: bytes) -> bool:
        return (await self.ask(questions.is_it(asked, told, picture))).action == "yes"

    async def signs_in_herself(self) -> None:
        while True:
            await self.ask(questions.herself())

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        if not asked.problem:  # just sent
            self._code_until = time.monotonic() + CODE_SECONDS
        left = round(self._code_until - time.monotonic())
        answer = await self._until(questions.code(asked, left), questions.code_typed)
        return None if answer.action == "resend" else answer.values["code"].strip()

    async def touch_key(self, login: str) -> None:
        assert self.panel is not None
        heading, body = text("key.heading"), say("key.body")
        self.panel.show(form(heading, body, tone="work", working=True, look=True))

    async def confirm(self, request: ResetRequest) -> str:
        assert self.settings is not None
        shared, digits = len(request.used_by) > 1, partial(questions.same_digits, request.siret)
        view = questions.gate(request, self.settings.structures)
        await self._until(view, questions.all_ticked if shared else digits)
        return "widget"

    async def reset_again(self, truth: str) -> str | None:
        return None  # asked at the step itself, see `steps`

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        assert self.panel is not None
        self.panel.secret = lambda: secret
        answer = await self.ask(questions.vault_fails(error))
        self.panel.secret = None
        return Keep(answer.action)

    # -- by hand

    async def screen(self, step: Step, doubt: str = "") -> bool:
        if step.id not in NAVIGATION:
            self._behind.clear()  # one does not go back over the reset
        view = questions.screen(step, self.own_browser, doubt)
        return (await self._screen_of_hers(step.id, view)).action == "done"

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        self._behind.clear()
        answer = await self.ask(questions.reset_by_hand(step, account))
        if answer.action == "unknown":
            raise NobodyKnows
        return answer.action == "done"

    async def new_password(self, account: str, why: str = "") -> Secret:
        self._behind.clear()
        view = questions.new_password(account, why)
        return (await self._until(view, questions.typed_twice)).secrets["one"]

    async def point_password(self, account: str, pieces: Sequence[str]) -> Secret | None:
        """One piece after the other, each shown on request by the hand-over of secrets."""
        assert self.panel is not None
        at, shown = 0, [Secret(piece) for piece in pieces]
        try:
            while shown:
                self.panel.secret = lambda at=at: shown[at]
                answer = await self.ask(questions.piece(account, at + 1, len(shown)))
                if answer.action == "this":
                    return shown[at]
                if answer.action == "none":
                    return None
                at = (at + (1 if answer.action == "next" else -1)) % len(shown)
        finally:
            self.panel.secret = None
        return None

    # -- the targets and the proof

    async def guide(self, step: str, entering: Entering) -> str:
        view = corail.page(step, entering.name, entering.target)
        self._behind = [page for page in self._behind if page[0] in TARGET_STEPS]
        if not self._behind:
            view |= {"notice": questions.passed(entering.target, step)}
        await self._screen_of_hers(step, view, program(entering.target))
        return f"« {view['heading']} » montré pour {entering.name}"

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        assert self.panel is not None
        self.at_hand = self.panel.secret = lambda: secret
        try:
            await self.ask(corail.entry(entering))
        finally:
            self.panel.secret = None
            self._behind.clear()
        return f"saisi à la main dans {target_name(entering.target)} ({entering.name})"

    async def prove(self, targets: tuple[str, ...], refused: bool) -> Attestation:
        assert self.panel is not None
        self.panel.secret = self.at_hand
        answer = await self.ask(corail.proof(targets, refused, self.at_hand is not None))
        names = " et ".join(dict.fromkeys(program(each).name for each in targets))
        worked = f"une récupération de factures a réussi dans {names}"
        refuses = f"{names} ou Chorus Pro refuse encore le nouveau mot de passe"
        return {
            "worked": Attestation("attested", worked),
            "refused": Attestation("refused", refuses),
            "none": Attestation("none", "close sans essai, à la demande de l'opérateur"),
        }.get(answer.action, Attestation("later", ""))

    async def _until(self, view: View, fault: Callable[[Answer], dict[str, str]]) -> Answer:
        """Ask until nothing is wrong with the answer; `fault` tells what is, by field."""
        while True:
            answer = await self.ask(view)
            if not (wrong := fault(answer)):
                return answer
            typed = answer.values.get
            fields = [field | {"value": typed(field["name"])} for field in view["fields"]]
            view |= {"wrong": wrong, "fields": fields}
