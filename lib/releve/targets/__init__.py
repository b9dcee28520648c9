"""Where the new password must be entered: one class a kind, all with the contract of `Target`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, Protocol

from releve.base.secret import Secret
from releve.base.settings import Settings, Structure
from releve.portal.browser import PortalBrowser
from releve.targets.command import CommandTarget
from releve.targets.corail import GuidedCorail, SchoolCorail
from releve.targets.guide import Guide

Window = Callable[[], Awaitable[PortalBrowser]]


class Target(Protocol):
    """A program that needs the password. Entering the same password twice does no harm: a target
    may be entered again.
    """

    mode: ClassVar[str]  # "automatic", or "manual" when a person does it

    async def show(self, step: str) -> str:
        """Go to one of the screens before the last; returns one French line. Changes nothing."""

    async def enter(self, secret: Secret) -> str:
        """Enter the password; returns one French line. Raises a `ReleveError` when it is not known
        to be entered.
        """

    async def capture(self, path: Path) -> bool:
        """A picture of its screen in hand, without any secret; False when there is none."""


def identifier(kind: str, structure: Structure) -> str:
    """The name of a target in the journal: "corail:21990001600011"."""
    return f"{kind}:{structure.siret}"


def targets_of(settings: Settings, structure: Structure) -> tuple[str, ...]:
    """Where the account's password must be entered, by the settings: the structure's own first."""
    account = structure.technical_account
    shared = [s for s in settings.structures.values() if s.technical_account == account]
    shared.sort(key=lambda s: s.siret != structure.siret)
    return tuple(identifier(kind, each) for each in shared for kind in each.targets)


def build(
    target: str, settings: Settings, window: Window, run: str, guide: Guide, by_hand: bool = False
) -> Target:
    """The target of that identifier. `window` opens a browser for those that need one; `by_hand`
    has a person do it all the same.
    """
    kind, siret = target.split(":")
    structure = settings.structure(siret)
    if kind == "command" and not by_hand:
        return CommandTarget(structure, run)
    if kind == "school" and settings.school and not by_hand:
        return SchoolCorail(structure, settings.school.corail_url, window)
    return GuidedCorail(target, structure, guide)
