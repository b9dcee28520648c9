"""The calendar file, read back by the library that other programs use."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fixtures_rotation import Scene
from icalendar import Calendar
from releve.planning.calendar_file import calendar
from releve.planning.due import Due, Standing

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def due(name: str, account: str, day: date | None) -> Due:
    limit = day + timedelta(days=59) if day else None
    return Due("21990001600011", name, account, Standing.FAR, False, "", day=day, limit=limit)


def test_one_event_an_account_with_its_reminder() -> None:
    """Structures that share an account share an all-day event with an alarm `warn_days` before; an
    unknown day has none.
    """
    day = date(2027, 3, 1)
    dues = [
        due("Mairie; d'Exemple, centre", "A@cpro.fr", day),
        due("Régie", "A@cpro.fr", day),
        due("Sans date", "B@cpro.fr", None),
    ]
    (event,) = Calendar.from_ical(calendar(dues, 30, NOW)).walk("VEVENT")
    (alarm,) = event.walk("VALARM")
    assert (day, day + timedelta(days=1)) == (event["dtstart"].dt, event["dtend"].dt)
    assert "Mairie; d'Exemple, centre, Régie" in str(event["summary"])
    assert timedelta(days=-30) == alarm["trigger"].dt


def test_a_second_import_replaces() -> None:
    """The same account keeps its UID whatever its day and its names, and its sequence grows."""
    (old,) = Calendar.from_ical(
        calendar([due("Mairie", "A@cpro.fr", date(2027, 3, 1))], 30, NOW)
    ).walk("VEVENT")
    later = NOW + timedelta(days=100)
    (new,) = Calendar.from_ical(
        calendar([due("Commune", "A@cpro.fr", date(2028, 2, 20))], 30, later)
    ).walk("VEVENT")
    assert old["uid"] == new["uid"]
    assert old["sequence"] < new["sequence"]
    other = Calendar.from_ical(
        calendar([due("Mairie", "B@cpro.fr", date(2027, 3, 1))], 30, NOW)
    ).walk("VEVENT")[0]
    assert old["uid"] != other["uid"]


def test_the_command_writes_it(scene: Scene, tmp_path: Path) -> None:
    """`releve due --calendar FILE` writes the file beside the table, and says in French when it
    cannot.
    """
    scene.structure["last_rotation"] = "x"
    path = scene.settings()
    path.write_text(
        path.read_text().replace('last_rotation = "x"', "last_rotation = 2026-01-10"),
        encoding="utf-8",
    )
    scene.settings = lambda: path  # type: ignore[method-assign]
    target = tmp_path / "releve.ics"
    done = scene.releve("due", "--calendar", str(target))
    (event,) = Calendar.from_ical(target.read_bytes()).walk("VEVENT")
    assert (date(2027, 1, 10), True) == (event["dtstart"].dt, str(target) in done.stdout)
    refused = scene.releve("due", "--calendar", str(tmp_path / "absent" / "releve.ics"))
    assert (2, True) == (refused.returncode, "n'a pas pu être écrit" in refused.stderr)
