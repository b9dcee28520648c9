"""What the home page shows: the year, a card a structure, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

from releve.base.texts import table, text
from releve.jupyter.copy import folder_url
from releve.jupyter.nodes import Node, node, pressed
from releve.jupyter.panel import View, button, field_, form, paragraphs, say
from releve.planning import picture
from releve.planning.due import Due
from releve.record.folder import PAGE, RecordFolder
from releve.record.history import Past

SHOWN = 10  # structures and records listed one by one; the picture shows all


def page(
    dues: Sequence[Due], past: Sequence[Past], today: date, said: Sequence[str], signer: str = ""
) -> View:
    """The home page itself. `said` comes first, as sentences; `signer` is the fingerprint with
    which this machine seals, "" before its first seal.
    """
    further = dues[SHOWN:]
    told = [*said, *[picture.summary(dues, today)] * bool(further)]
    nodes = [node("ul", *map(_card, dues[:SHOWN]), class_="rv-cards")]
    if further:
        more = text("home.more", count=len(further))
        cards = node("ul", *map(_card, further), class_="rv-cards")
        nodes.append(node("details", node("summary", more), cards))
    nodes += _done(past)
    if signer:
        nodes.append(node("p", text("home.signer", signer=signer), class_="rv-soft"))
    refresh = button("refresh", text("home.refresh"), "link")
    buttons = [button("train", text("home.train")), refresh]
    body = paragraphs(*told) + _year(dues, today)
    return form(text("home.heading"), body, nodes=nodes, buttons=buttons, wide=True)


def again(due: Due, today: date, verb: str) -> View:
    """Before a renewal that nothing asks for; `verb` is the way in which she began it."""
    assert due.last and due.day
    today_ = due.last == today
    when = text("renew-again.today") if today_ else text("renew-again.on", day=_day(due.last))
    body = say("renew-again.body", name=due.name, when=when, day=_day(due.day))
    buttons = [
        button("refresh", text("renew-again.no"), "primary"),
        button(f"again-{verb}:{due.siret}", text("renew-again.yes")),
    ]
    heading = text("renew-again.heading", when=when)
    return form(heading, body, buttons=buttons, tone="trouble")


def ask_date(due: Due, given: str = "", wrong: str = "") -> View:
    """When a password was last changed that Relève did not change: asked once."""
    body = say("last-change.body", name=due.name, account=due.account)
    last = field_("last", text("settings.given"), size=12, help=text("settings.last-help"))
    buttons = [
        button(f"date-given:{due.siret}", text("settings.ok"), "primary"),
        button("refresh", text("settings.cancel")),
    ]
    return form(
        text("last-change.heading"),
        body,
        fields=[last | {"value": given, "check": True}],
        buttons=buttons,
        wrong={"last": wrong} if wrong else {},
    )


def cancel(due: Due) -> View:
    """Before a renewal is given up that has changed nothing."""
    body = say("cancel.body", name=due.name)
    run = due.open.run if due.open else ""
    buttons = [
        button("refresh", text("cancel.no"), "primary"),
        button(f"cancel-now:{due.siret}/{run}", text("cancel.yes")),
    ]
    return form(text("cancel.heading"), body, buttons=buttons)


def folder_gone(folder: str, error: str = "") -> View:
    """The records are not where the settings say."""
    buttons = [
        button("moved", text("folder-gone.moved"), "primary"),
        button("refresh", text("folder-gone.back")),
        button("anew", text("folder-gone.anew"), "link"),
    ]
    where = field_("folder", text("folder-gone.folder"), size=60, help=text("folder-gone.help"))
    return form(
        text("folder-gone.heading"),
        say("folder-gone.body", folder=folder),
        fields=[where],
        buttons=buttons,
        wrong={"folder": error} if error else {},
        tone="trouble",
    )


def _year(dues: Sequence[Due], today: date) -> str:
    """From the settings alone: nothing in it comes from a record."""
    return (
        f'<div class="rv-scroll" tabindex="0" role="group" aria-label="{text("home.year")}">'
        f'{picture.year(dues, today)}</div><p class="rv-soft">{picture.legend()}</p>'
    )


def _card(due: Due) -> Node:
    action = text("home.resume" if due.open else "home.start")
    label = text("home.for", action=action, name=due.name)
    style = "primary" if due.today else "plain"
    buttons = [pressed(f"start:{due.siret}", action, style, aria_label=label)]
    if due.open and not due.open.touched:
        buttons.append(pressed(f"cancel:{due.siret}", text("home.cancel"), "link"))
    if due.last is None:
        buttons.append(pressed(f"date:{due.siret}", text("home.give-date")))
    buttons.append(pressed(f"by-hand:{due.siret}", text("home.by-hand"), "link"))
    if not due.open:
        buttons.append(pressed(f"meet:{due.siret}", text("home.meet"), "link"))
    buttons.append(pressed(f"change:{due.siret}", text("home.change"), "link"))
    head = node("div", node("strong", due.name), _mark(due), class_="rv-card-head")
    known = node("p", text("home.known", siret=due.siret, account=due.account), class_="rv-soft")
    why = node("p", f"{due.why[0].upper()}{due.why[1:]}.")
    return node("li", head, known, why, node("div", *buttons, class_="rv-buttons"))


def _mark(due: Due) -> Node:
    mark = node("b", picture.LOOK[due.standing][1], aria_hidden="true")
    word = picture.WORDS[due.standing]
    return node("span", mark, f" {word}", class_=f"rv-standing-{due.standing}")


def _done(past: Sequence[Past]) -> list[Node]:
    rows = [_row(each) for each in reversed(past[-SHOWN:]) if each.began]
    if not rows:
        return []
    named = map(text, ("home.day", "home.structure", "home.outcome", "home.record"))
    head = [node("th", name, scope="col") for name in named]
    return [node("h3", text("home.done")), node("table", node("tr", *head), *rows)]


def _row(past: Past) -> Node:
    name = text("home.exercise", name=past.name) if past.school else past.name
    cells: list[Node] = [_day(past.began), name, _outcome(past), _link(past)]
    return node("tr", *(node("td", cell) for cell in cells))


def _outcome(past: Past) -> str:
    told = table().get(f"home.outcomes.{past.outcome or 'open'}", text("home.outcomes.unknown"))
    proof = table().get(f"home.proofs.{past.proof}") if past.outcome == "succeeded" else None
    return told + (f", {proof}" if proof else "")


def _link(past: Past) -> Node:
    folder = RecordFolder.at(past.record)
    if folder is None or not (past.record / PAGE).exists():
        return text("home.not-yet")
    address = f"/files/{quote(folder_url(folder))}/{PAGE}"
    label = text("home.open-of", day=_day(past.began))
    place = {"href": address, "target": "_blank", "rel": "noopener", "aria_label": label}
    return node("a", text("home.open"), **place)


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
