"""The check of the evidence: everything recomputed, every difference named, nothing written.

What it reads: the register's chain and signatures, the head that the keyring knows, the statement
of each record, its journal, the files of each folder, the timestamps. It needs neither the portal
nor any password, and whatever stands in those files is a finding, never an end: whoever can write
there is a stranger.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from releve.base import disk
from releve.base.errors import ReleveError
from releve.decision import journal as j
from releve.record import timestamp
from releve.record.chain import Chain, Inscription, read_chain
from releve.record.contents import STATEMENT, contents
from releve.record.findings import NOTES, CheckedRecords, Finding
from releve.record.folder import QUARANTINE, RecordFolder, is_closed
from releve.record.register import FILE_NAME, FIRST, SIGNERS, Register
from releve.record.statement import SIGNER, Sealed, read_sealed, untold
from releve.record.vouching import vouched
from releve.vault.keys import read_public_key, short, shown
from releve.vault.keystore import Keystore

LATE = timedelta(days=2)  # a line so much older than its token was written, or dated, long before
SKEW = timedelta(minutes=10)  # by which a machine's clock may be ahead of the authority's
OURS = frozenset(
    {FILE_NAME, SIGNERS, timestamp.FOLDER, ".locks", ".screens", ".gitkeep", ".gitattributes"}
)
OLDER_CORE = frozenset({"outcome", "structure", "account", "training", "began", "ended", "record"})


def verify(
    outputs: Path,
    only: list[Path] | None = None,
    keystore: Keystore | None = None,
    authorities: Path | None = None,
    signers: Iterable[str] = (),
    noted: Iterable[str] = (),
) -> CheckedRecords:
    """Check the folder of records, or `only` these records of it with the register, if it is there.
    `signers`: fingerprints that the settings name; `noted`: that the reader noted elsewhere. Reads
    only.
    """
    register = Register(outputs, keystore, signers, noted)
    chain = read_chain(register)
    present = {path.name: path for path in (only if only is not None else _folders(outputs))}
    given = only is None or bool(chain.hashes) or os.path.lexists(register.path)
    check = RecordCheck(register, chain, keystore, given or register.known_head() is not None)
    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        results = pool.map(lambda path: list(check.record(path)), present.values())
        each = [found for result in results for found in result]
    whole = list(_check_whole(outputs, chain, register, present, each, complete=only is None))
    tokens = list(_check_timestamps(outputs, chain, authorities))
    findings = [*chain.findings, *whole, *tokens, *_older(chain, each), *each]
    findings = [found for found in dict.fromkeys(findings) if found.kind != "older_record"]
    return CheckedRecords(
        records=len(present),
        lines=len(chain.hashes),
        faults=[found for found in findings if found.kind not in NOTES],
        notes=[found for found in findings if found.kind in NOTES],
    )


def _folders(outputs: Path) -> list[Path]:
    """Whatever has a record's name: what is no folder is a finding of its own."""
    with suppress(OSError):
        return sorted(path for path in outputs.iterdir() if RecordFolder.at(path))
    return []


def _check_whole(
    outputs: Path,
    chain: Chain,
    register: Register,
    present: dict[str, Path],
    each: list[Finding],
    complete: bool,
) -> Iterator[Finding]:
    known = register.known_head()
    # before the first seal there is no register
    before = {found.record for found in each if found.kind.startswith(("open", "unsealed"))}
    ended = set(present) - before
    if not os.path.lexists(register.path):
        if known not in (None, FIRST) or (complete and ended):
            yield Finding("no_register", what=str(register.path))
    elif known not in (None, FIRST) and known not in chain.hashes:
        yield Finding("head")
    elif known in chain.hashes:
        yield from _beyond(chain, chain.hashes[known])
    if known is None and chain.hashes:
        yield Finding("no_head")
    if not register.known:
        yield from (Finding("unknown_signer", what=shown(by)) for by in chain.signers)
    if complete:
        yield from _gone(chain, present)
        yield from _beside(outputs)


def _beyond(chain: Chain, known: int) -> Iterator[Finding]:
    """What was added behind the last line that this machine knows, each with its signer."""
    for number in range(known + 1, len(chain.hashes) + 1):
        line = chain.read.get(number)
        yield Finding("beyond", what=str(number), by=shown(line.by) if line else "")


