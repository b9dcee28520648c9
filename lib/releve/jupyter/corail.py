"""Corail, guided: the document's three screens with where to click, the hand-over of the password,
and the real proof.
"""

from __future__ import annotations

import sys
from html import escape
from importlib.resources import files

from releve.decision.procedure import BY_ID, target_name
from releve.jupyter.panel import View, button, field_, form
from releve.targets.guide import Entering

_CHECKS = (
    "<p><strong>À vérifier, dans cet ordre :</strong></p><ol><li><strong>Un espace en trop</strong>"
    " au début ou à la fin : videz la cellule, et collez de nouveau.</li><li><strong>La mauvaise"
    " cellule</strong> : le mot de passe va dans la dernière cellule de la grille, pas dans"
    " l'identifiant.</li><li><strong>Un autre compte</strong> : l'identifiant technique affiché par"
    " Corail doit être celui de cette rotation.</li><li><strong>Le délai</strong> : un nouveau mot"
    " de passe est parfois accepté 30 minutes plus tard. Attendez, puis réessayez.</li></ol><p>Ne"
    " demandez pas d'autre mot de passe au portail : chaque nouveau annule le précédent.</p>"
)

# A page writes texts, not the formats that keep a text out of the history (learn.microsoft.com,
# "Clipboard Formats": CanIncludeInClipboardHistory, CanUploadToCloudClipboard).
_HISTORY = (
    "<p><strong>Avant de copier</strong> : Windows garde ce qui est copié (Win + V) et peut"
    " l'envoyer vers vos autres appareils, et une page ne peut pas l'en empêcher. Coupez d'abord"
    " cet historique (Paramètres, Système, Presse-papiers), ou effacez-le ensuite (Win + V,"
    " « Effacer tout »).</p>"
)


def drawing(step: str) -> str:
    """Where to click on that screen, drawn by us; with a text for who does not see it."""
    return (files(__package__) / "drawings" / f"{step}.svg").read_text(encoding="utf-8")


def page(step: str, name: str) -> View:
    """One of the screens before the last."""
    body = (
        f"<p>Pour <strong>{escape(name)}</strong>"
        f" :</p><p>{escape(BY_ID[step].instruction)}</p>{drawing(step)}"
    )
    return form(
        f"Corail : {BY_ID[step].title}", body, buttons=[button("done", "C'est fait", "primary")]
    )


def entry(entering: Entering) -> View:
    """The last screen: the password is copied, pasted, validated; one checklist for each program."""
    step = "corail-mot-de-passe"
    body = (
        f"<p>Pour <strong>{escape(entering.name)}</strong>, compte"
        f" <strong>{escape(entering.account)}</strong> :</p><ol><li>Cliquez ici sur « Copier le mot"
        " de passe ».</li><li>Dans Corail, videz la <strong>dernière cellule</strong> de la"
        f" grille, collez (Ctrl + V), puis « Valider ».</li></ol>{drawing(step)}"
    )
    if sys.platform == "win32":
        body = _HISTORY + body
    fields = [
        field_(
            "account",
            f"L'identifiant technique affiché dans Corail est bien {entering.account}",
            "check",
        ),
        field_("validated", "J'ai remplacé le mot de passe et cliqué sur « Valider »", "check"),
    ]
    buttons = [
        button("copy", "Copier le mot de passe", hand=True),
        button("show", "Le voir 10 secondes", "link", hand=True),
        button("done", "Validé dans Corail", "primary"),
    ]
    return form(
        f"{target_name(entering.target)}",
        body,
        fields=fields,
        buttons=buttons,
        tag="Étape 12 sur 12 · Corail · à la main",
    )


def proof(targets: tuple[str, ...], refused: bool, at_hand: bool) -> View:
    """Does it work? The answer is a real fetch of invoices. `at_hand`: the password can be copied
    once more.
    """
    names = "".join(f"<li>{escape(target_name(each))}</li>" for each in targets)
    body = f"<p>Dans Corail, lancez une récupération de factures Chorus Pro.</p><ul>{names}</ul>"
    if refused:
        body += _CHECKS
    buttons = [
        button("worked", "Une récupération de factures a réussi", "primary"),
        button("later", "Pas encore : je reviendrai"),
        button("refused", "Elle est refusée"),
        button("none", "Clore sans essayer", "link"),
    ]
    if refused and at_hand:
        again = [
            button("copy", "Copier de nouveau le mot de passe", hand=True),
            button("show", "Le voir 10 secondes", "link", hand=True),
        ]
        buttons[1:1] = again
    return form(
        "Le nouveau mot de passe fonctionne-t-il ?",
        body,
        buttons=buttons,
        tag="Preuve",
        tone="trouble" if refused else "plain",
    )
