"""A hunt for secrets that shares nothing with the scrubber: it decodes what it finds, again and
again, and looks for the value itself.

`found(value, content)` for bytes, `in_folder` for files (notebooks, pages, PDF text, pictures by
OCR), `Watch` for what lives only while a process runs (command lines, environments, open ports,
temporary files).
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import hashlib
import html
import io
import os
import pickle
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import psutil

_OWN = secrets.token_hex(
    2
)  # of this process: another one's hunt, on the same machine, is not heard
WORD = f"Chrysalide{_OWN}7"
"""A canary without any character that an encoding changes: a manager's password."""
MANAGER = f"x4\"\\<&'% Hj {_OWN}"
"""A manager's password with everything that an encoding may change, spaces too."""
CANARIES = [f"k7\"\\<&'%Qz{_OWN}T/", f"m9\"\\<&'%Rw{_OWN}K", f"w4\"\\<&'%Gj{_OWN}P"]
"""The portal's next passwords (it makes none with a space): the policy rejects the first."""
EYE = Path(__file__).with_name("eye.py")
PACKED = (b"\x1f\x8b", b"PK\3\4", b"x\x9c")  # gzip, zip, zlib
LONGEST = 4 << 20  # bytes that are unpacked of one thing
LARGE = 1 << 16  # bytes: such a file is decoded once, not twice over, as a whole folder is
PATIENCE = 30  # seconds until a watch that has not seen a program and a file of its own is blind
_OCR_LIKE = 0.75  # how alike a read text must be: OCR confuses some characters
_OCR_SAME = str.maketrans("OoQlIiSsBZz", "00011155822")  # and these most of all


def readings(
    content: bytes, depth: int = 2, seen: dict[bytes, int] | None = None
) -> Iterator[bytes]:
    """The content as it is and as anybody might decode it, twice over; what two ways of decoding
    both give is looked at once.
    """
    seen, mark = {} if seen is None else seen, hashlib.sha256(content).digest()
    if seen.get(mark, -1) >= depth:
        return
    seen[mark] = depth
    yield content
    if depth == 0:
        return
    for decode in (
        _json,
        _html,
        _url,
        _wide,
        _backwards,
        _hex,
        _base64,
        _inflated,
        _shell,
        _doubled,
    ):
        for decoded in decode(content):
            if decoded and decoded != content:
                further = decode in (_json, _html, _url) or decoded.startswith(PACKED)
                yield from readings(decoded, depth - 1 if further else 0, seen)


def _json(content: bytes) -> Iterator[bytes]:
    text = re.sub(
        rb"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)).encode("utf-8", "replace"), content
    )
    for decode in (lambda code: bytes([code]), lambda code: chr(code).encode()):
        plain = re.sub(
            rb"\\x([0-9a-fA-F]{2})", lambda m, decode=decode: decode(int(m[1], 16)), text
        )  # type: ignore[misc]
        yield re.sub(rb"\\([\"\\/'])", rb"\1", plain)


def _html(content: bytes) -> Iterator[bytes]:
    if b"&" in content:
        yield html.unescape(content.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )


def _url(content: bytes) -> Iterator[bytes]:
    if b"%" in content or b"+" in content:
        yield unquote_plus(content.decode("latin-1"), "latin-1").encode("latin-1", "replace")


def _wide(content: bytes) -> Iterator[bytes]:
    if b"\0" in content:
        yield content.replace(b"\0", b"")


def _backwards(content: bytes) -> Iterator[bytes]:
    turned = content.decode("utf-8", "surrogateescape")[::-1].encode("utf-8", "surrogateescape")
    yield turned
    if b"'" in turned:
        yield from _shell(turned)


def _hex(content: bytes) -> Iterator[bytes]:
    for token in re.findall(rb"(?:[0-9a-fA-F]{2}[ :]?){8,}", content):
        digits = re.sub(rb"[ :]", b"", token)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode())


def _base64(content: bytes) -> Iterator[bytes]:
    for token in re.findall(rb"[A-Za-z0-9+/_-]{10,}", content):
        plain = token.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            cut = plain[start:] if len(plain[start:]) % 4 != 1 else plain[start:-1]
            raw = base64.b64decode(cut + b"=" * (-len(cut) % 4))
            yield raw
            yield raw.replace(b"\0", b"")
            if b"\\" in raw:
                yield from _json(raw)


