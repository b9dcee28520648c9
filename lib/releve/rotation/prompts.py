"""Whoever answers the rotation's questions: a person at the notebook, or the options that stand for
one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from releve.base.errors import PersonNeeded, ReleveError
from releve.base.secret import Secret
from releve.decision.procedure import Step
from releve.portal.case import CodeAsked, Lesson, SecondFactor
from releve.portal.credentials import Credentials
from releve.portal.errors import CodeNeeded, KeyNeeded, SignInNeeded
from releve.record.vouching import Claim
from releve.targets.guide import Entering, Guide

KEYRING_PATIENCE_SECONDS = 60.0
_BETWEEN_TRIES_SECONDS = 2.0


class Keep(Enum):
    """What to do with a password that the portal has shown and the keyring refuses."""

    AGAIN = "again"  # try to store it again, at once
    # the operator has it by hand: it goes to the targets by hand, and the record says so
    COPIED = "copied"
    LOST = "lost"  # give up: nobody will know it any more


@dataclass(frozen=True)
class ResetRequest:
    """What a confirmation is asked for."""

    account: str
    structure: str
    siret: str
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Attestation:
    """What a person says of the new password: it works, it is refused, nobody tried yet, or nobody
    will try ("none").
    """

    kind: Literal["attested", "refused", "later", "none"]
    detail: str


class ByHandOnly(PersonNeeded):
    """Corail is a Windows program without an interface for others: a person enters the password."""

    goes_on = True


class GateClosed(PersonNeeded):
    pass


class DecisionNeeded(ReleveError):
    """Nobody can know what the portal holds: a person, or `--reset-again`, decides."""

    code = 6


class Operator(SecondFactor, Guide, Protocol):
    """The questions. An answer that is not given raises `PersonNeeded` (or waits, at the notebook);
    a gate stays closed for ever.
    """

    interactive: bool

    async def adopts(self, claim: Claim) -> bool:
        """Whether a person takes in hand a rotation that is not ours. Asked before anything is
        written.
        """

    async def confirm(self, request: ResetRequest) -> str:
        """Confirm the reset of this very target; returns how it was given. Raises `GateClosed`."""

    async def reset_again(self, truth: str) -> str | None:
        """Decide whether to reset once more though the last outcome is unknown; returns how, or
        None for no.
        """

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        """The keyring has failed on `error` for so many seconds, with the portal's new password in
        hand.

        This is the one moment at which a password can be lost: the portal will not show it again,
        so the question is asked again after each failure, and the page of the portal stays open
        meanwhile. A person is offered to mend the keyring and try again, or to copy `secret` by
        hand (never through a synced trait); only a person gives up at once. Answer `COPIED` only
        once the copy is confirmed. Must not raise.
        """

    async def sign_in(self, credentials: Credentials) -> None:
        """Make sure that `credentials` can give a password, typed if need be, unless the person
        logs in herself. Raises `CredentialMissing`, `AlreadyRefused`, `SignInNeeded`.
        """

    async def screen(self, step: Step, doubt: str = "") -> bool:
        """A person does that documented screen. `doubt`: what a check then found wrong. False: "go
        on without the check".
        """

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        """A person confirms on the portal: True, it took the reset; False, it did not. Raises
        `ResetOutcomeUnknown`.
        """

    async def new_password(self, account: str, why: str = "") -> Secret:
        """The new password, typed or pasted by a person who sees it on the portal. `why`: what made
        this needed.
        """

    async def point_password(self, account: str, pieces: Sequence[str]) -> Secret | None:
        """Which of these pieces of the portal's page is the new password: a person points at it.
        None when she sees none. The pieces are secrets: never through a synced trait.
        """

    async def prove(self, targets: tuple[str, ...], refused: bool) -> Attestation:
        """What is known of the new password, now that every target has it. `refused`: it was
        refused before.
        """


class Unattended:
    """No person: the options answer."""

    interactive = False

    def __init__(
        self,
        approve: bool,
        reset_again: bool,
        patience_seconds: float = KEYRING_PATIENCE_SECONDS,
    ) -> None:
        self.approve, self._reset_again, self.patience = approve, reset_again, patience_seconds

    async def adopts(self, claim: Claim) -> bool:
        return False

    async def confirm(self, request: ResetRequest) -> str:
        if not self.approve:
            raise GateClosed(account=request.account, structure=request.structure)
        return "approve"

    async def reset_again(self, truth: str) -> str | None:
        return "--reset-again" if self._reset_again else None

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        if seconds >= self.patience:
            return Keep.LOST
        # a keyring tells nobody when it is back: it can only be asked
        await asyncio.sleep(_BETWEEN_TRIES_SECONDS)
        return Keep.AGAIN

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        raise CodeNeeded(login=asked.login)

    async def touch_key(self, login: str) -> None:
        raise KeyNeeded(login=login)

    async def point_at(self, asked: Lesson) -> bool:
        return False

    async def pointing(self, asked: Lesson) -> None:
        raise ByHandOnly(name=asked.screen)

    async def is_it(self, asked: Lesson, told: str, picture: bytes) -> bool:
        return False

    async def signs_in_herself(self) -> None:
        raise SignInNeeded

    async def sign_in(self, credentials: Credentials) -> None:
        await asyncio.to_thread(credentials.password)

    async def screen(self, step: Step, doubt: str = "") -> bool:
        raise ByHandOnly(name=step.title)

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        raise ByHandOnly(name=account)

    async def new_password(self, account: str, why: str = "") -> Secret:
        raise ByHandOnly(name=account)

    async def point_password(self, account: str, pieces: Sequence[str]) -> Secret | None:
        raise ByHandOnly(name=account)

    async def guide(self, step: str, entering: Entering) -> str:
        raise ByHandOnly(name=entering.name)

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        raise ByHandOnly(name=entering.name)

    async def prove(self, targets: tuple[str, ...], refused: bool) -> Attestation:
        return Attestation("none", "aucun accès à l'API PISTE n'est réglé")
