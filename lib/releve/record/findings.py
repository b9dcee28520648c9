"""What a check of the evidence may find, in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing found. `kind` is a code (see `WORDS`), `record` a folder's name or "", `what` a
    file, a line of the register or a fingerprint, `by` the fingerprint of who signed what it is
    about, or "".
    """

    kind: str
    record: str = ""
    what: str = ""
    by: str = ""

    @property
    def text(self) -> str:
        """One French line, without control characters."""
        told = WORDS[self.kind].format(record=self.record, what=self.what)
        signed = f" [signé par {self.by}]" if self.by else ""
        return "".join(
            each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in told + signed
        )


WORDS = {
    "changed": "{record} : le fichier {what} a été modifié",
    "added": "{record} : le fichier {what} a été ajouté",
    "missing": "{record} : le fichier {what} manque",
    "odd": (
        "{record} : {what} n'est pas un vrai fichier (c'est un lien, un dossier vide, un tube ou un"
        " nom illisible)"
    ),
    "odd_folder": "{record} : ce n'est pas un dossier (c'est un lien ou un fichier)",
    "unreadable": "{record} : {what} ne peut pas être lu",
    "renamed": "{record} : ce dossier porte le nom d'un autre ; il a été scellé sous le nom {what}",
    "statement": (
        "{record} : record.json n'est pas celui qui a été inscrit au registre (ligne {what})"
    ),
    "forged": "{record} : la signature de record.json est fausse, ou sa clé manque ({what})",
    "signer_differs": "{record} : record.json et sa ligne du registre n'ont pas le même signataire",
    "untrue": "{record} : record.json ne dit pas la même chose que le journal ({what})",
    "unequal": (
        "{record} : le portail, le trousseau et les logiciels n'ont pas reçu le même mot de passe"
    ),
    "unregistered": "{record} : ce dossier n'est pas inscrit au registre",
    "unsealed": (
        "{record} : rotation finie, pas encore scellée ; lancez « releve due » sur ce poste : il la"
        " scelle"
    ),
    "unsealed_elsewhere": (
        "{record} : rotation finie, pas scellée ; seul le poste qui l'a faite peut le faire, et"
        " rien ici ne dit que ce dossier vient de Relève"
    ),
    "absent": "{record} : ce dossier est inscrit au registre (ligne {what}), mais il n'est plus là",
    "purged": (
        "{record} : ce dossier est inscrit comme détruit (ligne {what}), mais il est encore là"
    ),
    "quarantine": "{record} : un secret a été trouvé dans ce dossier, qui n'est pas scellé",
    "no_register": "le registre manque : {what}",
    "register_odd": "le registre {what} n'est pas un vrai fichier, ou il est trop grand",
    "register_within": "{record} : un registre se trouve dans le dossier lui-même",
    "line_unreadable": "registre, ligne {what} : illisible",
    "line_torn": "registre, ligne {what} : incomplète, la fin du fichier est coupée",
    "line_changed": "registre, ligne {what} : la ligne précédente a été modifiée ou enlevée",
    "line_moved": "registre, ligne {what} : elle n'est pas à sa place",
    "line_missing": "registre : il manque ce qui précédait la ligne {what}",
    "line_twice": "registre, ligne {what} : le dossier {record} y est inscrit une seconde fois",
    "line_kind": "registre, ligne {what} : ce genre d'inscription n'existe pas",
    "line_quarantine": (
        "registre, ligne {what} : mise à l'écart du dossier {record}, qui est déjà scellé"
    ),
    "line_purge": (
        "registre, ligne {what} : destruction du dossier {record} sans inscription, ou avant la fin"
        " de la durée que le registre déclare"
    ),
    "line_unsigned": "registre, ligne {what} : elle n'est pas signée, alors que d'autres le sont",
    "line_forged": "registre, ligne {what} : sa signature est fausse",
    "line_keyless": "registre, ligne {what} : la clé publique de son signataire manque",
    "stranger": "registre, ligne {what} : signée par une machine que ce poste ne connaît pas",
    "head": (
        "registre : la dernière ligne connue du trousseau de ce poste n'y est plus ; la fin est"
        " coupée, ou le registre a été refait"
    ),
    "timestamp": (
        "horodatage {what} : il ne correspond à aucune ligne du registre, ou sa signature est"
        " fausse"
    ),
    "timestamp_before": (
        "horodatage de la ligne {what} : l'autorité a daté cette ligne avant l'heure que la ligne"
        " donne"
    ),
    # Notes: what limits the check, or what a reader wants to know.
    "open": (
        "{record} : rotation en cours ; elle sera scellée quand elle sera finie (« releve resume »"
        " la reprend)"
    ),
    "open_elsewhere": (
        "{record} : rotation en cours, que ce poste n'a pas commencée : rien ici ne dit d'où elle"
        " vient"
    ),
    "no_head": (
        "le trousseau de ce poste ne connaît pas ce registre : une fin coupée ne se verrait que par"
        " un horodatage"
    ),
    "beyond": "registre : ajouté depuis la dernière inscription de ce poste : ligne {what}",
    "register_not_given": (
        "{record} : son registre n'est pas là : seuls ses fichiers sont vérifiés, ni sa place dans"
        " la suite des dossiers, ni l'absence d'autres dossiers ne le sont"
    ),
    "unknown_signer": (
        "signature de la machine {what} : juste, mais ce poste ne connaît pas cette machine ;"
        " comparez son empreinte à celle que vous avez notée (--signer)"
    ),
    "training_signer": (
        "registre, ligne {what} : dossier d'entraînement, signé par une clé jetable que ce poste ne"
        " connaît pas"
    ),
    "older": (
        "forme ancienne, sans signature (version 0.1) : {what} ; seule la suite des empreintes le"
        " protège"
    ),
    "untimed": (
        "registre : pas encore horodaté{what} ; sur le poste qui le tient, « releve due » redemande"
        " l'heure à l'autorité"
    ),
    "timed": "registre, horodatage de la ligne {what}",
    "late": "registre : ligne {what} : longtemps avant son horodatage",
    "backwards": "registre, ligne {what} : son heure est avant celle de la ligne précédente",
    "destroyed": (
        "{record} : ce dossier a été détruit au terme de sa durée de conservation (registre, ligne"
        " {what})"
    ),
    "put_aside": (
        "{record} : mis à l'écart parce qu'il contenait un secret (registre, ligne {what}) ; il"
        " n'est plus là"
    ),
    "beside": "{what} : ce n'est ni un dossier de rotation, ni un fichier de Relève",
    "signer": (
        "horodatage : l'autorité qui l'a signé n'est pas vérifiée (donnez son certificat avec"
        " --tsa-ca)"
    ),
}
NOTES = frozenset(
    {
        "open", "open_elsewhere", "no_head", "beyond", "register_not_given", "unknown_signer",
        "training_signer", "older", "untimed", "timed", "late", "backwards", "destroyed",
        "put_aside", "beside", "signer",
    }
)  # fmt: skip
PLAIN = frozenset({"open", "timed", "destroyed", "put_aside"})
"""Notes that take nothing away from the check."""
UNSEALED = frozenset({"unsealed", "unsealed_elsewhere"})
"""Faults of which nothing is harmed."""


