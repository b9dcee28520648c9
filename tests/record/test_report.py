"""The manager's page and the picture of the year."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from fixtures_rotation import Scene
from playwright.sync_api import sync_playwright
from releve.base.texts import typographic
from releve.decision import journal as j
from releve.planning.due import Due, Standing
from releve.planning.picture import legend, year
from releve.planning.report import numbers, page
from releve.portal import browsers
from releve.record.history import Past

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def due(number: int, standing: Standing, day: date | None, **facts: object) -> Due:
    last = day - timedelta(days=365) if day else None
    limit = last + timedelta(days=424) if last else None
    today, name = standing is not Standing.FAR, f"Commune <{number}> & Fils"
    return Due(
        f"{number:014}", name, f"T{number}", standing, today, "motif", last, day, limit, **facts
    )  # type: ignore[arg-type]


FLEET = [
    due(1, Standing.STUCK, TODAY + timedelta(days=90)),
    due(6, Standing.TO_PROVE, TODAY + timedelta(days=90)),
    due(2, Standing.OVERDUE, TODAY - timedelta(days=10)),
    due(3, Standing.UNKNOWN, None),
    due(4, Standing.SOON, TODAY + timedelta(days=10)),
    due(5, Standing.FAR, TODAY + timedelta(days=200), proof="none"),
]


def test_the_picture_is_well_formed_and_says_all_without_colour() -> None:
    """XML that a parser reads; each row has its name escaped, its mark and its word; the months are
    those of the year to come.
    """
    root = ElementTree.fromstring(year(FLEET, TODAY))
    texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    for text in (
        "Commune <2> & Fils",
        "■",
        "▲",
        "?",
        "●",
        "✓",
        "bloquée",
        "en retard 13/11/26",
        "date inconnue",
        "janv. 27",
    ):
        assert text in texts
    assert (
        "1 bloquée, 1 à vérifier, 1 en retard, 1 date inconnue, 1 à faire, 1 à jour" in root.attrib["aria-label"]
    )
    assert all(mark in legend() for mark in "■◆▲?●✓")


def test_five_hundred_rows_stay_readable_in_a_real_browser(tmp_path: Path) -> None:
    """At 1,100 pixels nothing is cut at the side, rows do not overlap, and the months come back all
    along.
    """
    many = [
        due(number, list(Standing)[number % 5], TODAY + timedelta(days=number % 300))
        for number in range(500)
    ]
    path = tmp_path / "report.html"
    path.write_text(page(many, [], tmp_path, NOW), encoding="utf-8")
    choice = browsers.find("auto", False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=choice.executable, channel=choice.channel
        )
        shown = browser.new_page(viewport={"width": 1100, "height": 800})
        shown.goto(path.as_uri())
        width, months, overlaps = shown.evaluate(
            """() => { const rows = [...document.querySelectorAll('svg g')].map(g =>
            g.querySelector('rect').getBoundingClientRect());
            const months = [...document.querySelectorAll('svg text')].filter(t => t.textContent == 'févr.').length;
            return [document.documentElement.scrollWidth, months,
                    rows.filter((r, i) => i && r.top < rows[i - 1].bottom - 0.1).length] }"""
        )
        requests = shown.evaluate("performance.getEntriesByType('resource').length")
        browser.close()
    assert (True, 17, 0, 0) == (width <= 1100, months, overlaps, requests)


def test_the_page_tells_what_is_stuck_and_unproven_with_links(tmp_path: Path) -> None:
    """The stuck rotation's own words, the success that nobody has proved, and links that lead from
    the page to the records.
    """
    outputs = tmp_path / "outputs"
    left = Past(
        outputs / "2026 1",
        "a",
        "1",
        "T1",
        "Commune 1",
        began=NOW - timedelta(days=3),
        text="Ce qui s'est passé : coupure <b>",
    )
    done = Past(
        outputs / "2026 5",
        "b",
        "5",
        "T5",
        "Commune 5",
        began=NOW,
        closed=NOW,
        outcome="succeeded",
        proof="none",
        human_seconds=90,
    )
    told = page(FLEET, [left, done], outputs, NOW)
    assert "coupure &lt;b&gt;" in told
    assert {"2026%201/record.html", "2026%205/record.html"} == set(
        re.findall(r'href="([^"]+)"', told)
    )
    assert "1,5 minute par renouvellement réussi" in told
    assert "Commune &lt;2&gt; &amp; Fils" in told
    assert typographic(told) == told


def test_the_numbers_are_those_of_twelve_months() -> None:
    """Older rotations do not count; people's time on failures counts too; without a success there
    is no mean.
    """
    old = Past(
        Path("x"), "a", "1", began=NOW - timedelta(days=366), outcome="succeeded", human_seconds=600
    )
    done = Past(Path("x"), "b", "1", began=NOW, outcome="succeeded", human_seconds=60)
    failed = Past(Path("x"), "c", "1", began=NOW, outcome="failed", human_seconds=60)
    found = numbers([old, done, failed, Past(Path("x"), "d", "1", began=NOW)], NOW)
    assert (1, 1, 1, 2.0, 2.0) == (
        found.succeeded,
        found.failed,
        found.left,
        found.minutes,
        found.minutes_in_all,
    )
    assert numbers([failed], NOW).minutes is None


def test_the_command_writes_it_beside_the_records(scene: Scene) -> None:
    """From real journals, a damaged one included; elsewhere with --output, where links still lead
    to the records.
    """
    folder = scene.outputs / "2026-01-05_100000_21990001600011_ab"
    folder.mkdir(parents=True)
    (folder / j.FILE_NAME).write_text("pas un journal\n" + '{"event": "rotation.opened"\n')
    done = scene.releve("report")
    told = (scene.outputs / "report.html").read_text(encoding="utf-8")
    assert (0, True) == (done.returncode, "est abîmé" in told), done.stderr
    scene.releve("report", "--output", str(scene.folder / "ailleurs.html"))
    assert 'href="outputs/2026-01-05_100000_21990001600011_ab/record.html"' in (
        scene.folder / "ailleurs.html"
    ).read_text(encoding="utf-8")
