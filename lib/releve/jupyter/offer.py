"""What the model says when it is opened itself: that its dated copy is what one works in."""

from __future__ import annotations

import os

from IPython.display import display

from releve.base.errors import UsageError
from releve.base.settings import load
from releve.jupyter import OUTPUTS_ENVIRONMENT
from releve.jupyter.copy import dated_copy, url
from releve.jupyter.panel import Answer, Panel, button, form, paragraphs
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
        go, told = {"open": url(folder), "run": True}, paragraphs("Vous pouvez fermer cette page.")
        panel.show(form("Votre copie datée est ouverte", told, go=go))

    panel = Panel(hear)
    body = paragraphs(
        "Ceci est le modèle. Chaque renouvellement se fait dans une copie datée, gardée dans son"
        " dossier."
    )
    buttons = [
        button(s.siret, f"Commencer pour {s.name}", "primary" if n == 0 else "plain")
        for n, s in enumerate(settings.structures.values())
    ]
    panel.show(form("Commencer un renouvellement", body, buttons=buttons[:8]))
    display(panel)  # type: ignore[no-untyped-call]
