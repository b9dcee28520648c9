"""The forms of the walkthrough, and what may be wrong with their answers: pure functions."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from releve.base.errors import ReleveError
from releve.base.programs import program
from releve.base.settings import Settings, Structure
from releve.base.texts import NO_BREAK, text
from releve.decision.facts import Facts
from releve.decision.procedure import BY_ID, NAVIGATION, STEPS, Step, target_name
from releve.jupyter import corail
from releve.jupyter.panel import Answer, View, button, field_, form, paragraphs, rich, say
from releve.portal.case import CodeAsked, Lesson
from releve.record.vouching import Claim
from releve.rotation.prompts import Keep, ResetRequest

STOP = button("stop", text("tools.stop"))
BACK = button("back", text("tools.back"))
LOST = button("lost", text("tools.lost"))
_GATE_AT = len(NAVIGATION) - 1  # the portal's screens that stand before the gate


# -- before the reset


def adopt(claim: Claim, yes: str = "yes", no: str = "no") -> View:
    """A rotation that was not begun here, before it is touched. `yes`, `no`: the buttons' actions.
    """
    rows = {"adopt.whose": claim.whose, "adopt.host": claim.host, "adopt.begun": claim.begun}
    return form(
        text("adopt.heading"),
        say("adopt.body") + table(rows) + say("adopt.means"),
        buttons=[button(yes, text("adopt.yes")), button(no, text("adopt.no"))],
        tone="danger",
        hold=True,
    )


def before(settings: Settings, account: str, login: str, rehearse: bool = False) -> View:
    """What she must have at hand. `login`: whose password she will need, "" when none."""
    served = [each for each in settings.structures.values() if each.technical_account == account]
    names = dict.fromkeys(program(kind).name for each in served for kind in each.targets)
    whom = settings.contact
    have = {
        text("before.password", login=login): bool(login),
        text("before.program", program=" et ".join(names)): not rehearse,
        text("before.minutes"): True,
        text("before.contact", contact=whom) if whom else text("before.nobody"): True,
    }
    listed = f"{NO_BREAK};\n- ".join(each for each, needed in have.items() if needed)
    then = text("before.rehearsal" if rehearse else "before.then")
    buttons = [button("start", text("before.start"), "primary")]
    body = say("before.body", listed=f"- {listed}.", then=then)
    return form(text("before.heading"), body, buttons=buttons, progress=0)


def credentials(login: str, refused: str) -> View:
    """The portal's password. `refused`: why the last one was."""
    about = text("sign-in.password-help")
    fields = [
        field_("password", text("sign-in.password"), "password", help=about),
        field_("keep", text("sign-in.keep"), "check"),
    ]
    buttons = [
        button("ok", text("sign-in.ok"), "primary"),
        button("herself", text("sign-in.herself")),
    ]
    if refused:
        buttons.append(button("vouch", text("sign-in.vouch"), "link"))
    warning = _warning(text("sign-in.refused", why=refused)) if refused else ""
    return form(
        text("sign-in.heading"),
        warning + say("sign-in.login", login=login),
        fields=fields,
        buttons=buttons,
        progress=0,
        tone="trouble" if refused else "plain",
    )


def something_typed(answer: Answer) -> dict[str, str]:
    given = answer.action == "herself" or answer.secrets["password"].reveal()
    return {} if given else {"password": text("sign-in.missing")}


def herself() -> View:
    """While she logs in, in the portal's window."""
    return form(text("herself.heading"), say("herself.body"), tone="work", working=True, look=True)


def show(asked: Lesson) -> View:
    """What Relève does not find on the portal, or finds twice: she is asked to show it."""
    body = say("show.body", label=asked.label, screen=asked.screen, saw=asked.saw)
    buttons = [
        button("show", text("show.ok"), "primary"),
        button("not-there", text("show.not-there")),
    ]
    warning = _warning(asked.problem) if asked.problem else ""
    return form(text("show.heading"), warning + body, buttons=buttons)


def pointing(asked: Lesson) -> View:
    """While she points, in the portal's window."""
    body = say("pointing.body", label=asked.label)
    return form(text("pointing.heading"), body, tone="work", working=True, look=True)


def is_it(asked: Lesson, told: str, picture: bytes) -> View:
    """What she touched. A no binds."""
    body = say("is-it.body", told=told) if told else say("is-it.once")
    return form(
        text("is-it.heading", label=asked.label),
        body + (_image(picture, told or asked.label) if picture else ""),
        buttons=[
            button("yes", text("is-it.yes"), "primary"),
            button("no", text("is-it.no" if told else "is-it.not")),
        ],
    )


