"""Every form of the walkthrough, drawn by the panel's own page code, with no JupyterLab."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page
from releve.base.errors import ReleveError
from releve.base.programs import program
from releve.base.settings import Portal, Settings, Structure
from releve.base.texts import text
from releve.decision.facts import SlotsView, gather
from releve.decision.procedure import BY_ID, TARGET_STEPS
from releve.jupyter import corail, first_start, home_page, panel, questions
from releve.jupyter.panel import HERE, View
from releve.jupyter.steps import working
from releve.planning.due import Due, Standing
from releve.portal.case import CodeAsked, Lesson
from releve.record.vouching import Claim
from releve.rotation.prompts import ResetRequest
from releve.school.people import DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET, siret
from releve.targets.guide import Entering

SETTINGS = Settings(
    path=Path("releve.toml"),
    portal=Portal(login="xt012345"),
    structures={DEMO_SIRET: Structure(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT)},
    contact="Mme Durand, 05 00 00 00 00",
)
PARTICULARS = first_start.values_of(SETTINGS, DEMO_SIRET)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LESSON = Lesson("Confirmer", "Modification de la structure", "je ne vois pas « Confirmer »")
CORAIL, AGEDI = f"corail:{DEMO_SIRET}", f"agedi:{DEMO_SIRET}"


def request(*targets: str) -> ResetRequest:
    """What the gate asks for."""
    return ResetRequest(DEMO_ACCOUNT, DEMO_NAME, DEMO_SIRET, targets)


def wrong(view: View, field: str, told: str) -> View:
    """The same form once more, with what is wrong."""
    return view | {"wrong": {field: told}}


def tools(view: View, *more: View) -> View:
    """A form as a step asks it."""
    return view | {"tools": [*more, questions.STOP]}


def views() -> dict[str, View]:
    """Each form, by a name for messages; the function of `questions` that makes it begins it."""
    ask, error = questions, ReleveError()
    entering = Entering(CORAIL, DEMO_NAME, DEMO_ACCOUNT)
    drawn = corail.drawing("corail-transfert", program(CORAIL))
    alone = ask.gate(request(CORAIL), SETTINGS.structures)
    shared = ask.gate(request(CORAIL, f"corail:{siret(2)}"), SETTINGS.structures)
    own = ask.screen(BY_ID["demande"], SETTINGS.portal.url, "")
    undone = gather((), SlotsView(), "run", 5)
    try:
        first_start.write(Path("none.toml"), {"name": "", "siret": "1", "account": "x"})
    except first_start.WrongField as found:
        slips = found
    return {
        "before": tools(ask.before(SETTINGS, DEMO_ACCOUNT, "xt012345")),
        "before rehearsal": ask.before(SETTINGS, DEMO_ACCOUNT, "", rehearse=True),
        "adopt": ask.adopt(Claim("m.durand@mairie", "poste-3", "29/11/2026 à 09:12")),
        "credentials": tools(ask.credentials("xt012345", "")),
        "herself": tools(ask.herself()),
        "show": tools(ask.show(LESSON)),
        "pointing": tools(ask.pointing(LESSON)),
        "is_it once": tools(ask.is_it(LESSON, "", PIXEL)),
        "is_it": tools(ask.is_it(LESSON, "« Valider »", PIXEL)),
        "credentials refused": ask.credentials("xt012345", "Le portail a refusé ce mot de passe."),
        "credentials missing": wrong(
            ask.credentials("xt012345", ""), "password", text("sign-in.missing")
        ),
        "code": ask.code(CodeAsked("xt012345", "", "", True), 300),
        "code refused": ask.code(CodeAsked("xt012345", "", "Code refusé.", True), 300),
        "gate": tools(alone),
        "gate wrong": wrong(alone, "digits", text("gate.wrong-digits")),
        "gate shared": shared,
        "gate shared wrong": wrong(shared, "t1", text("gate.not-all")),
        "screen": tools(ask.screen(BY_ID["structure"], "", ""), ask.BACK, ask.LOST),
        "screen own browser": own,
        "screen doubt": ask.screen(BY_ID["structure"], "", "Le portail montre un autre écran."),
        "lost": tools(ask.lost("structure", SETTINGS.contact, b"")),
        "lost last time": ask.lost("structure", SETTINGS.contact, PIXEL),
        "lost in corail": ask.lost("corail-transfert", "", b"", drawn),
        "reset_by_hand": ask.reset_by_hand(BY_ID["confirmation"], DEMO_ACCOUNT),
        "new_password": ask.new_password(DEMO_ACCOUNT, ""),
        "new_password wrong": wrong(
            ask.new_password(DEMO_ACCOUNT, ""), "two", text("new-password.differ")
        ),
        "vault_fails": ask.vault_fails(error),
        "piece": ask.piece(DEMO_ACCOUNT, 1, 3),
        "corail 1": corail.page(TARGET_STEPS[0], DEMO_NAME, CORAIL)
        | {"notice": ask.passed(CORAIL, TARGET_STEPS[0])},
        "corail 2": tools(corail.page(TARGET_STEPS[1], DEMO_NAME, CORAIL), ask.BACK, ask.LOST),
        "corail 3": tools(corail.entry(entering)),
        "agedi 1": corail.page(TARGET_STEPS[0], DEMO_NAME, AGEDI),
        "proof": tools(corail.proof((CORAIL, AGEDI), refused=False, at_hand=True)),
        "proof refused": corail.proof((CORAIL,), refused=True, at_hand=True),
        "stopped": tools(ask.stopped("structure", error)),
        "undecided": tools(ask.undecided(error, undone)),
        "working": working("structure", True, "gestionnaire"),
        "first start": first_start.view(),
        "first start wrong": first_start.view({"siret": "1"}, slips),
        "particulars": first_start.view(PARTICULARS, change=DEMO_SIRET),
    } | _of_home()


def _of_home() -> dict[str, View]:
    """The home page, of a town that is late and of fifteen, and the forms that take its place."""
    today, last = date(2026, 11, 30), date(2025, 11, 1)
    overdue, unknown, why = Standing.OVERDUE, Standing.UNKNOWN, "à renouveler"
    late = Due(DEMO_SIRET, DEMO_NAME, DEMO_ACCOUNT, overdue, True, why, last, today, today)
    accounts = {n: f"TECH_1_{n}@cpro.fr" for n in range(2, 16)}
    more = [Due(siret(n), f"Commune {n}", a, unknown, True, why) for n, a in accounts.items()]
    again = home_page.ask_date(late, "31/12/2099", text("settings.wrong.future"))
    return {
        "home": home_page.page([late], [], today, ["Bonjour."], "0c6d 776a"),
        "home of many": home_page.page([late, *more], [], today, []),
        "again": home_page.again(late, today, "start"),
        "ask_date": home_page.ask_date(late),
        "ask_date wrong": again,
        "cancel": home_page.cancel(late),
        "folder_gone": home_page.folder_gone("C:/Dossiers Relève"),
        "folder_gone wrong": home_page.folder_gone("C:/Dossiers", "Ce dossier n'existe pas."),
    }


_PAGE = """<!doctype html><html lang="fr"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Relève</title><style>
body {{ margin: 0; padding: 8px; }} {css}</style><body><main></main>"""
_DRAW = """async ([source, words, view]) => {
  globalThis.heard = [];
  const model = { get: name => ({ words, view })[name], off() {},
                  on: (name, hear) => { globalThis[name] = hear; },
                  send: content => globalThis.heard.push(content) };
  const el = document.querySelector('main');
  el.replaceChildren(Object.assign(document.createElement('h1'), { textContent: 'Relève' }),
                     Object.assign(document.createElement('h2'), { textContent: 'Étape' }));
  const { default: module } = await import(`data:text/javascript;base64,${source}`);
  module.render({ model, el });
}"""


def draw(page: Page, view: View) -> Locator:
    """Draw that form in that page; returns it."""
    page.set_content(_PAGE.format(css=(HERE / "panel.css").read_text(encoding="utf-8")))
    source = base64.b64encode((HERE / "panel.js").read_bytes()).decode()
    given: list[Any] = [source, panel._WORDS, json.loads(json.dumps(view | {"turn": 1}))]
    page.evaluate(_DRAW, given)
    return page.locator("section.rv")
