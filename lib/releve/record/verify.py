"""The check of the evidence: everything recomputed, every difference named, nothing written.

What it reads: the register's chain, the head that the keyring knows, the statement of each record,
the files of each folder, the timestamps. It needs neither the portal nor any password.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from releve.record import timestamp
from releve.record.folder import RecordFolder, is_closed
from releve.record.register import FILE_NAME, FIRST, Register, digest
from releve.record.seal import STATEMENT, contents, sha256
from releve.vault.keystore import Keystore


@dataclass(frozen=True)
class Finding:
    """One thing found. `kind` is a code (see `WORDS`), `record` a folder's name or "", `what` a
    file or a line of the register.
    """

    kind: str
    record: str = ""
    what: str = ""

    @property
    def text(self) -> str:
        """One French line."""
        return WORDS[self.kind].format(record=self.record, what=self.what)


WORDS = {
    "changed": "{record} : le fichier {what} a été modifié",
    "added": "{record} : le fichier {what} a été ajouté",
    "missing": "{record} : le fichier {what} manque",
    "odd": (
        "{record} : {what} n'est pas un vrai fichier (c'est un lien, un dossier vide ou un nom"
        " illisible)"
    ),
    "unreadable": "{record} : {what} ne peut pas être lu",
    "renamed": "{record} : ce dossier porte le nom d'un autre ; il a été scellé sous le nom {what}",
    "statement": (
        "{record} : record.json n'est pas celui qui a été inscrit au registre (ligne {what})"
    ),
    "unequal": (
        "{record} : le portail, le trousseau et les logiciels n'ont pas reçu le même mot de passe"
    ),
    "unregistered": "{record} : ce dossier n'est pas inscrit au registre",
    "absent": "{record} : ce dossier est inscrit au registre (ligne {what}), mais il n'est plus là",
    "purged": (
        "{record} : ce dossier est inscrit comme détruit (ligne {what}), mais il est encore là"
    ),
    "quarantine": "{record} : un secret a été trouvé dans ce dossier, qui n'est pas scellé",
    "no_register": "le registre manque : {what}",
    "line_unreadable": "registre, ligne {what} : illisible",
    "line_torn": "registre, ligne {what} : incomplète, la fin du fichier est coupée",
    "line_changed": "registre, ligne {what} : la ligne précédente a été modifiée ou enlevée",
    "line_moved": "registre, ligne {what} : elle n'est pas à sa place",
    "line_missing": "registre : il manque ce qui précédait la ligne {what}",
    "line_twice": "registre, ligne {what} : le dossier {record} y est inscrit une seconde fois",
    "head": (
        "registre : la dernière ligne connue du trousseau de ce poste n'y est plus ; la fin est"
        " coupée, ou le registre a été refait"
    ),
    "timestamp": (
        "horodatage {what} : il ne correspond à aucune ligne du registre, ou sa signature est"
        " fausse"
    ),
    "open": (
        "{record} : rotation en cours ; elle sera scellée quand elle sera finie (« releve resume »"
        " la reprend)"
    ),
    "no_head": (
        "le trousseau de ce poste ne connaît pas ce registre : une fin coupée ne se verrait que par"
        " un horodatage"
    ),
    "untimed": (
        "registre : pas encore horodaté{what} ; la prochaine commande de Relève le redemande à"
        " l'autorité"
    ),
    "timed": "registre : horodaté jusqu'à la ligne {what}",
    "destroyed": (
        "{record} : ce dossier a été détruit au terme de sa durée de conservation (registre, ligne"
        " {what})"
    ),
    "signer": (
        "horodatage : l'autorité qui l'a signé n'est pas vérifiée (donnez son certificat avec"
        " --tsa-ca)"
    ),
}
NOTES = frozenset({"open", "no_head", "untimed", "timed", "destroyed", "signer"})


@dataclass(frozen=True)
class Verdict:
    """What a check found: `faults` break the evidence, `notes` do not."""

    records: int = 0
    lines: int = 0
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As printed by `--json`."""
        told = {
            name: [asdict(each) | {"text": each.text} for each in getattr(self, name)]
            for name in ("faults", "notes")
        }
        return {
            "code": 7 if self.faults else 0,
            "records": self.records,
            "lines": self.lines,
        } | told


@dataclass(frozen=True)
class Chain:
    """The register as read: for each record its last entry and that entry's line number."""

    entries: dict[str, tuple[int, dict[str, Any]]]
    hashes: dict[str, int]
    findings: list[Finding]


def verify(
    outputs: Path,
    only: list[Path] | None = None,
    keystore: Keystore | None = None,
    authorities: Path | None = None,
) -> Verdict:
    """Check the folder of records, or `only` these records of it with the whole register. Reads
    only.
    """
    chain = read_chain(outputs)
    present = {path.name: path for path in (only if only is not None else _folders(outputs))}
    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        each = [
            found
            for result in pool.map(lambda path: list(_check_record(path, chain)), present.values())
            for found in result
        ]
    ended = set(present) - {
        found.record for found in each if found.kind == "open"
    }  # before the first end there is no register
    whole = list(_check_whole(outputs, chain, ended, keystore, authorities, complete=only is None))
    findings = [*chain.findings, *whole, *each]
    return Verdict(
        records=len(present),
        lines=len(chain.hashes),
        faults=[found for found in findings if found.kind not in NOTES],
        notes=[found for found in findings if found.kind in NOTES],
    )


