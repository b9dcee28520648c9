"""The documented procedure as data: every screen is a step, in the document's order and words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """What a step does to the world: it reads, it writes what can be written again, or it cannot be
    undone.
    """

    READS = "reads"
    WRITES = "writes"
    IRREVERSIBLE = "irreversible"


PIGP = "Portail de la Gestion Publique"
CHORUS = "Chorus Pro"
CORAIL = "Corail"


@dataclass(frozen=True)
class Step:
    """One documented screen. `instruction` is what the operator reads (Markdown); `number` counts
    from 1.
    """

    number: int
    id: str
    system: str
    title: str
    instruction: str
    effect: Effect = Effect.READS


_SCREENS: tuple[tuple[str, str, str, str, Effect], ...] = (
    (
        "authentification",
        PIGP,
        "Authentification",
        (
            "Connectez-vous au Portail de la Gestion Publique. Renseignez les champs « identifiant"
            " » et « mot de passe », puis cliquez sur « connexion »."
        ),
        Effect.READS,
    ),
    (
        "portail",
        PIGP,
        "Accueil",
        (
            "Cliquez sur « Chorus Pro » : un nouvel onglet s'ouvre. S'il y a lieu, cliquez sur « Se"
            " connecter », puis vérifiez vos informations."
        ),
        Effect.READS,
    ),
    ("accueil", CHORUS, "Accueil", "Cliquez sur « Activités du gestionnaire ».", Effect.READS),
    (
        "structures",
        CHORUS,
        "Activités du gestionnaire",
        (
            "La partie « Mes structures » présente les structures pour lesquelles vous êtes"
            " gestionnaire. Cliquez sur le « stylo » pour modifier la vôtre."
        ),
        Effect.READS,
    ),
    (
        "structure",
        CHORUS,
        "Modification de la structure",
        "Descendez jusqu'à la partie « Utilisateurs rattachés à la structure », en bas de la page.",
        Effect.READS,
    ),
    (
        "demande",
        CHORUS,
        "Modification de la structure",
        (
            "Cliquez sur le bouton « Réinitialiser le mot de passe (utilisateur technique) ». La"
            " fenêtre de confirmation s'ouvre ; rien n'est encore changé."
        ),
        Effect.READS,
    ),
    (
        "confirmation",
        CHORUS,
        "Modification de la structure",
        (
            "Confirmez la réinitialisation du mot de passe. **C'est irréversible : l'ancien mot de"
            " passe cesse de fonctionner.**"
        ),
        Effect.IRREVERSIBLE,
    ),
    (
        "mot-de-passe",
        CHORUS,
        "Écran suivant",
        (
            "Un mot de passe est généré. Attention : il ne doit pas comporter le caractère « / » ;"
            " sinon il faut revenir sur la fiche de la structure et en demander un nouveau. Le mot"
            " de passe conforme est gardé dans le trousseau, et nulle part ailleurs."
        ),
        Effect.IRREVERSIBLE,
    ),
    ("deconnexion", CHORUS, "Déconnexion", "Vous pouvez vous déconnecter.", Effect.READS),
    (
        "corail-collectivites",
        CORAIL,
        "Menu Environnement",
        "Dans le menu « Environnement », sélectionnez « Gestion des collectivités ».",
        Effect.READS,
    ),
    (
        "corail-transfert",
        CORAIL,
        "Onglet Transfert",
        "Onglet « Transfert », « Facture dématérialisée » : cliquez sur l'icône.",
        Effect.READS,
    ),
    (
        "corail-mot-de-passe",
        CORAIL,
        "Facture dématérialisée",
        (
            "Remplacez l'ancien mot de passe par le nouveau dans la dernière cellule, puis «"
            " Valider ». L'automatisation Corail-Chorus est à nouveau valide pendant un an."
        ),
        Effect.WRITES,
    ),
)

# The newer route goes by other screens; the steps, their order and their effects are the same.
# Title, instruction.
_RACCORDEMENTS: dict[str, tuple[str, str]] = {
    "accueil": (
        "Accueil",
        "Dans le domaine « Raccordements », cliquez sur « Accéder au domaine ».",
    ),
    "structures": (
        "Raccordements",
        (
            "Cliquez sur « Compte technique ». Dans « Type de demande », choisissez «"
            " Réinitialisation du mot de passe d'un compte technique »."
        ),
    ),
    "structure": (
        "Compte technique",
        (
            "Dans « Choisir la structure », choisissez la vôtre, en vérifiant son SIRET. Ouvrez la"
            " liste « Compte technique » et vérifiez que votre compte y figure, sans le choisir"
            " encore."
        ),
    ),
    "demande": (
        "Compte technique",
        (
            "Vérifiez le type de demande et la structure, et que le bouton « Soumettre » est là."
            " Rien n'est encore changé."
        ),
    ),
    "confirmation": (
        "Compte technique",
        (
            "Choisissez le compte technique : un mot de passe s'affiche dans un cadre rouge. S'il"
            " ne comporte pas le caractère « / », il est gardé dans le trousseau ; cliquez alors"
            " sur « Soumettre ». **C'est irréversible : l'ancien mot de passe cesse de"
            " fonctionner.**"
        ),
    ),
    "mot-de-passe": (
        "Demande soumise",
        (
            "Le portail confirme la demande. Si le mot de passe proposé comportait le caractère « /"
            " », on quitte le formulaire sans le soumettre, puis on y revient pour en recevoir un"
            " autre. Le mot de passe conforme est gardé dans le trousseau, et nulle part ailleurs."
        ),
    ),
}

# By hand, the confirmation and what may follow it go one act at a time: a password is typed in
# before the click that makes it effective.
_HAND: dict[str, dict[str, str]] = {
    "gestionnaire": {
        "confirm": (
            "Dans la fenêtre de confirmation du portail, vérifiez le compte, puis cliquez une seule"
            " fois sur « Confirmer »."
        ),
        "back": (
            "Revenez sur la fiche de la structure, et cliquez de nouveau sur « Réinitialiser le mot"
            " de passe »."
        ),
    },
    "raccordements": {
        "offer": (
            "Dans la liste « Compte technique », choisissez le compte : un mot de passe s'affiche"
            " dans un cadre rouge. Ne cliquez pas encore sur « Soumettre »."
        ),
        "confirm": (
            "Sur le formulaire du portail, vérifiez la structure, le compte, et que le mot de passe"
            " affiché est bien celui que vous venez de donner, puis cliquez une seule fois sur «"
            " Soumettre »."
        ),
        "back": (
            "Quittez le formulaire sans le soumettre (« Retour au domaine »), puis revenez-y, et"
            " choisissez à nouveau le type de demande et la structure."
        ),
    },
}

STEPS: tuple[Step, ...] = tuple(Step(number, *screen) for number, screen in enumerate(_SCREENS, 1))
BY_ID: dict[str, Step] = {step.id: step for step in STEPS}


def screen(step: str, route: str) -> Step:
    """One step in the words of that route."""
    return steps(route)[BY_ID[step].number - 1]


def steps(route: str) -> tuple[Step, ...]:
    """The twelve steps in the words of that route; the documented ones for a route that has none of
    its own.
    """
    words = _RACCORDEMENTS if route == "raccordements" else {}
    return tuple(
        (
            replace(step, title=words[step.id][0], instruction=words[step.id][1])
            if step.id in words
            else step
        )
        for step in STEPS
    )


def by_hand(step: str, act: str, route: str) -> Step:
    """That step with what a person does for one act of it: "offer" (a password is displayed),
    "confirm" (the click), "back".
    """
    return replace(screen(step, route), instruction=_HAND[route][act])


PORTAL_STEPS: tuple[str, ...] = tuple(step.id for step in STEPS[:9])
NAVIGATION = PORTAL_STEPS[
    :6
]  # up to the confirmation window: they change nothing and may be gone through again
TARGET_STEPS: tuple[str, ...] = tuple(step.id for step in STEPS[9:])

# Cells of the notebook that are not screens of the document: the confirmation, the proof, the end.
GATE = "cible"
PROOF = "preuve"
CLOSE = "cloture"

_PROGRAMS = {
    "corail": CORAIL,
    "command": "le programme du service",
    "school": "Corail (site d'entraînement)",
}


def target_name(identifier: str) -> str:
    """What an operator calls a target of the journal: "corail:21990001600011" is "Corail, structure
    21990001600011".
    """
    kind, _, siret = identifier.partition(":")
    return f"{_PROGRAMS.get(kind, kind)}, structure {siret}" if siret else _PROGRAMS.get(kind, kind)
