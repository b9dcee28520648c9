"""How a rotation is told at a terminal: each step as it comes, then where the record is and what is true."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date

from ..headless import Outcome
from ..procedure import BY_ID, CLOSE, GATE, PROOF, STEPS

_CELLS = {"ouverture": "Ouverture", GATE: "Confirmation de la cible", PROOF: "Preuve", CLOSE: "Clôture"}
PROOFS = {
    "api": "l'API de Chorus Pro accepte le nouveau mot de passe",
    "attested": "attesté par une personne",
    "none": "aucune : personne n'a encore pu l'essayer auprès de Chorus Pro",
}


def progress(quiet: bool) -> Callable[[str, str], None]:
    """Prints each step when it starts (at a terminal) and its line when it is done; on stderr, so that stdout stays for `--json`."""
    live = sys.stderr.isatty()

    def tell(kind: str, text: str) -> None:
        if kind == "step" and live and not quiet:
            step = BY_ID.get(text)
            title = f"Étape {step.number} sur {len(STEPS)} · {step.title}" if step else _CELLS.get(text, text)
            print(f"\r\x1b[2K… {title}", end="", file=sys.stderr, flush=True)
        elif kind == "text" and not quiet:
            print(("\r\x1b[2K" if live else "") + text.rstrip("\n"), file=sys.stderr, flush=True)

    return tell


def outcome(found: Outcome, as_json: bool) -> None:
    """The end of one rotation, for a person or a program."""
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    print()
    if found.outcome == "succeeded":
        due = f"{date.fromisoformat(found.next_due):%d/%m/%Y}" if found.next_due else "inconnue"
        print(f"Rotation réussie pour {found.name} ({found.structure}).")
        print(f"Preuve             : {PROOFS[found.proof]}")
        print(f"Prochaine échéance : {due}")
    else:
        print(found.text)
    print(f"Dossier            : {found.record}")