def _folders(outputs: Path) -> list[Path]:
    return sorted(
        path for path in outputs.glob("*_*_*_*") if RecordFolder.at(path) and path.is_dir()
    )


def read_chain(outputs: Path) -> Chain:
    """Every line of the register in its order, each held against the one before."""
    path, findings = outputs / FILE_NAME, list[Finding]()
    entries: dict[str, tuple[int, dict[str, Any]]] = {}
    hashes: dict[str, int] = {}
    content = path.read_bytes() if path.exists() else b""
    lines = content.split(b"\n")
    if torn := lines.pop():
        findings.append(Finding("line_torn", what=str(len(lines) + 1)))
    all_hashes = {digest(line) for line in [*lines, torn]} | {FIRST}
    previous = FIRST
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            if not {"n", "kind", "record", "previous"} <= entry.keys():
                raise ValueError("no entry")
            if entry["previous"] != previous:
                findings.append(
                    Finding(_why(entry, number, previous, all_hashes), what=str(number))
                )
            if entry["record"] in entries and entries[entry["record"]][1]["kind"] == entry["kind"]:
                findings.append(Finding("line_twice", entry["record"], str(number)))
            entries[str(entry["record"])] = number, entry
        except (ValueError, AttributeError, TypeError):
            findings.append(Finding("line_unreadable", what=str(number)))
        previous = digest(line)
        hashes[previous] = number
    return Chain(entries, hashes, findings)


def _why(entry: dict[str, Any], number: int, previous: str, hashes: set[str]) -> str:
    """How a line does not follow the one before it."""
    if entry["previous"] in hashes:
        return "line_moved" if entry["n"] != number else "line_changed"
    return "line_missing" if entry["n"] != number or previous == FIRST else "line_changed"


def _check_whole(
    outputs: Path,
    chain: Chain,
    present: set[str],
    keystore: Keystore | None,
    authorities: Path | None,
    complete: bool,
) -> Iterator[Finding]:
    register = Register(outputs, keystore)
    known = register.known_head()
    if not register.path.exists() and (known not in (None, FIRST) or present):
        yield Finding("no_register", what=str(register.path))
    elif known not in (None, FIRST) and known not in chain.hashes:
        yield Finding("head")
    if known is None and chain.hashes:
        yield Finding("no_head")
    if complete:
        for name, (number, entry) in chain.entries.items():
            if name not in present and entry["kind"] in ("record", "purge"):
                yield Finding(
                    "absent" if entry["kind"] == "record" else "destroyed", name, str(number)
                )
    yield from _check_timestamps(outputs, chain, authorities)


def _check_timestamps(outputs: Path, chain: Chain, authorities: Path | None) -> Iterator[Finding]:
    tokens, last, signers = sorted((outputs / timestamp.FOLDER).glob("*.tsr")), 0, True
    for path in tokens:
        when, signer = timestamp.check(path, authorities)
        if when is None or path.stem not in chain.hashes:
            yield Finding("timestamp", what=path.name)
            continue
        last, signers = max(last, chain.hashes[path.stem]), signers and signer
    asked = max(
        (number for number, entry in chain.entries.values() if entry.get("timestamp")), default=0
    )
    if tokens or asked > last:
        untimed = Finding("untimed", what=f" après la ligne {last}" if last else "")
        yield Finding("timed", what=str(last)) if last == len(chain.hashes) else untimed
    if tokens and not signers:
        yield Finding("signer")


def _check_record(path: Path, chain: Chain) -> Iterator[Finding]:
    """One folder against its statement, and its statement against the register."""
    name = path.name
    number, entry = chain.entries.get(name, (0, {}))
    folder = RecordFolder.at(path)
    if folder is not None and folder.quarantined:
        yield Finding("quarantine", name)
        return
    if entry.get("kind") == "purge":
        yield Finding("purged", name, str(number))
    try:
        if (
            not entry
            and not (path / STATEMENT).exists()
            and folder
            and not is_closed(folder.entries())
        ):
            yield Finding("open", name)
            return
        yield from _check_files(path, number, entry)
    except (
        Exception
    ) as error:  # whatever a changed file makes the reader stumble on is a finding, not an end
        yield Finding("unreadable", name, getattr(error, "filename", None) or STATEMENT)


def _check_files(path: Path, number: int, entry: dict[str, Any]) -> Iterator[Finding]:
    name, statement = path.name, path / STATEMENT
    if not entry:
        yield Finding("unregistered", name)
    if not statement.exists():
        yield Finding("missing", name, STATEMENT)
        return
    said = json.loads(statement.read_bytes())
    if entry and sha256(statement) != entry.get("statement"):
        yield Finding("statement", name, str(number))
    if said["predicate"]["record"] != name:
        yield Finding("renamed", name, str(said["predicate"]["record"]))
    if said["predicate"]["sameness"]["equal"] is False:
        yield Finding("unequal", name)
    sealed = {each["name"]: each["digest"]["sha256"] for each in said["subject"]}
    found = contents(path)
    there = set(found.files)
    yield from (Finding("odd", name, each) for each in found.odd)
    yield from (Finding("missing", name, each) for each in sorted(set(sealed) - there))
    yield from (Finding("added", name, each) for each in sorted(there - set(sealed)))
    yield from (
        Finding("changed", name, each)
        for each in sorted(there & set(sealed))
        if sha256(path / each) != sealed[each]
    )
