"""When a password was last changed: read from the portal's own page when it shows it, told by a
person on the home page, and each record says how it was known.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fixtures_keyring import ThrowawayKeyring
from fixtures_pages import Pages, show
from fixtures_rotation import DEMO_ACCOUNT, DEMO_SIRET, Scene
from releve.base.settings import load
from releve.base.words import Words
from releve.decision import events as ev
from releve.jupyter.home import Home
from releve.jupyter.panel import Answer
from releve.planning.today import now
from releve.portal.browser import PortalBrowser
from releve.portal.last_change import last_change
from releve.record.folder import PAGE
from releve.vault import portal_dates

in_the_module = pytest.mark.asyncio(loop_scope="module")
TODAY = date(2026, 11, 29)
ACCOUNT, OTHER = "TECH_1_11@cpro.fr", "TECH_1_22@cpro.fr"
DAY = date(2025, 10, 12)
LABEL = "Dernière modification du mot de passe"


# -- on pages that nobody here drew


@pytest.fixture(scope="module")
def window(pages_window: PortalBrowser) -> PortalBrowser:
    return pages_window


def table(*rows: tuple[str, str], head: str = LABEL) -> str:
    """Accounts with a day each, as the card lists them."""
    cells = "".join(f"<tr><td>{a}</td><td>Actif</td><td>{day}</td></tr>" for a, day in rows)
    return f"<table><tr><th>Identifiant</th><th>Statut</th><th>{head}</th></tr>{cells}</table>"


SHOWN = {
    "a column": table((OTHER, "01/02/2026"), (ACCOUNT, "12/10/2025")),
    "with the hour": table((ACCOUNT, "12/10/2025 14:02")),
    "a definition": f"<dl><dt>Compte</dt><dd>{ACCOUNT}</dd><dt>{LABEL} :</dt>"
    "<dd>12/10/2025</dd></dl>",
    "a sentence": f"<ul><li>{OTHER}<li>{ACCOUNT} <p>Mot de passe modifié le 12/10/2025</p></ul>",
    "beside its end": f"<dl><dt>Compte</dt><dd>{ACCOUNT}</dd><dt>{LABEL}</dt><dd>12/10/2025</dd>"
    "<dt>Mot de passe valable jusqu'au</dt><dd>10/12/2026</dd></dl>",
}
NOT_SHOWN = {
    "its end alone": table((ACCOUNT, "12/10/2025"), head="Mot de passe valable jusqu'au"),
    "of something else": table((ACCOUNT, "12/10/2025"), head="Dernière modification"),
    "of another account": table((OTHER, "12/10/2025")),
    "of nobody": f"<p>{ACCOUNT}</p><p>{OTHER}</p><p>{LABEL} : 12/10/2025</p>",
    "two": f"<div>{ACCOUNT}<p>{LABEL} : 12/10/2025</p><p>{LABEL} : 13/10/2025</p></div>",
    "to come": table((ACCOUNT, "12/10/2027")),
    "before the portal": table((ACCOUNT, "12/10/1995")),
    "no day": table((ACCOUNT, "31/02/2025")),
    "empty": table((ACCOUNT, "")),
}


@in_the_module
@pytest.mark.parametrize("body", [*SHOWN, *NOT_SHOWN])
async def test_the_day_is_the_accounts_own_or_none(
    window: PortalBrowser, pages: Pages, body: str
) -> None:
    """A day too recent would let the password run out unseen: none is better."""
    find = await show(window, pages, f"<main>{(SHOWN | NOT_SHOWN)[body]}</main>")
    view = await find.look(reading=True)
    expected = DAY if body in SHOWN else None
    assert expected == last_change(view, ACCOUNT, Words(), TODAY)


# -- at the school


def undated(scene: Scene, days: int) -> date:
    """Nobody wrote the date; the portal knows it, and shows it."""
    account = scene.world.accounts[DEMO_ACCOUNT]
    account.changed = scene.world.clock() - timedelta(days=days)
    scene.structure |= {"last_rotation": None}
    scene.faults.last_change_shown = True
    return account.changed.date()


def known(scene: Scene, folder: Path) -> list[tuple[str, str]]:
    """What the journals of these records say, in their order."""
    events = [json.loads(x) for x in (folder / "journal.jsonl").read_text().splitlines()]
    return [(e["day"], e["source"]) for e in events if e["event"] == ev.LastChangeKnown.kind]


def due(scene: Scene) -> dict[str, Any]:
    """The one structure of `releve due --json`."""
    found: dict[str, Any] = json.loads(scene.releve("--json", "due").stdout)["structures"][0]
    return found


def records(scene: Scene) -> list[Path]:
    return sorted(scene.outputs.glob("2*"))


@pytest.mark.long
def test_unattended_the_page_is_asked_before_the_account_is_left_out(scene: Scene) -> None:
    """Found, it is as good as given: the account is reset, and the record says how it was known."""
    day = undated(scene, 400)
    ended = scene.releve("rotate", "--due", "--yes")
    assert (0, 1) == (ended.returncode, scene.resets()), ended
    (record,) = records(scene)
    assert (day.isoformat(), "portal") in known(scene, record)
    assert f"{day.year} <small>(lu sur le portail)</small>" in (record / PAGE).read_text()


def test_a_change_that_is_recent_is_no_reason_for_another(scene: Scene) -> None:
    """Somebody else changed it a month ago: nothing is due, and nothing is reset."""
    day = undated(scene, 30)
    ended = scene.releve("--json", "rotate", "--due", "--yes")
    assert (3, 0) == (ended.returncode, scene.resets()), ended
    assert ("far", day.isoformat(), "portal") == tuple(
        due(scene)[key] for key in ("standing", "last", "source")
    )


@pytest.mark.long
def test_a_page_that_shows_none_is_looked_at_once(scene: Scene) -> None:
    """Left out with why; the next night does not log in for it again, and a month later does."""
    undated(scene, 400)
    scene.faults.last_change_shown = False
    for _ in range(2):
        ended = scene.releve("rotate", "--due", "--yes")
        assert 4 == ended.returncode, ended
        assert "la date du dernier changement est inconnue" in ended.stdout
        assert (0, 1) == (scene.resets(), scene.logins())
    seen = date.today() - timedelta(days=31)
    portal_dates.note(scene.keystore, DEMO_ACCOUNT, None, seen)
    scene.releve("rotate", "--due", "--yes")
    assert (0, 2) == (scene.resets(), scene.logins())


def test_a_portal_that_cannot_be_looked_at_changes_nothing(scene: Scene) -> None:
    """Said, and the account is left out; the password that was refused is not tried again."""
    undated(scene, 400)
    scene.faults.wrong_password = True
    ended = scene.releve("rotate", "--due", "--yes")
    assert 4 == ended.returncode and "n'ont pas pu être lues sur le portail" in ended.stderr
    scene.releve("rotate", "--due", "--yes")
    assert (0, 1) == (scene.resets(), scene.world.ledger.count("login_refused"))


@pytest.mark.long
def test_a_rehearsal_reads_it_too(scene: Scene) -> None:
    """Whoever opens the card keeps what it says, in the keyring (`discover` too)."""
    day = undated(scene, 200)
    done = scene.releve("rehearse", DEMO_SIRET)
    assert 0 == done.returncode, done
    (record,) = records(scene)
    assert [(day.isoformat(), "portal")] == known(scene, record)
    assert ("portal", day.isoformat()) == (due(scene)["source"], due(scene)["last"])


@pytest.mark.long
def test_what_was_done_before_here_is_told_by_its_records(scene: Scene) -> None:
    """The next rotation's record names the one before, and how it is known."""
    scene.structure |= {"last_rotation": date.today() - timedelta(days=380)}
    assert 0 == scene.releve("rotate", DEMO_SIRET, "--yes").returncode
    (record,) = records(scene)
    given = (date.today() - timedelta(days=380)).isoformat()
    assert [(given, "settings")] == known(scene, record)
    assert "dit par une personne, dans les réglages" in (record / PAGE).read_text()
    assert "records" == due(scene)["source"]


