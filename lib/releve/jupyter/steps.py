"""One step under the operator's eyes: its progress, its questions, what to do when it stops, and a
plain text in the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from typing import Any

from IPython.display import clear_output, display

from releve.base.errors import PersonNeeded, ReleveError
from releve.decision import events as ev
from releve.decision.procedure import (
    BY_ID,
    CLOSE,
    GATE,
    NAVIGATION,
    PORTAL_STEPS,
    PROOF,
    TARGET_STEPS,
    screen,
)
from releve.decision.state import Facts, Next
from releve.jupyter.panel import Answer, Panel, View, button, form, paragraphs
from releve.jupyter.prompts import AtDesk, step_tag
from releve.portal.errors import PasswordRefused
from releve.rotation.prompts import DecisionNeeded
from releve.rotation.session import Session
from releve.rotation.steps import Done, StepMissing

_ELSEWHERE = Done("skipped", "cette page a été rouverte : l'étape y est reprise")
_TITLES = {GATE: "Confirmation de la cible", PROOF: "Preuve", CLOSE: "Clôture"}


class Desk:
    """Takes an operator through the steps of one session."""

    def __init__(self, session: Session, operator: AtDesk) -> None:
        self.session, self.operator = session, operator

    async def do(self, step: str) -> Done:
        """Do one step, with the operator; raises only what makes the notebook stop here. Safe to
        repeat.
        """
        pages = self.operator.pages
        if pages and pages.left:
            return _ELSEWHERE
        if pages:
            pages.begin()
        self._say_where()
        with self._shown() as panel:
            while True:
                try:
                    return await self._attempt(step, panel)
                except StepMissing:
                    raise
                except asyncio.CancelledError:
                    if pages and pages.given_up.is_set():
                        return _ELSEWHERE
                    raise
                except ReleveError as error:
                    if not await self._go_on(step, error):
                        raise

    def _say_where(self) -> None:
        self.operator.own_browser = (
            self.session.settings.portal.url if self.session.rotation.context.by_hand else ""
        )

    @contextmanager
    def _shown(self) -> Iterator[Panel]:
        panel = self.operator.panel = Panel()
        display(panel)  # type: ignore[no-untyped-call]
        try:
            yield panel
        finally:
            panel.show({})
            panel.close()
            # what is kept in the end is plain text, which any reader can show
            clear_output(wait=True)  # type: ignore[no-untyped-call]

    async def _attempt(self, step: str, panel: Panel) -> Done:
        """The step, which a person may take over while it changes nothing."""
        take_over = step in NAVIGATION and not self.session.rotation.context.by_hand
        panel.show(_working(step, take_over, self.session.rotation.context.route))
        asked = panel.waiting
        task = asyncio.ensure_future(self.session.rotation.do(step))
        awaited: set[asyncio.Future[Any]] = {task, asked} if take_over else {task}
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and asked.done():
            task.cancel()
            await asyncio.wait({task})
            self._by_hand(step)
            return await self._attempt(step, panel)
        return await task

    def _by_hand(self, step: str) -> None:
        """From here on, a person does this step."""
        rotation = self.session.rotation
        if step in TARGET_STEPS:
            rotation.context.manual |= set(rotation.context.facts.left)
            rotation.delivery.forget()
        else:
            rotation.take_over(step)
            self._say_where()

    async def _go_on(self, step: str, error: ReleveError) -> bool:
        """What the operator wants after an error: True to attempt the step again, in whatever way
        was chosen.
        """
        if isinstance(error, PasswordRefused):  # another one is asked for, and told why
            await self.session.rotation.start_over()
            return True
        facts = self._undecided()
        undecided = facts is not None or isinstance(error, DecisionNeeded)
        if isinstance(error, PersonNeeded) and not undecided:
            return False
        answer = await self.operator.ask(
            _undecided(error, facts or self.session.rotation.context.known().facts)
            if undecided
            else _stopped(step, error)
        )
        if undecided:
            return await self._decided(answer)
        if answer.action == "by-hand":
            self._by_hand(step)
        elif step in (
            PORTAL_STEPS if answer.action == "again" else NAVIGATION
        ):  # a cell that is run again does not know the window
            await self.session.rotation.start_over()
        return answer.action != "stop"

    def _undecided(self) -> Facts | None:
        """What is known when a person must decide; None when nothing is to be decided, or when the
        keyring cannot be asked.
        """
        with suppress(ReleveError):
            situation = self.session.rotation.context.situation()
            return situation.facts if situation.next is Next.DECIDE else None
        return None

    async def _decided(self, answer: Answer) -> bool:
        """Nobody can know what the portal holds, except perhaps the person who sees it."""
        rotation = self.session.rotation
        attempt = rotation.context.facts.last
        if answer.action == "point":
            await rotation.reset.keep_pointed()
        elif answer.action == "typed":
            await rotation.reset.keep_typed(
                await self.operator.new_password(rotation.context.structure.technical_account)
            )
        elif answer.action == "submitted":
            rotation.context.journal.append(ev.ResetDone(attempt, "widget"), "confirmation")
        elif answer.action == "not-done":
            rotation.context.journal.append(
                ev.ResetNotDone(attempt, "dit par l'opérateur, qui a regardé le portail"),
                "confirmation",
            )
        elif answer.action == "again":
            rotation.context.journal.append(ev.ResetAgainDecided(attempt, "widget"), "confirmation")
        if answer.action in (
            "not-done",
            "again",
        ):  # the portal is needed once more, and where its window stands is not known
            await rotation.start_over()
        return answer.action != "stop"


def _working(step: str, take_over: bool, route: str) -> View:
    title = screen(step, route).title if step in BY_ID else _TITLES.get(step, step)
    buttons = [button("by-hand", "Je préfère le faire moi-même", "link")] if take_over else []
    tag = step_tag(step, "faite par Relève") if step in BY_ID else ""
    return form(f"En cours : {title}", buttons=buttons, tone="work", tag=tag, working=True)


def _stopped(step: str, error: ReleveError) -> View:
    happened, safe, todo = error.sentences
    body = (
        f"<p>{escape(happened)}</p><p><strong>Ce qui est sûr :</strong>"
        f" {escape(safe)}</p><p><strong>À faire :</strong> {escape(todo)}</p>"
    )
    buttons = [button("again", "Réessayer", "primary")]
    if step in BY_ID:
        body += "<p>Si vous le pouvez, faites cet écran vous-même : Relève continue ensuite.</p>"
        buttons.append(button("by-hand", "Le faire moi-même"))
    buttons.append(button("stop", "M'arrêter là pour aujourd'hui", "link"))
    return form(
        "Cette étape s'est arrêtée",
        body,
        buttons=buttons,
        tone="trouble",
        tag=step_tag(step, "arrêtée") if step in BY_ID else "",
    )


def _undecided(error: ReleveError, facts: Facts) -> View:
    """While nothing tells whether the reset took place, a person may; a password that was seen and
    kept before the click is not typed.
    """
    happened, safe, _ = error.sentences
    body = (
        paragraphs(happened, safe)
        + "<p>Regardez le portail (page restée ouverte, ou « Historique de mes actions » de son"
        " accueil), puis :</p>"
    )
    typed = button("typed", "Je vois le nouveau mot de passe : le saisir", "primary")
    submitted = button(
        "submitted", "Le portail a bien pris la demande : garder ce mot de passe", "primary"
    )
    point = button("point", "Voir ce que Relève a gardé de l'écran", "primary")
    if facts.unread:
        typed = button("typed", "Je vois le nouveau mot de passe : le saisir")
    buttons = [
        *([point] if facts.unread else []),
        submitted if facts.unknown and facts.held else typed,
        *([button("not-done", "La réinitialisation n'a pas eu lieu")] if facts.unknown else []),
        button("again", "Demander un autre mot de passe"),
        button("stop", "M'arrêter là pour aujourd'hui", "link"),
    ]
    return form("Que montre le portail ?", body, buttons=buttons, tone="danger")
