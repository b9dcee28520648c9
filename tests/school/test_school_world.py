"""The school's world, without HTTP: what tests and the in-process twin build on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from releve.school import Faults, World
from releve.school.faults import BadFault
from releve.school.managers import Login
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET, PRINTABLE, luhn_digit


def test_every_siret_is_valid_and_the_demonstration_is_not_on_the_first_page() -> None:
    """Structures have SIRETs that pass Luhn, fill at least three pages of ten, and the
    demonstration's is beyond the first.
    """
    sirets = list(World().structures)
    assert sirets == [code[:13] + luhn_digit(code[:13]) for code in sirets]
    assert len(sirets) == len(set(sirets)) > 20
    assert sirets.index(DEMO_SIRET) >= 10


def test_a_fleet_has_an_account_of_its_own_for_each_structure() -> None:
    """Five hundred structures have five hundred different first accounts, and names that tell them
    apart.
    """
    world = World(structures=500)
    communes = [each for each in world.structures.values() if "Régie" not in each.name]
    assert (
        500 == len({each.accounts[0] for each in communes}) == len({each.name for each in communes})
    )


def test_one_seed_gives_the_same_world() -> None:
    """Two worlds of one seed give the same accounts and the same next password."""
    one, other = World(seed=7), World(seed=7)
    assert list(one.accounts) == list(other.accounts)
    assert one.reset(DEMO_ACCOUNT) == other.reset(DEMO_ACCOUNT)


def test_a_reset_takes_effect_at_once_and_tells_everyone_but_the_value() -> None:
    """A reset changes the password, keeps the old one in its history, mails the manager and is
    counted, without the value anywhere.
    """
    world = World()
    old = world.accounts[DEMO_ACCOUNT].password
    new = world.reset(DEMO_ACCOUNT, siret=DEMO_SIRET)
    assert (new, [old]) == (
        world.accounts[DEMO_ACCOUNT].password,
        world.accounts[DEMO_ACCOUNT].history,
    )
    assert world.resets(DEMO_ACCOUNT) == world.resets() == len(world.mails) == 1
    assert DEMO_ACCOUNT in world.mails[0].body
    assert new not in world.mails[0].body + repr(world.report())
    assert not world.corail_matches(DEMO_SIRET)


def test_passwords_come_from_all_printable_ascii() -> None:
    """Over many resets every printable character but the spared "/" appears, and lengths are 13 to
    16.
    """
    world = World()
    made = [world.generate() for _ in range(3000)]
    assert set(PRINTABLE) - {"/"} == set("".join(made))
    assert {13, 14, 15, 16} == {len(each) for each in made}


def test_the_slash_comes_in_the_first_passwords_only() -> None:
    """`slash_in_first` puts a "/" in exactly that many passwords, and setting it again winds it up
    again.
    """
    world = World(faults=Faults(slash_in_first=2))
    assert [True, True, False, False] == ["/" in world.generate() for _ in range(4)]
    world.faults.slash_in_first = 1
    assert [True, False] == ["/" in world.generate() for _ in range(2)]


def test_three_refusals_lock_the_account() -> None:
    """The third wrong password locks; the right one is then refused too; a right one before resets
    the count.
    """
    world = World()
    right = world.manager.password
    assert [Login.REFUSED, Login.ACCEPTED] == [
        world.log_in("xt012345", each) for each in ("a", right)
    ]
    assert [Login.REFUSED, Login.REFUSED, Login.LOCKED, Login.LOCKED] == [
        world.log_in("xt012345", each) for each in ("a", "b", "c", right)
    ]
    changed = World(faults=Faults.parse(["wrong_password"]))
    assert [Login.REFUSED, Login.REFUSED, Login.LOCKED] == [
        changed.log_in("xt012345", changed.manager.password) for _ in range(3)
    ]


def test_the_api_learns_of_a_reset_after_its_propagation() -> None:
    """Until `propagation_seconds` have passed the API knows the old password, whatever the number
    of resets; then the last.
    """
    now = datetime(2026, 3, 1, tzinfo=UTC)
    world = World(faults=Faults(propagation_seconds=60), clock=lambda: now)
    old = world.accounts[DEMO_ACCOUNT].password
    world.reset(DEMO_ACCOUNT)
    new = world.reset(DEMO_ACCOUNT)
    assert old == world.api_password(DEMO_ACCOUNT)
    now += timedelta(seconds=60)
    assert new == world.api_password(DEMO_ACCOUNT)


def test_propagation_can_wait_for_a_word() -> None:
    """With a negative delay only `propagate` lets the API know."""
    world = World(faults=Faults(propagation_seconds=-1))
    old, new = world.accounts[DEMO_ACCOUNT].password, world.reset(DEMO_ACCOUNT)
    assert old == world.api_password(DEMO_ACCOUNT)
    world.propagate()
    assert new == world.api_password(DEMO_ACCOUNT)


def test_a_screen_switch_acts_as_often_as_it_says() -> None:
    """`screen` acts once, `screen:2` twice, `screen:0` always, and never on another screen."""
    for value, expected in (
        ("structure", [True, False, False]),
        ("structure:2", [True, True, False]),
        ("structure:0", [True] * 3),
    ):
        faults = Faults(maintenance_at=value)
        assert not faults.fires("maintenance_at", "accueil")
        assert expected == [faults.fires("maintenance_at", "structure") for _ in range(3)]
    assert not Faults().fires("maintenance_at", "")


def test_faults_are_read_from_the_command_line() -> None:
    """`name=value` sets numbers, flags, words and one structure's switches."""
    faults = Faults.parse(
        [
            "latency_ms=300",
            "missing_button",
            "renamed_labels=Confirmer>Valider;Annuler>Fermer",
            f"{DEMO_SIRET}/popup_at=structure:0",
        ]
    )
    assert (300, True) == (faults.latency_ms, faults.missing_button)
    assert {"Confirmer": "Valider", "Annuler": "Fermer"} == faults.renamed_labels
    assert ("structure:0", "") == (faults.of(DEMO_SIRET).popup_at, faults.popup_at)


@pytest.mark.parametrize(
    "option",
    [
        "inconnue=1",
        "latency_ms=vite",
        "popup_at=nulle-part",
        "popup_at=accueil:x",
        "per_structure=x",
    ],
)
def test_a_wrong_fault_is_refused_in_french(option: str) -> None:
    """An unknown switch, screen or number is an error of usage; its text says what is expected."""
    with pytest.raises(
        BadFault, match=r"Panne inconnue|attend un nombre|Écran inconnu|il faut un nombre"
    ) as refused:
        Faults.parse([option])
    assert 2 == refused.value.code
