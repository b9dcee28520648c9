"""The accounting program, guided: its screens with where to click, the hand-over of the password,
and the real proof.
"""

from __future__ import annotations

import sys
from importlib.resources import files

from releve.base.programs import Program, program
from releve.base.texts import text
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.jupyter.panel import View, button, form, rich, say
from releve.targets.guide import Entering

COPY = "copy"


def drawing(step: str, used: Program) -> str:
    """Where to click on that screen, drawn by us, for a program whose screens are the document's;
    with a text for who does not see it.
    """
    if used.screens:
        return ""
    return (files(__package__) / "drawings" / f"{step}.svg").read_text(encoding="utf-8")


def page(step: str, name: str, target: str) -> View:
    """One of the screens before the last."""
    used, place = program(target), TARGET_STEPS.index(step)
    title, what = BY_ID[step].title, BY_ID[step].instruction
    if used.screens:
        title, what = used.screens[place].title, used.screens[place].instruction
    body = say("program.for", name=name) + rich(what) + drawing(step, used)
    return form(
        text("program.heading", program=used.name, title=title),
        body,
        buttons=[button("done", text("program.done"), "primary")],
        progress=BY_ID[step].number - 1,
    )


def entry(entering: Entering) -> View:
    """The last screen: the password is copied, pasted, kept; the button to press first is the
    first.
    """
    used, step = program(entering.target), TARGET_STEPS[-1]
    facts = {"program": used.name, "account": entering.account, "cell": used.cell}
    body = say("program.for", name=entering.name)
    if sys.platform == "win32":  # a page writes texts, not the formats that keep them out of it
        body += say("program.clipboard-history")
    body += say("program.entry", submit=used.submit, **facts) + drawing(step, used)
    return form(
        text("program.heading", program=used.name, title=BY_ID[step].title),
        body,
        buttons=[
            *hand_over(),
            button("done", text("program.entered", program=used.name), "primary"),
        ],
        progress=BY_ID[step].number - 1,
    )


def hand_over(again: bool = False) -> list[View]:
    """The two ways by which the password leaves for the program."""
    return [
        button(COPY, text("secret.copy-again" if again else "secret.copy"), hand=True),
        button("show", text("secret.show"), "link", hand=True),
    ]


def proof(targets: tuple[str, ...], refused: bool, at_hand: bool) -> View:
    """Does it work? The answer is a real fetch of invoices. `at_hand`: the password can be copied
    once more.
    """
    checks = dict.fromkeys(program(each).check for each in targets)
    body = "".join(say("proof.body", check=each) for each in checks)
    buttons = [
        button("worked", text("proof.worked"), "primary"),
        button("later", text("proof.later")),
        button("refused", text("proof.refused")),
        button("none", text("proof.none"), "link"),
    ]
    if at_hand:
        buttons[1:1] = hand_over(again=True)
    return form(
        text("proof.heading"),
        body + (say("proof.checks") if refused else ""),
        buttons=buttons,
        progress=len(BY_ID),
        tone="trouble" if refused else "plain",
    )
