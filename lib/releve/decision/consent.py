"""May a reset be made with nobody there? A pure function: `TABLE` is the whole decision.

A reset that cannot be finished stops every commune's invoices, so each row names one thing that
would keep a run without a person from finishing it, and the one thing to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class BeforeReset:
    """What is known before the reset of one technical account. Names are structures'."""

    guided: tuple[str, ...] = ()  # whose accounting program a person fills in
    without_program: tuple[str, ...] = ()  # whose `command` is not on this machine
    herself: bool = False  # a person logs in at the portal, by her own means
    met: bool = True  # an attended rotation has read a new password on this portal
    overtaken: bool = False  # the keyring tells of a change that these records do not know
    dated: bool = True  # it is known when the password was last changed
    provable: bool = True  # the API can be asked afterwards, or that was declared unneeded


@dataclass(frozen=True)
class Obstacle:
    """One thing in the way: when it holds, why nothing is done, what a person does about it."""

    name: str
    when: Callable[[BeforeReset], bool]
    why: str
    todo: str


TABLE: tuple[Obstacle, ...] = (
    Obstacle("guided", lambda case: case.guided != (),
        "le logiciel comptable de {guided} se remplit à la main",
        "faites cette rotation à l'écran (« releve lab »)"),
    Obstacle("without program", lambda case: case.without_program != (),
        "le programme (« command ») de {without_program} est introuvable sur ce poste",
        "corrigez « command » dans les réglages"),
    Obstacle("herself", lambda case: case.herself,
        "une personne se connecte elle-même au portail (« portal.sign_in »)",
        "faites cette rotation à l'écran (« releve lab »), ou écrivez « sign_in = \"keyring\" »"
        " dans [portal] et confiez le mot de passe au coffre (« releve credentials store »)"),
    Obstacle("never met", lambda case: not case.met,
        "aucune rotation suivie à l'écran n'a encore lu de nouveau mot de passe sur ce portail",
        "faites la première à l'écran (« releve lab »)"),
    Obstacle("overtaken", lambda case: case.overtaken,
        "le trousseau connaît un changement plus récent que ce dossier de rotations",
        "retrouvez le dossier à jour (« --outputs DOSSIER »), ou fermez cette rotation : « releve"
        " abandon {siret} --reason MOTIF »"),
    Obstacle("undated", lambda case: not case.dated,
        "la date du dernier changement est inconnue",
        "donnez-la une fois, sur la page d'accueil ou par « releve due --set {siret} AAAA-MM-JJ »"),
    Obstacle("unproven", lambda case: not case.provable,
        "rien ne pourrait prouver que le nouveau mot de passe fonctionne",
        "réglez [piste] et confiez son secret au trousseau, ou écrivez « unproven = true » dans"
        " [policy] si vous vous passez de preuve"),
)  # fmt: skip


def refusals(case: BeforeReset) -> list[Obstacle]:
    """What stands in the way of a reset with nobody there, in the table's order; empty: none."""
    return [row for row in TABLE if row.when(case)]


def overtaken(
    writers: Iterable[tuple[str, datetime]], run: str, last_attempt: int, opened: datetime
) -> bool:
    """Whether a slot's writer ("RUN/ATTEMPT", and when) tells of a change that came after what an
    open rotation's journal knows: of an attempt it does not know, or of another run since.
    """
    for writer, written in writers:
        owner, _, attempt = writer.partition("/")
        if owner == run and attempt.isdigit() and int(attempt) > last_attempt:
            return True
        if owner != run and attempt and written > opened:
            return True
    return False