def code(asked: CodeAsked, seconds: int) -> View:
    """The one-time code; `seconds` for as long as it probably lives."""
    buttons = [button("ok", text("code.ok"), "primary")]
    if asked.can_resend:
        buttons.append(button("resend", text("code.resend")))
    return form(
        text("code.heading"),
        paragraphs(asked.note) if asked.note else say("code.body"),
        fields=[field_("code", text("code.field"), digits=True, maxlength=12, size=12)],
        buttons=buttons,
        wrong={"code": asked.problem} if asked.problem else {},
        # an application makes its own all the time
        countdown=max(seconds, 1) if asked.can_resend else 0,
        progress=1,
    )


def code_typed(answer: Answer) -> dict[str, str]:
    given = answer.action == "resend" or answer.values["code"].strip()
    return {} if given else {"code": text("code.missing")}


def gate(request: ResetRequest, structures: Mapping[str, Structure]) -> View:
    """The point of no return; of the structures, those that share the account are named."""
    s = request.siret
    if shared := len(request.used_by) > 1:
        told = [_named(each, structures) for each in request.used_by]
        fields = [field_(f"t{n}", each, "check") for n, each in enumerate(told)]
    else:
        siret = NO_BREAK.join((s[:3], s[3:6], s[6:9], s[9]))
        label = text("gate.digits", siret=siret)
        fields = [field_("digits", label, digits=True, maxlength=4, size=6)]
    used = ", ".join(program(each).name for each in dict.fromkeys(request.used_by))
    rows = {
        "gate.structure": f"{request.structure}, SIRET {s}",
        "gate.account": request.account,
    } | ({} if shared else {"gate.used-by": used})
    return form(
        text("gate.heading"),
        table(rows) + _warning(text("gate.warning")) + (say("gate.each") if shared else ""),
        fields=fields,
        buttons=[button("confirm", text("gate.confirm"), "primary")],
        tone="danger",
        progress=_GATE_AT,
    )


def _named(target: str, structures: Mapping[str, Structure]) -> str:
    siret = target.partition(":")[2]
    if siret not in structures:
        return target_name(target)
    facts = {"program": program(target).name, "name": structures[siret].name}
    return text("gate.target", siret=siret, **facts)


def all_ticked(answer: Answer) -> dict[str, str]:
    missing = [name for name, ticked in answer.values.items() if not ticked]
    return dict.fromkeys(missing, text("gate.not-all"))


def same_digits(siret: str, answer: Answer) -> dict[str, str]:
    same = answer.values["digits"].strip() == siret[-4:]
    return {} if same else {"digits": text("gate.wrong-digits")}


def vault_fails(error: ReleveError) -> View:
    """The one moment at which a password can be lost: its page stays open, and the question comes
    back until it is answered.
    """
    again = text("vault-fails.again")
    buttons = [
        button(Keep.AGAIN.value, again, "primary"),
        *corail.hand_over(),
        button(Keep.COPIED.value, text("vault-fails.copied")),
        button(Keep.LOST.value, text("vault-fails.lost"), "link"),
    ]
    body = say("vault-fails.body", happened=error.sentences[0], todo=error.here(again))
    return form(text("vault-fails.heading"), body, buttons=buttons, tone="danger", hold=True)


# -- by hand


def screen(step: Step, own_browser: str, doubt: str) -> View:
    """A screen of the portal. `doubt`: what a check then found wrong with it."""
    if own_browser:
        link = escape(own_browser)
        body = say("screen.own-browser")
        body += f'<p><a href="{link}" target="_blank" rel="noopener">{link}</a></p>'
    else:
        body = say("screen.window")
    buttons = [button("done", text("screen.done"), "primary")]
    if doubt:
        buttons = [
            button("done", text("screen.check"), "primary"),
            button("skip", text("screen.skip"), "plain"),
        ]
    return form(
        text("screen.heading", title=step.title),
        body + rich(step.instruction) + (_warning(doubt) if doubt else ""),
        buttons=buttons,
        progress=step.number - 1,
    )


def lost(step: str, contact: str, seen: bytes, drawn: str = "") -> View:
    """« Je ne trouve pas »: a picture of the screen (`seen`, a PNG, or our drawing), whom to call,
    and what is safe.
    """
    if seen:
        body = say("lost.last-time") + _image(seen, text("lost.last-time"))
    else:
        body = say("lost.picture") + drawn if drawn else ""
    body += say("lost.look")
    body += say("lost.call", contact=contact) if contact else ""
    return form(
        text("lost.heading"),
        body + say("lost.nothing-lost"),
        buttons=[button("found", text("lost.found"), "primary")],
        progress=BY_ID[step].number - 1,
    )