def _gone(chain: Chain, present: dict[str, Path]) -> Iterator[Finding]:
    """Every record that is entered and not there, with what accounts for it."""
    for name, line in chain.records.items():
        if name in present:
            continue
        accounted = chain.purged.get(name)
        number, by = str((accounted or line).number), shown((accounted or line).by)
        yield Finding("destroyed" if accounted else "absent", name, number, by)
    for name, line in chain.aside.items():
        if name + QUARANTINE not in present and name not in present:
            yield Finding("put_aside", name, str(line.number), shown(line.by))


def _beside(outputs: Path) -> Iterator[Finding]:
    """What stands among the records and is none; what a killed write left is none of anybody's."""
    with suppress(OSError):
        for path in sorted(outputs.iterdir()):
            left_over = disk.LEFT_OVER.fullmatch(path.name)
            if path.name not in OURS and not RecordFolder.at(path) and not left_over:
                yield Finding("beside", what=path.name.encode("utf-8", "replace").decode())


def _older(chain: Chain, each: list[Finding]) -> Iterator[Finding]:
    """Version 0.1's lines and records, once for all."""
    lines = [number for number, line in chain.read.items() if "signature" not in line.entry]
    records = [found for found in each if found.kind == "older_record"]
    told = [f"lignes {lines[0]} à {lines[-1]} du registre"] if lines else []
    told += [f"{len(records)} dossier{'s' * (len(records) > 1)}"] if records else []
    if told:
        yield Finding("older", what=", ".join(told))


def _check_timestamps(outputs: Path, chain: Chain, authorities: Path | None) -> Iterator[Finding]:
    times, signers, tokens = dict[int, datetime](), True, _tokens(outputs)
    for path in tokens:
        when, signer = timestamp.check(path, authorities)
        if when is None or path.stem not in chain.hashes or path.suffix != ".tsr":
            yield Finding("timestamp", what=path.name)
            continue
        times[chain.hashes[path.stem]], signers = when, signers and signer
    yield from _beside_their_tokens(chain, times)
    last = max(times, default=0)
    asked = [line.number for line in chain.records.values() if line.entry.get("timestamp")]
    if (tokens and last < len(chain.hashes)) or max(asked, default=0) > last:
        yield Finding("untimed", what=f" après la ligne {last}" if last else "")
    if tokens and not signers:
        yield Finding("signer")


def _beside_their_tokens(chain: Chain, times: dict[int, datetime]) -> Iterator[Finding]:
    """Each line beside its token's time. One that asked for a token and has none was there when the
    next line's was made.
    """
    for number, line in chain.read.items():
        token = min((n for n in times if n >= number), default=0)
        own = token == number
        if not token or not (own or line.entry.get("timestamp")):
            continue
        what, by = _times(line, times[token]), shown(line.by)
        if line.when > times[token] + SKEW:
            yield Finding("timestamp_before", what=what, by=by)
        elif line.when < times[token] - LATE:
            yield Finding("late", what=what, by=by)
        elif own:
            yield Finding("timed", what=what)


def _tokens(outputs: Path) -> list[Path]:
    folder = outputs / timestamp.FOLDER
    with suppress(OSError):
        if disk.is_folder(folder):
            kept = (path for path in folder.iterdir() if not disk.LEFT_OVER.fullmatch(path.name))
            return sorted(kept)
    return []


def _times(line: Inscription, when: datetime) -> str:
    """A line with its own time, and its token's, both in UTC."""
    own, its = (f"{each.astimezone(UTC):%d/%m/%Y %H:%M} UTC" for each in (line.when, when))
    return f"{line.number} (heure du poste : {own} ; de l'autorité : {its})"