# -- given once by a person


async def test_a_person_gives_it_on_the_home_page(
    scene: Scene, throwaway: ThrowawayKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button on the card, one field; what is wrong is said beside it, and the file keeps its
    comments. As `releve due --set` does.
    """
    scene.structure |= {"last_rotation": None}
    path = scene.settings()
    path.write_text("# à nous\n" + path.read_text())
    scene.outputs.mkdir()
    monkeypatch.setenv("RELEVE_SETTINGS", str(path))
    monkeypatch.setenv("RELEVE_OUTPUTS", str(scene.outputs))
    home = Home()
    shown = json.dumps(home.panel.view, ensure_ascii=False)
    assert f"date:{DEMO_SIRET}" in shown and "Donner la date du dernier changement" in shown
    await home._hear(Answer(f"date:{DEMO_SIRET}"))
    assert "last" == home.panel.view["fields"][0]["name"]
    tomorrow = date.today() + timedelta(days=1)
    for wrong in ("", "hier", "30/11/1995", f"{tomorrow:%d/%m/%Y}"):
        await home._hear(Answer(f"date-given:{DEMO_SIRET}", {"last": wrong}))
        assert home.panel.view["wrong"]["last"], wrong
    assert now(load(path, scene.outputs))[0].last is None
    await home._hear(Answer(f"date-given:{DEMO_SIRET}", {"last": "30/11/2025"}))
    (found,) = now(load(path, scene.outputs))
    assert (date(2025, 11, 30), "settings") == (found.last, found.source.value)
    assert path.read_text().startswith("# à nous\n")
    assert f"date:{DEMO_SIRET}" not in json.dumps(home.panel.view, ensure_ascii=False)