@dataclass(frozen=True)
class CheckedRecords:
    """What a check found: `faults` break the evidence, `notes` do not."""

    records: int = 0
    lines: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def limits(self) -> list[Finding]:
        """The notes that say what was not checked."""
        return [note for note in self.notes if note.kind not in PLAIN]

    def code(self, strict: bool = False) -> int:
        """7 for a fault; `strict`: also for what could not be checked."""
        return 7 if self.faults or (strict and self.limits) else 0

    @property
    def conclusion(self) -> str:
        """The last sentence: never more than what was witnessed."""
        if any(fault.kind not in UNSEALED for fault in self.faults):
            return (
                "La preuve n'est pas intacte. Ne modifiez rien ; gardez une copie du dossier et"
                " prévenez votre support."
            )
        if self.faults:
            return (
                "Rien n'est abîmé, mais tout n'est pas scellé : ces dossiers ne prouvent rien"
                " encore."
            )
        if self.limits:
            return "Aucune différence n'a été trouvée, dans les limites que disent les notes."
        if not self.lines:
            return "Il n'y a encore rien de scellé à vérifier."
        sealed = " ce qui est scellé" * any(note.kind == "open" for note in self.notes)
        return (
            f"Tout{sealed} est intact : fichiers, signatures et registre, jusqu'à la dernière ligne"
            " que ce poste connaît."
        )

    def to_dict(self, strict: bool = False) -> dict[str, Any]:
        """As printed by `--json`."""
        told = {
            name: [asdict(each) | {"text": each.text} for each in getattr(self, name)]
            for name in ("faults", "notes")
        }
        return {
            "code": self.code(strict),
            "records": self.records,
            "lines": self.lines,
            "conclusion": self.conclusion,
        } | told