class RecordCheck:
    """The check of each record against its statement, its journal and the register's lines.
    `given`: the register is there, or ought to be."""

    def __init__(
        self, register: Register, chain: Chain, keystore: Keystore | None, given: bool
    ) -> None:
        self.register, self.chain, self.keystore, self.given = register, chain, keystore, given

    def record(self, path: Path) -> Iterator[Finding]:
        """One folder; whatever it holds makes findings."""
        folder, name = RecordFolder.at(path), path.name
        if folder is None or not disk.is_folder(path):
            yield Finding("odd_folder", name)
            return
        line = self.chain.purged.get(name)
        if line:
            yield Finding("purged", name, str(line.number), shown(line.by))
            return
        if folder.quarantined:
            yield Finding("quarantine", name)
            return
        if os.path.lexists(path / FILE_NAME):
            yield Finding("register_within", name)
        try:
            yield from self._sealed(folder)
        except Exception as error:  # whatever a changed file makes the reader stumble on
            at = getattr(error, "filename", None)
            yield Finding("unreadable", name, Path(at).name if at else STATEMENT)

    def _sealed(self, folder: RecordFolder) -> Iterator[Finding]:
        name, line = folder.path.name, self.chain.records.get(folder.path.name)
        there = os.path.lexists(folder.path / STATEMENT)
        if not line and not there:
            yield self._unsealed(folder)
            return
        if not there:
            yield Finding("missing", name, STATEMENT)
            return
        content = disk.read(folder.path / STATEMENT)
        sealed = read_sealed(content)
        if line:
            if disk.sha256(folder.path / STATEMENT) != line.entry["statement"]:
                yield Finding("statement", name, str(line.number), shown(line.by))
        elif self.given:
            yield self._half_sealed(folder)
        else:
            yield Finding("register_not_given", name)
        yield from self._signature(folder, sealed, line)
        files = list(self._files(folder, sealed))
        yield from files
        yield from self._facts(folder, sealed, {found.what for found in files})

    def _unsealed(self, folder: RecordFolder) -> Finding:
        closed = is_closed(folder.entries())
        kind = "unsealed" if closed else "open"
        return Finding(kind if self._ours(folder) else f"{kind}_elsewhere", folder.path.name)

    def _half_sealed(self, folder: RecordFolder) -> Finding:
        """A statement without its line: a seal that was killed, if this keyring says so."""
        ours = self._ours(folder) and is_closed(folder.entries())
        return Finding("unsealed" if ours else "unregistered", folder.path.name)

    def _ours(self, folder: RecordFolder) -> bool:
        with suppress(ReleveError):
            return self.keystore is not None and vouched(folder, self.keystore)
        return False

    def _signature(
        self, folder: RecordFolder, sealed: Sealed, line: Inscription | None
    ) -> Iterator[Finding]:
        name = folder.path.name
        if sealed.envelope is None:
            if line and line.by:
                yield Finding("signer_differs", name, by=shown(line.by))
            yield Finding("older_record", name)
            return
        try:
            key = read_public_key(disk.read(folder.path / SIGNER))
            sealed.envelope.verify([key], 1)
        except Exception:  # no key, another key, no signature, a false one
            yield Finding("forged", name, shown(sealed.keyid))
            return
        if line and line.by != key.keyid:
            yield Finding("signer_differs", name, by=shown(line.by))
        if not self.register.known:
            yield Finding("unknown_signer", what=shown(key.keyid))
        elif short(key.keyid) not in self.register.known and not line:
            yield Finding("forged", name, shown(key.keyid))

    def _facts(self, folder: RecordFolder, sealed: Sealed, harmed: set[str]) -> Iterator[Finding]:
        """What the statement says, against the journal, unless the journal itself is `harmed`."""
        said, name = sealed.statement["predicate"], folder.path.name
        if said.get("record") != name:
            yield Finding("renamed", name, str(said.get("record")))
            return
        if said.get("sameness", {}).get("equal") is False:
            yield Finding("unequal", name)
        wrong = [] if j.FILE_NAME in harmed else untold(folder, said)
        if sealed.envelope is None:
            wrong = [each for each in wrong if each in OLDER_CORE]
        if wrong:
            yield Finding("untrue", name, ", ".join(wrong), shown(sealed.keyid))

    def _files(self, folder: RecordFolder, sealed: Sealed) -> Iterator[Finding]:
        name, by = folder.path.name, shown(sealed.keyid)
        said = {each["name"]: each["digest"]["sha256"] for each in sealed.statement["subject"]}
        found = contents(folder.path)
        there = set(found.files)
        yield from (Finding("odd", name, each) for each in found.odd)
        yield from (Finding("missing", name, each, by) for each in sorted(set(said) - there))
        yield from (Finding("added", name, each, by) for each in sorted(there - set(said)))
        for each in sorted(there & set(said)):
            if disk.sha256(folder.path / each) != said[each]:
                yield Finding("changed", name, each, by)