def reset_by_hand(step: Step, account: str) -> View:
    """The click that cannot be undone, by her own hand."""
    buttons = [
        button("done", text("reset-by-hand.done"), "primary"),
        button("refused", text("reset-by-hand.refused")),
        button("unknown", text("reset-by-hand.unknown"), "link"),
    ]
    return form(
        text("reset-by-hand.heading"),
        rich(step.instruction) + table({"reset-by-hand.account": account}),
        buttons=buttons,
        tone="danger",
        hold=True,
        progress=step.number - 1,
    )


def new_password(account: str, why: str) -> View:
    """The password that the portal shows, typed or pasted."""
    fields = [
        field_("one", text("new-password.one", account=account), "password"),
        field_("two", text("new-password.two"), "password"),
    ]
    return form(
        text("new-password.heading"),
        paragraphs(why) + say("new-password.body"),
        fields=fields,
        buttons=[button("ok", text("new-password.ok"), "primary")],
        hold=True,
        progress=BY_ID["mot-de-passe"].number - 1,
    )


def piece(account: str, number: int, of: int) -> View:
    """One piece of what the portal's page showed, when its password was not recognised."""
    others = [button("next", text("piece.next")), button("before", text("piece.before"))]
    return form(
        text("piece.heading"),
        say("piece.body", account=account, number=str(number), of=str(of)),
        buttons=[
            button("show", text("piece.show"), hand=True),
            button("this", text("piece.this"), "primary"),
            *(others if of > 1 else []),
            button("none", text("piece.none"), "link"),
        ],
        tone="danger",
        hold=True,
        progress=BY_ID["mot-de-passe"].number - 1,
    )


def typed_twice(answer: Answer) -> dict[str, str]:
    one, two = answer.secrets["one"].reveal(), answer.secrets["two"].reveal()
    if one != two:
        return {"two": text("new-password.differ")}
    if one != one.strip():
        return {"one": text("new-password.spaces")}
    usable = len(one) >= 8 and one.isprintable()
    return {} if usable else {"one": text("new-password.too-short")}


# -- after the reset


def passed(target: str, step: str) -> str:
    """The point of no return is passed: said on the first screen that follows it."""
    left = len(STEPS) - BY_ID[step].number + 1
    screens = text("passed.screens", count=left) if left > 1 else text("passed.one-screen")
    return say("passed.notice", program=program(target).name, screens=screens)


# -- when it stops


def stopped(step: str, error: ReleveError) -> View:
    """A step that stopped: what happened, what is safe, what to do; and by hand, if it is a
    screen.
    """
    happened, safe, _ = error.sentences
    again = text("trouble.again")
    body = say("trouble.body", happened=happened, safe=safe, todo=error.here(again))
    buttons = [button("again", again, "primary")]
    if step in BY_ID:
        body += say("trouble.yourself")
        buttons.append(button("by-hand", text("trouble.by-hand")))
    return form(
        text("trouble.heading"),
        body,
        buttons=buttons,
        tone="trouble",
        progress=BY_ID[step].number - 1 if step in BY_ID else None,
    )


def undecided(error: ReleveError, facts: Facts) -> View:
    """While nothing tells whether the reset took place, a person may; a password that was seen and
    kept before the click is not typed.
    """
    happened, safe, _ = error.sentences
    kept = facts.unknown and facts.held
    submitted = button("submitted", text("undecided.submitted"), "primary")
    typed = button("typed", text("undecided.typed"), "primary")
    buttons = [submitted if kept else typed]
    if facts.attempt.unread:
        buttons.insert(0, button("point", text("undecided.point"), "primary"))
    if facts.unknown:
        buttons.append(button("not-done", text("undecided.not-done")))
    buttons.append(button("again", text("undecided.again")))
    return form(
        text("undecided.heading"),
        say("undecided.body", happened=happened, safe=safe),
        buttons=buttons,
        tone="danger",
    )


def table(rows: dict[str, str]) -> str:
    """A small table, one row a fact, each headed by a text of the table of texts."""
    cells = (
        f'<tr><th scope="row">{escape(text(name))}</th>'
        f"<td><strong>{escape(fact)}</strong></td></tr>"
        for name, fact in rows.items()
    )
    return f"<table>{''.join(cells)}</table>"


def _image(png: bytes, alt: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img alt="{escape(alt)}" src="{source}">'


def _warning(told: str) -> str:
    return f'<div class="rv-warning">{escape(told)}</div>'
