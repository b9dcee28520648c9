"""What the home page shows: the year, a card a structure, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

from releve.base.texts import text
from releve.decision.state import Next
from releve.jupyter.copy import folder_url
from releve.jupyter.nodes import Node, node, pressed
from releve.jupyter.panel import View, button, field_, form, paragraphs
from releve.planning import picture
from releve.planning.due import Due, Standing
from releve.record.folder import PAGE, RecordFolder
from releve.record.history import Past

SHOWN = 10  # structures and records listed one by one; the picture shows all
_OUTCOMES = {
    "succeeded": "réussi",
    "failed": "arrêté, rien n'a changé",
    "abandoned": "annulé ou abandonné",
    "": "en cours",
    "damaged": "dossier abîmé",
    "doubted": "réussi, dit un dossier que rien ne confirme ici",
}
_PROOFS = {"api": "vérifié par Chorus Pro", "attested": "vérifié par vous", "none": "sans essai"}


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
        more = f"{len(further)} de plus, les plus urgentes d'abord"
        cards = node("ul", *map(_card, further), class_="rv-cards")
        nodes.append(node("details", node("summary", more), cards))
    nodes += _done(past)
    if signer:
        noted = f"Ce poste scelle ses dossiers avec l'empreinte {signer} : notez-la ailleurs."
        nodes.append(node("p", noted, class_="rv-soft"))
    buttons = [button("train", "S'entraîner sans risque"), button("refresh", "Actualiser", "link")]
    return form(
        "Mots de passe Chorus Pro",
        paragraphs(*told) + _year(dues, today),
        nodes=nodes,
        buttons=buttons,
        wide=True,
    )


def again(due: Due, today: date) -> View:
    """Before a renewal that nothing asks for."""
    assert due.last and due.day
    when = "aujourd'hui" if due.last == today else f"le {due.last:%d/%m/%Y}"
    body = paragraphs(
        f"{due.name} : le mot de passe a été renouvelé {when} ; il est bon jusqu'au"
        f" {due.day:%d/%m/%Y}.",
        "En demander un autre annule celui que Corail utilise : il faudra l'y entrer de nouveau.",
    )
    buttons = [
        button("refresh", "Non, revenir à l'accueil", "primary"),
        button(f"again:{due.siret}", "Recommencer quand même"),
    ]
    heading = f"Déjà renouvelé {when}. Recommencer quand même ?"
    return form(heading, body, buttons=buttons, tone="trouble")


def ask_date(due: Due, given: str = "", wrong: str = "") -> View:
    """When a password was last changed that Relève did not change: asked once."""
    body = paragraphs(
        f"{due.name}, compte {due.account} : quand son mot de passe a-t-il été changé pour la"
        " dernière fois ?",
        "Cette date dit quand il faudra le renouveler. Elle n'est demandée qu'une fois.",
    )
    last = field_("last", text("settings.given"), size=12, help=text("settings.last-help"))
    buttons = [
        button(f"date-given:{due.siret}", text("settings.ok"), "primary"),
        button("refresh", text("settings.cancel")),
    ]
    return form(
        "La date du dernier changement",
        body,
        fields=[last | {"value": given, "check": True}],
        buttons=buttons,
        wrong={"last": wrong} if wrong else {},
    )


def cancel(due: Due) -> View:
    """Before a renewal is given up that has changed nothing."""
    body = paragraphs(
        f"{due.name} : rien n'est encore changé, ni sur Chorus Pro ni dans Corail."
        " Vous pourrez recommencer quand vous voudrez."
    )
    run = due.open.run if due.open else ""
    buttons = [
        button("refresh", "Non, le garder", "primary"),
        button(f"cancel-now:{due.siret}/{run}", "Annuler ce renouvellement"),
    ]
    return form("Annuler ce renouvellement ?", body, buttons=buttons)


def folder_gone(folder: str, error: str = "") -> View:
    """The records are not where the settings say."""
    body = paragraphs(
        f"Il était ici : {folder}. S'il a été déplacé, ou si son disque n'est pas branché, rien"
        " n'est perdu."
    )
    help_ = "Dans l'explorateur de fichiers : ouvrez-le, cliquez dans la barre d'adresse, copiez."
    buttons = [
        button("moved", "Il est ici maintenant", "primary"),
        button("refresh", "Je l'ai remis à sa place"),
        button("anew", "Commencer un dossier neuf au même endroit", "link"),
    ]
    return form(
        "Le dossier de vos renouvellements n'est plus à sa place",
        body,
        fields=[field_("folder", "Adresse du dossier", size=60, help=help_)],
        buttons=buttons,
        wrong={"folder": error} if error else {},
        tone="trouble",
    )


def _year(dues: Sequence[Due], today: date) -> str:
    """From the settings alone: nothing in it comes from a record."""
    return (
        '<div class="rv-scroll" tabindex="0" role="group" aria-label="Échéances de l\'année">'
        f'{picture.year(dues, today)}</div><p class="rv-soft">{picture.legend()}</p>'
    )


def _card(due: Due) -> Node:
    action = "Reprendre" if due.open else "Commencer"
    label = f"{action} pour {due.name}"
    style = "primary" if due.today else "plain"
    buttons = [pressed(f"start:{due.siret}", action, style, aria_label=label)]
    if due.open and not due.open.touched:
        buttons.append(pressed(f"cancel:{due.siret}", "Annuler ce renouvellement", "link"))
    if due.last is None:
        buttons.append(pressed(f"date:{due.siret}", "Donner la date du dernier changement"))
    buttons.append(pressed(f"by-hand:{due.siret}", "Tout faire à la main", "link"))
    if not due.open:
        buttons.append(pressed(f"meet:{due.siret}", "Répéter sans rien changer", "link"))
    buttons.append(pressed(f"change:{due.siret}", "Modifier mes renseignements", "link"))
    head = node("div", node("strong", due.name), _mark(due), class_="rv-card-head")
    known = node("p", f"SIRET {due.siret} · compte {due.account}", class_="rv-soft")
    why = node("p", f"{due.why[0].upper()}{due.why[1:]}.")
    return node("li", head, known, why, node("div", *buttons, class_="rv-buttons"))


def _mark(due: Due) -> Node:
    if due.standing is Standing.STUCK and due.open and due.open.next is Next.PROVE:
        return node("span", "à vérifier", class_="rv-standing-soon")
    mark = node("b", picture.LOOK[due.standing][1], aria_hidden="true")
    word = picture.WORDS[due.standing]
    return node("span", mark, f" {word}", class_=f"rv-standing-{due.standing}")


def _done(past: Sequence[Past]) -> list[Node]:
    rows = [_row(each) for each in reversed(past[-SHOWN:]) if each.began]
    if not rows:
        return []
    head = [node("th", name, scope="col") for name in ("Date", "Structure", "Issue", "Dossier")]
    table = node("table", node("tr", *head), *rows)
    return [node("h3", "Derniers renouvellements"), table]


def _row(past: Past) -> Node:
    name = past.name + " (entraînement)" * past.school
    cells: list[Node] = [f"{past.began:%d/%m/%Y}", name, _outcome(past), _link(past)]
    return node("tr", *(node("td", cell) for cell in cells))


def _outcome(past: Past) -> str:
    proof = _PROOFS.get(past.proof) if past.outcome == "succeeded" else None
    return _OUTCOMES.get(past.outcome, "inconnue") + (f", {proof}" if proof else "")


def _link(past: Past) -> Node:
    folder = RecordFolder.at(past.record)
    if folder is None or not (past.record / PAGE).exists():
        return "en cours"
    address = f"/files/{quote(folder_url(folder))}/{PAGE}"
    label = f"Ouvrir le dossier du {past.began:%d/%m/%Y}"
    return node("a", "ouvrir", href=address, target="_blank", rel="noopener", aria_label=label)