def _inflated(content: bytes) -> Iterator[bytes]:
    """Streams of a PDF, of zlib and of gzip, wherever they begin; each file of a zip."""
    for match in re.finditer(rb"stream\r?\n|\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", content):
        start = match.end() if match[0].startswith(b"stream") else match.start()
        with contextlib.suppress(zlib.error):  # 47: zlib's or gzip's head, whichever there is
            yield zlib.decompressobj(47).decompress(content[start:], LONGEST)
    if b"PK\3\4" in content:
        with (
            contextlib.suppress(zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError),
            zipfile.ZipFile(io.BytesIO(content)) as packed,
        ):
            for each in packed.infolist():
                yield each.filename.encode() + b"\n" + packed.open(each).read(LONGEST)


def _doubled(content: bytes) -> Iterator[bytes]:
    if b"''" in content or b'""' in content:
        yield content.replace(b"''", b"'").replace(b'""', b'"')


def _shell(content: bytes) -> Iterator[bytes]:
    yield content.replace(b"'\"'\"'", b"'")
    yield re.sub(rb"\\(.)", rb"\1", content)


def which(values: Iterable[str], content: bytes, depth: int = 2) -> set[str]:
    """Those of the values that can be had from the content."""
    forms = {form: value for value in values for form in (value.encode(), value.encode("latin-1"))}
    return {
        value
        for reading in readings(content, depth)
        for form, value in forms.items()
        if form in reading
    }


def found(value: str, content: bytes) -> bool:
    """Whether the value can be had from the content."""
    return bool(which([value], content))


def in_picture(values: Iterable[str], path: Path) -> set[str]:
    """Those of the values that OCR reads in a picture, or something very like them."""
    read = subprocess.run(
        ["tesseract", str(path), "-", "--psm", "11"], capture_output=True, text=True, timeout=60
    ).stdout
    return {value for value in values for line in read.splitlines() if _alike(value, line)}


def _alike(value: str, line: str) -> bool:
    wanted, seen = (re.sub(r"\W", "", each).translate(_OCR_SAME) for each in (value, line))
    windows = (seen[n : n + len(wanted)] for n in range(max(1, len(seen) - len(wanted) + 1)))
    return any(
        difflib.SequenceMatcher(None, wanted, each).ratio() >= _OCR_LIKE for each in windows if each
    )


def can_read_pictures() -> bool:
    """Whether the tools that read pictures and PDF are here."""
    return bool(shutil.which("tesseract") and shutil.which("pdftotext"))


def in_file(values: list[str], path: Path, pictures: bool = False) -> set[str]:
    """The values that a file gives away: by its bytes, its name, its text if it is a PDF, what it
    shows if `pictures`.
    """
    content = path.read_bytes()
    hits = which(values, content) | which(values, path.name.encode())
    if content.startswith(b"%PDF") and can_read_pictures():
        hits |= which(
            values,
            subprocess.run(
                ["pdftotext", "-layout", str(path), "-"], capture_output=True, timeout=60
            ).stdout,
        )
    if pictures and content.startswith(b"\x89PNG") and can_read_pictures():
        hits |= in_picture(values, path)
    return hits


def in_folder(values: Iterable[str], folder: Path, pictures: bool = False) -> list[str]:
    """Which files under a folder give one of the values away."""
    files, wanted = [path for path in sorted(folder.rglob("*")) if path.is_file()], list(values)
    return [
        f"{path.relative_to(folder)}: {value}"
        for path in files
        for value in sorted(in_file(wanted, path, pictures))
    ]


