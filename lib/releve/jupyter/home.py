"""The home page: what is due, what is unfinished, what was done, and one button for each thing that
can be begun.
"""

from __future__ import annotations

import os
from datetime import date
from html import escape
from pathlib import Path
from urllib.parse import quote

from IPython.display import display

from releve.base.errors import ReleveError
from releve.base.settings import Settings, default_path, load
from releve.jupyter import OUTPUTS_ENVIRONMENT, first_start
from releve.jupyter.copy import dated_copy, folder_url, url
from releve.jupyter.panel import Answer, Panel, View, button, form, paragraphs
from releve.jupyter.training import Training
from releve.planning import picture
from releve.planning.due import Due, Standing, agenda
from releve.record.folder import PAGE, RecordFolder
from releve.record.history import Past, history
from releve.record.seal import finish_left_over
from releve.vault.keystore import open_keystore

SHOWN = 10  # structures and records listed one by one; the picture shows all
_OUTCOMES = {
    "succeeded": "réussie",
    "failed": "échouée, rien n'a changé",
    "abandoned": "abandonnée",
    "": "non terminée",
    "damaged": "dossier abîmé",
}
_PROOFS = {"api": "prouvée par l'API", "attested": "attestée", "none": "sans essai"}


def show() -> None:
    """Display the home page; it stays alive as long as its kernel."""
    home = Home()
    display(home.panel)  # type: ignore[no-untyped-call]


class Home:
    """The page and what its buttons do. An error is told on the page, which stays usable."""

    def __init__(self) -> None:
        self.panel = Panel(self._hear)
        self.training: Training | None = None
        self._draw()

    def _settings(self) -> Settings:
        return load(None, os.environ.get(OUTPUTS_ENVIRONMENT) or None)

    def _draw(self, said: str = "", **more: object) -> None:
        try:
            view = _page(self._settings(), said) if default_path().exists() else first_start.view()
        except ReleveError as error:
            view = _trouble(error)
        self.panel.show(view | more)

    async def _hear(self, answer: Answer) -> None:
        verb, _, siret = answer.action.partition(":")
        try:
            if verb == "write":
                try:
                    first_start.write(default_path(), answer.values)
                except first_start.WrongField as wrong:
                    self.panel.show(first_start.view(answer.values, wrong))
                    return
            elif verb in ("start", "by-hand"):
                folder = dated_copy(self._settings(), siret, by_hand=verb == "by-hand")
                self._draw(_opened(folder), go={"open": url(folder), "run": True})
                return
            elif verb == "train":
                self.training = self.training or Training(
                    Path(os.environ.get(OUTPUTS_ENVIRONMENT) or "outputs") / "entrainement"
                )
                folder = self.training.copy()
                self._draw(_opened(folder), go={"open": url(folder), "run": True})
                return
            self._draw()
        except ReleveError as error:
            self.panel.show(_trouble(error))


def _opened(folder: RecordFolder) -> str:
    path = url(folder)
    link = (
        f'<a href="/lab/tree/{quote(path)}"'
        f' data-open="{escape(path)}">{escape(folder.path.name)}</a>'
    )
    return f"<p>Le carnet est ouvert dans un autre onglet, en haut : {link}</p>"


def _page(settings: Settings, said: str) -> View:
    outputs, today = settings.record.folder, date.today()
    left = finish_left_over(settings, open_keystore(settings))
    past = history(outputs)
    dues = sorted(
        agenda(settings.structures.values(), settings.policy, past, today),
        key=lambda due: due.order,
    )
    further = dues[SHOWN:]
    body = said + paragraphs(
        *left.told,
        *(error.text for error in left.faults),
        *[picture.summary(dues, today)] * bool(further),
    )
    body += (
        '<div class="rv-scroll" tabindex="0" role="group" aria-label="Échéances de'
        f" l'année\">{picture.year(dues, today)}</div>"
    )
    body += f'<p class="rv-soft">{picture.legend()}</p>'
    body += _cards(dues[:SHOWN])
    if further:
        body += (
            f"<details><summary>{len(further)} de plus, les plus urgentes"
            f" d'abord</summary>{_cards(further)}</details>"
        )
    body += _done(past)
    buttons = [button("train", "S'entraîner sans risque"), button("refresh", "Actualiser", "link")]
    return form("Mots de passe Chorus Pro", body, buttons=buttons, wide=True)


def _cards(dues: list[Due]) -> str:
    return f'<ul class="rv-cards">{"".join(map(_card, dues))}</ul>'


def _card(due: Due) -> str:
    action = "Reprendre" if due.open else "Commencer"
    style = "rv-primary" if due.today else "rv-plain"
    why = due.why[0].upper() + due.why[1:]
    return (
        "<li><div"
        f' class="rv-card-head"><strong>{escape(due.name)}</strong><span>{_mark(due.standing)}</span></div><p'
        f' class="rv-soft">SIRET {due.siret} · compte'
        f' {escape(due.account)}</p><p>{escape(why)}.</p><div class="rv-buttons"><button'
        f' type="button" class="rv-button {style}" data-answer="start:{due.siret}"'
        f' aria-label="{action} pour {escape(due.name)}">{action}</button><button type="button"'
        f' class="rv-button rv-link" data-answer="by-hand:{due.siret}">Tout faire à la'
        " main</button></div></li>"
    )


def _mark(standing: Standing) -> str:
    colour, mark = picture.LOOK[standing]
    return (
        f'<span style="color:{colour}"><b aria-hidden="true">{mark}</b>'
        f" {picture.WORDS[standing]}</span>"
    )


def _done(past: list[Past]) -> str:
    if not past:
        return ""
    rows = "".join(
        f"<tr><td>{each.began:%d/%m/%Y}</td><td>{escape(each.name)}{' (entraînement)' * each.school}</td>"
        f"<td>{_outcome(each)}</td><td>{_link(each)}</td></tr>"
        for each in reversed(past[-SHOWN:])
        if each.began
    )
    return (
        "<h4>Dernières"
        f" rotations</h4><table><tr><th>Date</th><th>Structure</th><th>Issue</th><th>Dossier</th></tr>{rows}</table>"
    )


def _outcome(past: Past) -> str:
    proof = (
        f", {_PROOFS[past.proof]}" if past.outcome == "succeeded" and past.proof in _PROOFS else ""
    )
    return _OUTCOMES.get(past.outcome, past.outcome) + proof


def _link(past: Past) -> str:
    if not (past.record / PAGE).exists():
        return "en cours"
    folder = RecordFolder.at(past.record)
    return (
        f'<a href="/files/{quote(folder_url(folder))}/{PAGE}" target="_blank"'
        ' rel="noopener">ouvrir</a>'
        if folder
        else ""
    )


def _trouble(error: ReleveError) -> View:
    happened, safe, todo = error.sentences
    body = paragraphs(happened, safe, todo)
    buttons = [
        button("refresh", "Réessayer", "primary"),
        button("train", "S'entraîner sans risque"),
    ]
    return form("Quelque chose ne va pas", body, buttons=buttons, tone="trouble")
