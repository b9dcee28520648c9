"""What a stranger may do to a folder of records, one small harm each: files, links, FIFOs, lines,
times, names, encodings. Each is made on a fresh copy of three genuine records; what the check must
say of it stands beside it.

`Harm.expects`: codes of which at least one must be found. `NOTHING`: it changes no meaning, and
must be no false alarm.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rfc8785
from releve.record.register import FIRST, digest
from sealed_records import said

NOTHING = frozenset[str]()
STRANGER = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


@dataclass(frozen=True)
class Place:
    """A folder of records, and two of them."""

    outputs: Path
    one: Path
    two: Path

    @property
    def register(self) -> Path:
        return self.outputs / "register.jsonl"

    def lines(self) -> list[bytes]:
        return self.register.read_bytes().splitlines()

    def write(self, lines: list[bytes]) -> None:
        self.register.write_bytes(b"".join(line + b"\n" for line in lines))


@dataclass(frozen=True)
class Harm:
    """One harm: what is done, and the codes of which one must be found."""

    family: str
    name: str
    do: Callable[[Place], object]
    expects: frozenset[str]


def harms() -> Iterator[Harm]:
    """All of them."""
    for family, made in FAMILIES.items():
        for name, do, expects in made():
            yield Harm(family, name, do, frozenset(expects.split()))


Made = Iterator[tuple[str, Callable[[Place], object], str]]
FILES = ("journal.jsonl", "rotation.ipynb", "record.html", "captures/01-authentification.png",
         "signer.pem")  # fmt: skip


def _files() -> Made:
    for name in FILES:
        changed = "changed forged"
        yield f"{name}: one byte more", lambda p, n=name: _append(p.one / n, b"x"), changed
        yield f"{name}: last byte cut", lambda p, n=name: _cut(p.one / n), changed
        yield f"{name}: empty", lambda p, n=name: (p.one / n).write_bytes(b""), changed
        yield f"{name}: taken away", lambda p, n=name: (p.one / n).unlink(), "missing"
        yield f"{name}: other case", lambda p, n=name: _move(p.one, n, n.upper()), "missing"
        yield f"{name}: CRLF", lambda p, n=name: _recode(p.one / n, b"\n", b"\r\n"), changed
        yield (
            f"{name}: a BOM before",
            lambda p, n=name: _prefix(p.one / n, b"\xef\xbb\xbf"),
            changed,
        )
        yield f"{name}: the other record's", lambda p, n=name: _swap(p, n), _other(name)
    for name in ("note.txt", "captures/13.png", ".hidden", "captures/.DS_Store", "a b.txt",
                 "é.txt", "e\u0301.txt", "new\nline.txt", "\x1b[31mred.txt", "a/b/c/d.txt",
                 "RECORD.JSON", "record.json.bak", ".record.json.0123456789abcdef"):  # fmt: skip
        yield f"added: {name!r}", lambda p, n=name: _put(p.one / n), "added odd"
    yield "added: a register", lambda p: shutil.copy(p.register, p.one), "register_within"
    yield "added: a name that is no text", lambda p: _put(p.one / os.fsdecode(b"\xff")), "odd"
    yield "added: an empty folder", lambda p: (p.one / "vide").mkdir(), "odd"
    yield "an older time of change", lambda p: os.utime(p.one / "journal.jsonl", (0, 0)), ""
    yield "read-only", lambda p: (p.one / "journal.jsonl").chmod(0o400), ""
    yield "executable", lambda p: (p.one / "journal.jsonl").chmod(0o755), ""


def _kinds() -> Made:
    """What is no plain file in a file's or a folder's place."""
    for name in (*FILES, "record.json"):
        expects = "missing odd unreadable"
        yield f"{name}: a FIFO", lambda p, n=name: _replace(p.one / n, os.mkfifo), expects
        yield f"{name}: a folder", lambda p, n=name: _replace(p.one / n, os.mkdir), expects
        yield f"{name}: a socket", lambda p, n=name: _replace(p.one / n, _socket), expects
        yield f"{name}: a link to itself elsewhere", lambda p, n=name: _link(p, n), expects
        yield f"{name}: a link to a device", lambda p, n=name: _to(p.one / n, "/dev/zero"), expects
        yield f"{name}: a dead link", lambda p, n=name: _to(p.one / n, "/nowhere"), expects
        yield f"{name}: a sparse terabyte", lambda p, n=name: _sparse(p.one / n), "unreadable"
    yield "register: a FIFO", lambda p: _replace(p.register, os.mkfifo), "register_odd"
    yield "register: a folder", lambda p: _replace(p.register, os.mkdir), "register_odd"
    yield "register: a link to a device", lambda p: _to(p.register, "/dev/zero"), "register_odd"
    yield "register: a link to a copy", _linked_register, "register_odd"
    yield "register: a sparse terabyte", lambda p: _sparse(p.register), "register_odd"
    yield "a record: a link to itself elsewhere", _linked_record, "odd_folder"
    yield "a record: a file", lambda p: _replace(p.one, Path.touch), "odd_folder"
    yield "a record: a FIFO", lambda p: _replace(p.one, os.mkfifo), "odd_folder"
    yield "captures: a link to elsewhere", lambda p: _link(p, "captures"), "missing odd"
    yield "signers: a FIFO", lambda p: _replace(_key(p), os.mkfifo), "line_keyless line_forged"


def _statement() -> Made:
    forged = "statement forged unreadable"
    for what, value in {
        "outcome": "failed", "training": False, "account": "TECH_9_99999999@cpro.fr",
        "began": "2020-01-01T00:00:00.000+00:00", "ended": "2030-01-01T00:00:00.000+00:00",
        "actors": ["x@y"], "next_due": "2099-01-01", "proof": {"proof": "api"}, "kind": "rehearsal",
        "structure": {"siret": "21990001600029", "name": "X"}, "run": "ffffffff",
    }.items():  # fmt: skip
        yield f"predicate: {what}", lambda p, w=what, v=value: _predicate(p.one, w, v), forged
    yield "a subject taken out", lambda p: _subjects(p.one, lambda s: s[1:]), forged
    yield "a subject twice", lambda p: _subjects(p.one, lambda s: [*s, s[0]]), forged
    yield "a subject above", lambda p: _subjects(p.one, _above), forged
    yield "a subject that is a number", lambda p: _subjects(p.one, lambda s: [*s, 3]), forged
    for what, do in {
        "no JSON": lambda e: b"{", "a number": lambda e: b"3", "null": lambda e: b"null",
        "deep": lambda e: b"[" * 200_000, "UTF-16": lambda e: json.dumps(e).encode("utf-16"),
        "no signature": lambda e: _json(e | {"signatures": []}),
        "a signature of zeros": lambda e: _json(e | {"signatures": [_zeros(e)]}),
        "two signatures": lambda e: _json(e | {"signatures": [*e["signatures"], _zeros(e, "a")]}),
        "another payload type": lambda e: _json(e | {"payloadType": "text/plain"}),
        "no payload": lambda e: _json({k: v for k, v in e.items() if k != "payload"}),
        "the statement alone": lambda e: _json(_payload(e)),
        "other spaces": lambda e: json.dumps(e, indent=4).encode(),
        "one more key": lambda e: _json(e | {"x": 1}),
    }.items():  # fmt: skip
        yield f"record.json: {what}", lambda p, d=do: _envelope(p.one, d), forged
    yield "record.json: of the other record", lambda p: _swap(p, "record.json"), "statement renamed"
    yield (
        "signer.pem: a stranger's",
        lambda p: (p.one / "signer.pem").write_bytes(STRANGER),
        "forged",
    )


def _lines() -> Made:
    chain = "line_missing line_changed line_moved line_forged line_unreadable line_torn"
    for what, change in {
        "two exchanged": lambda ls: [ls[1], ls[0], *ls[2:]], "first out": lambda ls: ls[1:],
        "second out": lambda ls: [ls[0], *ls[2:]], "last twice": lambda ls: [*ls, ls[-1]],
        "first again at the end": lambda ls: [*ls, ls[0]], "an empty line": lambda ls: [*ls, b""],
        "a blank inside": lambda ls: [ls[0].replace(b":", b": ", 1), *ls[1:]],
        "no JSON": lambda ls: [*ls, b"x"], "a list": lambda ls: [*ls, b"[]"],
        "deep": lambda ls: [*ls, b"[" * 60_000], "NUL": lambda ls: [*ls, b"\x00"],
        "long": lambda ls: [*ls, b'{"a":"' + b"x" * 100_000 + b'"}'],
        "invalid UTF-8": lambda ls: [*ls, b"\xff\xfe"],
        "CR at the ends": lambda ls: [x + b"\r" for x in ls],
        "a BOM": lambda ls: [b"\xef\xbb\xbf" + ls[0], *ls[1:]],
        "a key twice": lambda ls: [ls[0].replace(b'{', b'{"n":1,', 1), *ls[1:]],
    }.items():  # fmt: skip
        yield f"register: {what}", lambda p, c=change: p.write(c(p.lines())), chain
    for key, value in {
        "outcome": "failed", "account": "x", "record": "../../etc", "n": 7,
        "time": "2001-01-01T00:00:00+00:00",
        "statement": "0" * 64, "kind": "purge", "signer": "0" * 64, "signature": "AAAA",
        "training": False,
        "previous": "1" * 64,
    }.items():  # fmt: skip
        yield f"a line's {key}", lambda p, k=key, v=value: _edit(p, k, v), f"{chain} line_keyless"
        yield (
            f"a line's {key}, rechained",
            lambda p, k=key, v=value: _rechain(p, k, v),
            f"{chain} line_keyless head",
        )
    for key, value in {
        "time": "yesterday", "kind": "holiday", "record": 3, "n": "1", "previous": None,
        "years": -1, "signer": 3, "signature": "é",
    }.items():  # fmt: skip
        yield (
            f"a line whose {key} is {value!r}",
            lambda p, k=key, v=value: _add(p, {k: v}),
            (f"{chain} line_kind line_unsigned"),
        )
    yield (
        "a line without a zone",
        lambda p: _add(p, {"time": "2026-11-29T10:00:00"}),
        "line_unreadable",
    )
    yield "an unsigned record line", lambda p: _add(p, {}), "line_unsigned absent"
    yield "an unsigned purge, and the folder gone", _purged, "line_unsigned"
    yield "an unsigned quarantine", lambda p: _add(p, {"kind": "quarantine"}), "line_unsigned"
    yield (
        "a name with control characters",
        lambda p: _add(p, {"record": "2026\x1b[2J"}),
        "line_unreadable",
    )
    yield "the tail cut", lambda p: p.write(p.lines()[:-1]), "head"
    yield "the tail and its folder cut", _tail_gone, "head"
    yield "emptied", lambda p: p.write([]), "head unregistered"
    yield "gone", lambda p: p.register.unlink(), "no_register"
    yield "torn", lambda p: _cut(p.register), "line_torn"
    yield "the public key gone", lambda p: _key(p).unlink(), "line_keyless"
    yield "a stranger's public key", lambda p: _key(p).write_bytes(STRANGER), "line_forged"
    yield "another public key beside", lambda p: _put(p.outputs / "signers" / f"{'0' * 64}.pem"), ""


def _folders() -> Made:
    yield "a record gone", lambda p: shutil.rmtree(p.one), "absent"
    yield "two exchanged", _exchange, "renamed statement"
    yield "another date", lambda p: p.one.rename(_named(p, "2026", "2025")), "renamed absent"
    yield (
        "another SIRET",
        lambda p: p.one.rename(_named(p, "219900016", "219900019")),
        "renamed absent",
    )
    yield "another run", lambda p: p.one.rename(_named(p, "00000001", "0000000a")), "renamed absent"
    yield (
        "a copy beside",
        lambda p: shutil.copytree(p.one, _named(p, "00000001", "0000000a")),
        "renamed",
    )
    yield "called a quarantine", lambda p: p.one.rename(f"{p.one}-quarantaine"), "quarantine absent"
    yield "reopened", _reopened, "missing"
    yield "unsealed", lambda p: (p.one / "record.json").unlink(), "missing"
    yield "an invented closed one", _invented, "unsealed_elsewhere unregistered renamed"
    yield "locks gone", lambda p: shutil.rmtree(p.outputs / ".locks"), ""
    yield "a lock left", lambda p: _put(p.outputs / ".locks" / "x.lock"), ""
    yield (
        "what a killed write left",
        lambda p: _put(p.outputs / ".register.jsonl.0123456789abcdef"),
        "",
    )


FAMILIES: dict[str, Callable[[], Made]] = {
    "files": _files, "kinds": _kinds, "statement": _statement, "lines": _lines, "folders": _folders,
}  # fmt: skip


def _other(name: str) -> str:
    same = name in ("captures/01-authentification.png", "signer.pem", "rotation.ipynb")
    return "" if same else "changed"


def _append(path: Path, more: bytes) -> None:
    path.write_bytes(path.read_bytes() + more)


def _prefix(path: Path, more: bytes) -> None:
    path.write_bytes(more + path.read_bytes())


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _recode(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(old, new) if old in content else content + new)


def _put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")


def _move(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(exist_ok=True)
    (folder / old).rename(folder / new)


def _swap(place: Place, name: str) -> None:
    one, two = (place.one / name).read_bytes(), (place.two / name).read_bytes()
    (place.one / name).write_bytes(two)
    (place.two / name).write_bytes(one)


def _replace(path: Path, make: Callable[[Path], object]) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    make(path)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's whole path may have some hundred characters only
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _to(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _link(place: Place, name: str) -> None:
    elsewhere = place.outputs.with_name("elsewhere")
    (place.one / name).rename(elsewhere)
    (place.one / name).symlink_to(elsewhere)


def _linked_register(place: Place) -> None:
    place.register.rename(place.outputs.with_name("copy.jsonl"))
    place.register.symlink_to(place.outputs.with_name("copy.jsonl"))


def _linked_record(place: Place) -> None:
    elsewhere = place.outputs.with_name(place.one.name)
    place.one.rename(elsewhere)
    place.one.symlink_to(elsewhere)


def _sparse(path: Path) -> None:
    with open(path, "r+b") as file:
        file.truncate(2**40)


def _key(place: Place) -> Path:
    return next((place.outputs / "signers").iterdir())


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode() + b"\n"


def _payload(envelope: dict[str, object]) -> object:
    import base64

    return json.loads(base64.b64decode(str(envelope["payload"])))


def _zeros(envelope: dict[str, list[dict[str, str]]], keyid: str = "") -> dict[str, str]:
    return {"keyid": keyid or envelope["signatures"][0]["keyid"], "sig": "A" * 86 + "=="}


def _envelope(record: Path, change: Callable[[dict[str, object]], bytes]) -> None:
    path = record / "record.json"
    path.write_bytes(change(json.loads(path.read_bytes())))


def _restate(record: Path, stated: dict[str, object]) -> None:
    import base64

    payload = base64.b64encode(json.dumps(stated).encode()).decode()
    _envelope(record, lambda envelope: _json(envelope | {"payload": payload}))


def _predicate(record: Path, what: str, value: object) -> None:
    stated = said(record)
    stated["predicate"][what] = value
    _restate(record, stated)


def _subjects(record: Path, change: Callable[[list[object]], list[object]]) -> None:
    stated = said(record)
    stated["subject"] = change(stated["subject"])
    _restate(record, stated)


def _above(subjects: list[object]) -> list[object]:
    return [*subjects, {"name": "../register.jsonl", "digest": {"sha256": "0" * 64}}]


def _edit(place: Place, key: str, value: object) -> None:
    first, *rest = place.lines()
    place.write([rfc8785.dumps(json.loads(first) | {key: value}), *rest])


def _rechain(place: Place, key: str, value: object) -> None:
    """The same, and every hash behind made anew."""
    lines: list[bytes] = []
    for number, line in enumerate(place.lines()):
        entry = json.loads(line) | ({key: value} if number == 0 else {})
        before = {"previous": digest(lines[-1]) if lines else FIRST}
        lines.append(rfc8785.dumps(entry | ({} if number == 0 else before)))
    place.write(lines)


def _add(place: Place, more: dict[str, object]) -> None:
    """A line at the end, well-formed but for `more`, and without a signature."""
    lines = place.lines()
    line: dict[str, object] = {
        "v": 2, "n": len(lines) + 1, "time": "2026-11-29T10:00:00+00:00", "kind": "record",
        "record": "2026-11-29_100000_21990001600011_0badcafe", "statement": "0" * 64,
        "previous": digest(lines[-1]),
    }  # fmt: skip
    place.write([*lines, rfc8785.dumps(line | more)])  # type: ignore[arg-type]


def _purged(place: Place) -> None:
    _add(place, {"kind": "purge", "record": place.one.name})
    shutil.rmtree(place.one)


def _tail_gone(place: Place) -> None:
    name = json.loads(place.lines()[-1])["record"]
    place.write(place.lines()[:-1])
    shutil.rmtree(place.outputs / name)


def _exchange(place: Place) -> None:
    aside = place.outputs / "aside"
    place.one.rename(aside)
    place.two.rename(place.one)
    aside.rename(place.two)


def _named(place: Place, old: str, new: str) -> Path:
    return place.one.with_name(place.one.name.replace(old, new, 1))


def _reopened(place: Place) -> None:
    (place.one / "record.json").unlink()
    lines = (place.one / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (place.one / "journal.jsonl").write_bytes(b"".join(lines[:-1]))


def _invented(place: Place) -> None:
    made = place.outputs / "2026-11-29_100000_21990001600011_0badcafe"
    shutil.copytree(place.one, made)
    (made / "record.json").unlink()