class Loopback:
    """What goes over the loopback while the block runs, but for the `ports` of the school, which is
    the portal. Needs root, on Linux.
    """

    def __init__(self, ports: Iterable[int] = ()) -> None:
        self.flows: dict[tuple[int, int], bytearray] = {}
        self._ports = set(ports)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
        self._socket.setsockopt(socket.SOL_SOCKET, 33, 256 << 20)  # SO_RCVBUFFORCE
        self._socket.bind(("lo", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, error: object, *_: object) -> None:
        assert error or self._thread.is_alive(), "the ear was shut before its block ended"
        self._over.set()
        self._thread.join()
        # SOL_PACKET, PACKET_STATISTICS: the packets heard, and those that there was no room for
        lost = int.from_bytes(self._socket.getsockopt(263, 6, 8)[4:], sys.byteorder)
        self._socket.close()
        assert error or not lost, f"the ear was deaf to {lost} packets"

    def _listen(self) -> None:
        self._socket.settimeout(0.2)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                self._hear()
        self._socket.setblocking(False)  # what was said before the end, and not yet heard
        with contextlib.suppress(BlockingIOError):
            for _ in range(1_000_000):
                self._hear()

    def _hear(self) -> None:
        packet, address = self._socket.recvfrom(1 << 17)
        if address[2] != socket.PACKET_OUTGOING:  # each passes twice
            self._keep(packet)

    def _keep(self, packet: bytes) -> None:
        start, kind = ((packet[0] & 15) * 4, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
        if kind != socket.IPPROTO_TCP:
            return
        ends = (
            int.from_bytes(packet[start : start + 2]),
            int.from_bytes(packet[start + 2 : start + 4]),
        )
        if not self._ports & set(ends):
            self.flows.setdefault(ends, bytearray()).extend(
                packet[start + (packet[start + 12] >> 4) * 4 :]
            )

    def leaks(self, values: Iterable[str]) -> list[str]:
        """Where one of the values was heard: as it passed, or in a websocket's frames as they were
        meant, those that a page sent apart (`typed`).
        """
        wanted = list(values)
        heard = [(ends, bytes(said)) for ends, said in list(self.flows.items())]
        meant = [(ends, b"\n".join(frames(said, False))) for ends, said in heard]
        return [
            f"loopback {ends}: {value}"
            for ends, said in heard + meant
            for value in which(wanted, said, 1)
        ]

    @property
    def masked(self) -> list[bytes]:
        """What pages said in websocket frames, without the mask, which hides nothing."""
        return [each for said in list(self.flows.values()) for each in frames(bytes(said), True)]

    def typed(self, values: Iterable[str]) -> set[str]:
        """Those of the values that a page sent."""
        return which(values, b"\n".join(self.masked), 1)


def frames(said: bytes, masked: bool) -> Iterator[bytes]:
    """What the whole frames of one side of a websocket mean, those with a mask or those without.
    Raises AssertionError for a compressed one, which nobody here can read.
    """
    head = re.search(rb"(?is)upgrade: websocket\r\n.*?\r\n\r\n", said)
    at = head.end() if head else len(said)
    while at + 2 <= len(said):
        first, second = said[at : at + 2]
        assert not first & 0x70, "a frame is compressed"
        wide = {126: 2, 127: 8}.get(second & 127, 0)
        length = int.from_bytes(said[at + 2 : at + 2 + wide]) if wide else second & 127
        start = at + 2 + wide
        mask = said[start : start + 4] if second & 128 else b""
        start += len(mask)
        told, at = said[start : start + length], start + length
        if at <= len(said) and masked == bool(mask):
            pad = (mask * (length // 4 + 1))[:length] if mask else bytes(length)
            yield (int.from_bytes(told) ^ int.from_bytes(pad)).to_bytes(length)


def _ports() -> tuple[set[int], set[int]]:
    """The ports of this machine on which anybody listens, and those that anybody speaks to: one
    reading, for it is done all the time.
    """
    lines = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = [
        (int(here[-4:], 16), int(there[-4:], 16), state == "0A") for here, there, state in lines
    ]
    return {here for here, _, listens in ports if listens}, {
        there for _, there, listens in ports if not listens
    }


class Watch:
    """What is seen of a process's descendants, and of the files that they write, while the block
    runs (`eye`). It ends by proving that it saw to the end. Needs root, on Linux.
    """

    def __init__(self) -> None:
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()
        self.files: dict[tuple[str, bytes], bytes] = {}
        """Each state of each file, by its path and its hash."""
        self.missed: set[str] = set()
        """Programs that were gone before they could be looked at, by who started them."""
        self.dumps: set[str] = set()  # browsers that may leave a core file
        self.kernels: set[int] = set()
        self.browsers: set[int] = set()
        self.heard: set[str] = set()
        """Where somebody speaks to a kernel on a port. A kernel always has one, for its own forks
        (ipykernel.iostream): it is silent.
        """
        self._ports: set[int] = set()
        self._names: dict[int, bytes] = {}
        self._ready, self._blind = False, list[str]()
        self._news = threading.Condition()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in self._tasks()]

    def _tasks(self) -> tuple[Callable[[], None], ...]:
        return self._hear, self._look

    def __enter__(self) -> Watch:
        command, pipe = [sys.executable, str(EYE), str(os.getpid())], subprocess.PIPE
        self.eye = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        for each in self._threads:
            each.start()
        with self._news:
            self._news.wait_for(lambda: self._ready, PATIENCE)
        try:
            self._sees()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, error: object, *_: object) -> None:
        try:
            if not error:
                self._sees()
        finally:
            self._end()
        assert error or not self._blind, f"the watch was blind: {self._blind}"

    def _end(self) -> None:
        assert self.eye.stdin
        self._over.set()
        self.eye.stdin.close()
        try:
            self.eye.wait(PATIENCE)
        except subprocess.TimeoutExpired:  # it does not look any more
            self.eye.kill()
            self.eye.wait()
        for each in self._threads:
            each.join()

    def _sees(self) -> None:
        """A program and a file of a moment are seen, and so is all that was before them. The
        program stays until it was looked at, and starts no other, which would not: how short a
        life is still seen is a test's to say.
        """
        mark = secrets.token_hex(8)
        code = "import os, sys; _, mark, path = sys.argv; file = open(path, 'w'); file.write(mark)"
        code += "; file.close(); os.unlink(path); sys.stdin.read()"
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-ISc", code, mark, f"{folder}/x"]
            with subprocess.Popen(command, stdin=subprocess.PIPE), self._news:
                seen = self._news.wait_for(lambda: self._saw(mark.encode()), PATIENCE)
        assert seen, "the watch is blind: it needs root, and this machine's own process events"

    def _saw(self, mark: bytes) -> bool:
        return any(mark in each for each in self.arguments) and mark in self.files.values()

    def _hear(self) -> None:
        """What the eye tells, until it ends."""
        assert self.eye.stdout
        with contextlib.suppress(EOFError):
            while True:
                kind, *told = pickle.load(self.eye.stdout)
                with self._news:
                    getattr(self, f"_on_{kind}")(*told)
                    self._news.notify()

    def _on_ready(self) -> None:
        self._ready = True

    def _on_fork(self, parent: int, child: int) -> None:
        self._is(child, self._names.get(parent, b""))

    def _on_exec(self, pid: int, command: bytes, environment: bytes, dumps: bool) -> None:
        self.arguments.add(command)
        self.environments.add(environment)
        self._is(pid, command)
        if pid in self.browsers and dumps:
            self.dumps.add(command.partition(b"\0")[0].decode())

    def _is(self, pid: int, command: bytes) -> None:
        self._names[pid] = command
        if b"ipykernel" in command or b"releve.headless.own_kernel" in command:
            self.kernels.add(pid)  # whichever way it was started
        if b"chrom" in command.partition(b"\0")[0]:
            self.browsers.add(pid)

    def _on_missed(self, pid: int) -> None:
        self.missed.add(self._names.get(pid, b"").replace(b"\0", b" ").decode("utf-8", "replace"))

    def _on_file(self, path: str, content: bytes) -> None:
        self.files[path, hashlib.sha256(content).digest()] = content

    def _on_blind(self, why: str) -> None:
        self._blind.append(why)

    def _look(self) -> None:
        """Who speaks to a kernel: what is spoken to lives as long as the kernel."""
        known = set[int]()
        while not self._over.wait(0.15):
            listening, spoken_to = _ports()
            if self._ports & spoken_to:
                self._listen([os.getpid(), *self._names])
            elif listening != known:
                self._listen(list(self.kernels))
            known = listening

    def _listen(self, pids: Iterable[int]) -> None:
        """On which ports the kernels listen, and who speaks to one of them."""
        for pid in sorted(pids, key=lambda each: each not in self.kernels):
            with contextlib.suppress(psutil.Error, OSError):
                found = psutil.Process(pid).net_connections("tcp")
                if pid in self.kernels:
                    self._ports |= {
                        each.laddr.port for each in found if each.status == psutil.CONN_LISTEN
                    }
                self.heard |= {
                    str(each.raddr)
                    for each in found
                    if each.raddr and each.raddr.port in self._ports
                }

    def leaks(self, values: Iterable[str]) -> list[str]:
        """Where one of the values was seen, in any of the ways that it may be written."""
        wanted = list(values)
        seen = {"command line": self.arguments, "environment": self.environments}
        told = [
            f"{where}: {value}"
            for where, texts in seen.items()
            for value in sorted(which(wanted, b"\n".join(texts)))
        ]
        return told + [
            f"{path}: {value}"
            for (path, _), content in self.files.items()
            for value in sorted(
                which(wanted, content, 2 if len(content) < LARGE else 1)
                | which(wanted, path.encode())
            )
        ]
