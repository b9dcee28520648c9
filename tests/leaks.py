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
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import threading
import zlib
from collections.abc import Iterable, Iterator
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
_OCR_LIKE = 0.75  # how alike a read text must be: OCR confuses some characters


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
                yield from readings(
                    decoded, depth - 1 if decode in (_json, _html, _url) else 0, seen
                )


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
    for match in re.finditer(rb"stream\r?\n", content):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[match.end() :])


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
    wanted, seen = re.sub(r"\W", "", value), re.sub(r"\W", "", line)
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
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
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
        self._socket.close()

    def _listen(self) -> None:
        self._socket.settimeout(0.2)
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
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
        """Where one of the values was heard."""
        wanted = list(values)
        return [
            f"loopback {ends}: {value}"
            for ends, said in list(self.flows.items())
            for value in which(wanted, bytes(said), 1)
        ]


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
    """What is seen of a process's descendants, and of the files they make under `folders`, while
    the block runs.
    """

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.arguments: set[str] = set()
        self.environments: set[str] = set()
        self.heard: set[str] = set()
        """Where somebody speaks to a kernel on a port. A kernel always has one, for its own forks
        (ipykernel.iostream): it is silent.
        """
        self._ports: set[int] = set()
        self._known: set[tuple[psutil.Process, str]] = set()
        self._states: dict[Path, tuple[int, int, int]] = {}
        self.dumps: set[str] = set()  # browsers that may leave a core file
        self.kernels: set[int] = set()
        self.browsers: set[int] = set()
        self.files: dict[Path, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, error: object, *_: object) -> None:
        assert error or self._thread.is_alive(), "the watch was over before its block ended"
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        known = set[int]()
        while not self._over.wait(0.15):
            listening, spoken_to = _ports()
            processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
            for process in processes:
                with contextlib.suppress(psutil.Error, OSError):
                    self._look_at(process)
            if self._ports & spoken_to:
                self._listen(processes)
            elif listening != known:
                self._listen([each for each in processes if each.pid in self.kernels])
            known = listening
            for folder in self.folders:
                self._look_into(folder)

    def _look_at(self, process: psutil.Process) -> None:
        """What a program was started with is read once: it does not change."""
        command = "\0".join(process.cmdline())
        if (
            "ipykernel" in command or "releve.headless.own_kernel" in command
        ):  # whichever way the kernel was started
            self.kernels.add(process.pid)
        if (process, command) in self._known:
            return
        self.arguments.add(command)
        self.environments.add(
            "\0".join(f"{key}={value}" for key, value in process.environ().items())
        )
        if "chrom" in process.name():
            self.browsers.add(process.pid)
            if process.rlimit(psutil.RLIMIT_CORE)[1] != 0:
                self.dumps.add(process.name())
        self._known.add((process, command))

    def _listen(self, processes: list[psutil.Process]) -> None:
        """On which ports the kernels listen, and who speaks to one of them."""
        for process in sorted(processes, key=lambda each: each.pid not in self.kernels):
            with contextlib.suppress(psutil.Error, OSError):
                found = process.net_connections("tcp")
                if process.pid in self.kernels:
                    self._ports |= {
                        each.laddr.port for each in found if each.status == psutil.CONN_LISTEN
                    }
                self.heard |= {
                    str(each.raddr)
                    for each in found
                    if each.raddr and each.raddr.port in self._ports
                }

    def _look_into(self, folder: Path) -> None:
        for path in (
            Path(parent, name) for parent, _, names in os.walk(folder) for name in names
        ):  # what goes meanwhile is passed over
            with contextlib.suppress(OSError):
                found = path.stat()
                state = found.st_ino, found.st_size, found.st_mtime_ns
                if (
                    stat.S_ISREG(found.st_mode)
                    and found.st_size < 3_000_000
                    and state != self._states.get(path)
                ):
                    self.files[path], self._states[path] = path.read_bytes(), state

    def leaks(self, values: Iterable[str]) -> list[str]:
        """Where one of the values was seen."""
        seen = {"command line": self.arguments, "environment": self.environments}
        wanted = list(values)
        told = [
            f"{where}: {value}"
            for where, texts in seen.items()
            for value in which(wanted, "\n".join(texts).encode())
        ]
        return told + [
            f"{path}: {value}"
            for path, content in self.files.items()
            for value in wanted
            if value.encode() in content
        ]
