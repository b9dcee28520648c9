"""A password whose page was not understood: kept in the keyring until a person points at it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from releve.base.secret import Secret
from releve.decision import events as ev
from releve.decision.facts import SlotsView, gather
from releve.decision.state import Next, assess
from releve.portal.profile import TEACHABLE
from releve.rotation.reset import PasswordReset
from releve.vault.keystore import Keystore
from releve.vault.unread import SIZE, Unread, likeliest_first


class Memory:
    """A keyring that holds at most what Windows' does."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, user: str) -> str | None:
        return self.held.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        assert len(password.encode("utf-16-le")) <= 2 * 1280
        self.held[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        del self.held[service, user]


@pytest.mark.parametrize(
    "pieces",
    [
        (" aB3{&<'\" \\", "Récapitulatif", "é" * 300, "𝄞" * 400),
        tuple(f"piece {n} {'x' * 60}" for n in range(80)),
    ],
)
def test_all_of_it_comes_back(pieces: tuple[str, ...]) -> None:
    """Byte for byte, in as many entries as it takes, each within what a keyring holds."""
    keyring = Memory()
    unread = Unread(Keystore(keyring), "TECH_1_11@cpro.fr")
    entries = unread.keep(pieces)
    assert len(keyring.held) == entries
    assert pieces == unread.pieces()
    unread.forget()
    assert ({}, ()) == (keyring.held, unread.pieces())


def test_a_second_page_takes_the_place_of_the_first() -> None:
    """Nothing of an older page is left behind it."""
    unread = Unread(Keystore(Memory()), "TECH_1_11@cpro.fr")
    unread.keep(["x" * SIZE * 3])
    unread.keep(["aB3{&<'\"x"])
    assert ("aB3{&<'\"x",) == unread.pieces()


def test_a_page_without_end_is_cut_between_two_pieces() -> None:
    """What comes first is what stands alone: it is kept."""
    unread = Unread(Keystore(Memory()), "TECH_1_11@cpro.fr")
    unread.keep(["aB3{&<'\"x", *(f"texte {n}" for n in range(9000))])
    found = unread.pieces()
    assert "aB3{&<'\"x" == found[0]
    assert all(each.startswith("texte ") for each in found[1:])


def test_the_likeliest_is_shown_first() -> None:
    """Words and sentences come last; plain words are left out."""
    pieces = ["Récapitulatif", "Commune d'Exemple", "31/12/2027", "aB3{&<'\"x"]
    assert "aB3{&<'\"x" == likeliest_first(pieces)[0]
    assert "Récapitulatif" not in likeliest_first(pieces)


def test_it_is_said_and_a_person_decides() -> None:
    """The table has a row for it, until the password is kept."""
    events: list[ev.Event] = [ev.ResetIntended(1), ev.ResetDone(1), ev.PasswordUnread(1, 3)]
    situation = assess(gather(events, SlotsView(), "abc"))
    assert ("unread", Next.DECIDE, 1) == (situation.phase, situation.next, situation.facts.question)
    assert "Le coffre garde tout ce que l'écran montrait" in situation.truth
    unsure = assess(gather([events[0], ev.ResetUnknown(1, ""), events[2]], SlotsView(), "abc"))
    assert ("unknown, unread", Next.DECIDE, 1) == (unsure.phase, unsure.next, unsure.facts.question)
    assert "tout ce que l'écran montrait après le clic" in unsure.truth
    kept = assess(gather([*events, ev.PendingStored(1)], SlotsView("abc/1"), "abc"))
    assert "entered" == kept.phase, "nothing but the proof is left"


@pytest.mark.asyncio
@pytest.mark.parametrize("done", [True, False])
async def test_a_forbidden_one_calls_for_a_reset_only_after_one(done: bool) -> None:
    """While nobody knows whether the click took place, a person is asked again."""
    keystore, lines = Keystore(Memory()), list[tuple[ev.Event, str]]()
    unread = Unread(keystore, "TECH_1_11@cpro.fr")
    unread.keep(["aB3/&<12"])

    async def point_password(account: str, pieces: list[str]) -> Secret:
        return Secret(pieces[0])

    context: Any = SimpleNamespace(
        keystore=keystore,
        structure=SimpleNamespace(technical_account="TECH_1_11@cpro.fr"),
        settings=SimpleNamespace(policy=SimpleNamespace(forbidden_characters="/")),
        operator=SimpleNamespace(point_password=point_password),
        facts=SimpleNamespace(attempt=SimpleNamespace(done=done), question=1),
        journal=SimpleNamespace(append=lambda event, step: lines.append((event, step))),
    )
    nothing: Any = None
    await PasswordReset(context, nothing, nothing, nothing).keep_pointed()
    assert done == any(isinstance(event, ev.CandidateRejected) for event, _ in lines)
    assert done == (unread.pieces() == ())


def test_no_word_that_asks_for_writing_is_taught() -> None:
    """It tells what is typed beside the irreversible click."""
    assert "reset.retype" not in TEACHABLE
