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
    pass


def offer_copy(parameters: Parameters) -> None:
    """Under the model's first cell: say so kindly, and offer the dated copy."""
    outputs = parameters.outputs or os.environ.get(OUTPUTS_ENVIRONMENT)
    settings = load(parameters.settings or None, outputs)

    async def hear(answer: Answer) -> None:
        folder = dated_copy(settings, answer.action)
        go = {"open": url(folder), "run": True}
        panel.show(form(text("model.opened"), say("model.close"), go=go))

    panel = Panel(hear)
    buttons = [
        button(each.siret, text("home.for", action=text("home.start"), name=each.name))
        for each in list(settings.structures.values())[:8]
    ]
    for first in buttons[:1]:
        first["style"] = "primary"
    panel.show(form(text("model.heading"), say("model.body"), buttons=buttons))
    display(panel)  # type: ignore[no-untyped-call]
