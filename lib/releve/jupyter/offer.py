"""What the model says when it is opened itself: that its dated copy is what one works in."""

from __future__ import annotations

import os

from IPython.display import display

from releve.base.errors import UsageError
from releve.base.settings import load
from releve.base.texts import text
from releve.jupyter import OUTPUTS_ENVIRONMENT
from releve.jupyter.copy import dated_copy, url
from releve.jupyter.panel import Answer, Panel, button, form, say
from releve.rotation.session import Parameters


class ModelOpened(UsageError):
    happened = "Cette page est le modèle : elle n'est jamais la preuve d'un renouvellement."
    todo = (
        "Utilisez le bouton « Commencer » ci-dessus (ou la page d'accueil) : il ouvre une copie"
        " datée."
    )


def offer_copy(parameters: Parameters) -> None:
    """Under the model's first cell: say so kindly, and offer the dated copy."""
    settings = load(
        parameters.settings or None, parameters.outputs or os.environ.get(OUTPUTS_ENVIRONMENT)
    )

    async def hear(answer: Answer) -> None:
        folder = dated_copy(settings, answer.action)
        go = {"open": url(folder), "run": True}
        panel.show(form(text("model.opened"), say("model.close"), go=go))

    panel = Panel(hear)
    buttons = [
        button(
            s.siret,
            text("home.for", action=text("home.start"), name=s.name),
            "primary" if n == 0 else "plain",
        )
        for n, s in enumerate(settings.structures.values())
    ]
    panel.show(form(text("model.heading"), say("model.body"), buttons=buttons[:8]))
    display(panel)  # type: ignore[no-untyped-call]
