"""The proof by the API: what is concluded of the new password and of the old one, and a rotation
that waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures_rotation import Scene
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Settings, load
from releve.decision import events as ev
from releve.proof.asking import Prover, Reset
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.vault.slots import Slot


def with_piste(scene: Scene) -> Scene:
    """The scene of somebody who has a PISTE application."""
    known, urls = scene.world.piste, scene.school.urls
    scene.keystore.piste_secret(known.client_id).set(Secret(known.client_secret))
    scene.portal["origins"] = [*scene.origins, urls.piste]
    scene.more = (
        f'[piste]\nclient_id = "{known.client_id}"\ntoken_url = "{urls.token_url}"\napi_url ='
        f' "{urls.api_url}"\n'
    )
    return scene


@dataclass
class Case:
    """An account whose reset of a moment ago is in `pending`, and the old password in `current`."""

    scene: Scene
    settings: Settings
    reset: Reset

    def prove(self) -> str:
        """The detail of the proof, or the class name of the error."""
        try:
            return Prover(
                self.settings, self.settings.structure(DEMO_SIRET), self.scene.keystore
            ).prove(self.reset)
        except ReleveError as error:
            assert "{" not in error.text
            return type(error).__name__

    def later(self) -> None:
        """The time for a reset to reach the API has passed."""
        self.reset = replace(
            self.reset,
            since=datetime.now(UTC) - timedelta(minutes=self.settings.policy.propagation_minutes),
        )


@pytest.fixture
def case(scene: Scene) -> Iterator[Case]:
    """As a rotation leaves it before its proof."""
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), "saisi-a-la-main")
    scene.faults.propagation_seconds = -1
    scene.slots.write(Slot.PENDING, Secret(scene.world.reset(DEMO_ACCOUNT)), "run/1")
    yield Case(scene, load(scene.settings(), scene.outputs), Reset("run/1", datetime.now(UTC)))


def nothing(case: Case) -> None:
    """Leave the case as it is."""


def propagated(case: Case) -> None:
    case.scene.world.propagate()


def propagated_old_unknown(case: Case) -> None:
    propagated(case)
    case.scene.keyring.vanish("releve/current")


def propagated_old_the_same(case: Case) -> None:
    propagated(case)
    password = case.scene.world.accounts[DEMO_ACCOUNT].password
    case.scene.slots.adopt(Secret(password), "saisi-a-la-main")


def propagated_old_still_accepted(case: Case) -> None:
    propagated(case)
    case.scene.faults.piste_keeps_old = True


def not_listed(case: Case) -> None:
    propagated(case)
    case.scene.world.structures[DEMO_SIRET].accounts.remove(DEMO_ACCOUNT)


def forbidden(case: Case) -> None:
    case.scene.faults.piste_forbidden = True


def no_secret(case: Case) -> None:
    case.scene.keyring.vanish("releve/piste")


BOTH = (
    f"l'API de Chorus Pro accepte le nouveau mot de passe pour la structure {DEMO_SIRET}, et refuse"
    " l'ancien"
)
NEW_ONLY = (
    f"l'API de Chorus Pro accepte le nouveau mot de passe pour la structure {DEMO_SIRET} (l'ancien"
    " n'est pas connu de Relève)"
)
CASES = [
    (propagated, BOTH, BOTH),
    (propagated_old_unknown, NEW_ONLY, NEW_ONLY),
    (propagated_old_the_same, NEW_ONLY, NEW_ONLY),
    (nothing, "ProofTooEarly", "PasswordNotAccepted"),
    (propagated_old_still_accepted, "ProofTooEarly", "OldStillAccepted"),
    (not_listed, "StructureNotListed", "StructureNotListed"),
    (forbidden, "ProofImpossible", "ProofImpossible"),
    (no_secret, "CredentialMissing", "CredentialMissing"),
]


@pytest.mark.parametrize(
    ("spoil", "early", "late"), CASES, ids=lambda each: getattr(each, "__name__", "")
)
def test_the_new_one_is_accepted_and_the_old_one_refused(
    case: Case, spoil: Callable[[Case], None], early: str, late: str
) -> None:
    """What is not yet a failure before `propagation_minutes` is one afterwards; nothing is ever
    reset for it.
    """
    spoil(case)
    before = case.prove()
    case.later()
    assert (early, late, 1) == (before, case.prove(), case.scene.resets())


@pytest.mark.long
async def test_a_reset_that_the_api_does_not_know_yet_is_proven_by_a_resume(scene: Scene) -> None:
    """Code 4 while it may come, code 6 when it should have come, 0 once it has: one reset in all,
    and the journal tells each try.
    """
    with_piste(scene)
    scene.slots.adopt(Secret(scene.world.accounts[DEMO_ACCOUNT].password), "saisi-a-la-main")
    scene.faults.propagation_seconds = -1
    early = await scene.walk()
    assert ("ProofTooEarly", 4, 1) == (early.error, early.code, scene.resets()), early.text
    scene.policy["propagation_minutes"] = 0
    late = await scene.walk()
    assert ("PasswordNotAccepted", 6, 1) == (late.error, late.code, scene.resets()), late.text
    scene.world.propagate()
    done = await scene.walk()
    assert ("", 0, 1) == (done.error, done.code, scene.resets()), done.text
    assert (early.record, late.record) == (done.record, done.record)
    assert 2 == sum(isinstance(entry.event, ev.ProofRefused) for entry in done.events)
    assert (ev.ProofGiven("api", BOTH), 1) == (
        (last := done.last(ev.ProofGiven)) and last.event,
        scene.world.ledger.count("login"),
    )
    assert scene.three_places_agree()
    assert [] == scene.leaks()
