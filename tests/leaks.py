"""A hunt for secrets that shares nothing with the scrubber: it decodes what it finds, again and again, and looks for the value itself.

`found(value, content)` for bytes, `in_folder` for files (notebooks, pages, PDF text, pictures by OCR), `Watch` for what lives only
while a process runs (command lines, environments, open ports, temporary files).
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import html
import re
import shutil
import subprocess
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import psutil

WORD = "Chrysalide"
"""A canary that is a plain word: the manager's password."""
CANARIES = ["k7\"\\<&'% Qz 41vT/", "m9\"\\<&'% Rw 83bK", "x4\"\\<&'% Hj 60nP"]
"""Canaries of the technical account: everything that an encoding may change, and a first one that the policy rejects."""
_OCR_LIKE = 0.75  # how alike a read text must be: OCR confuses some characters


def readings(content: bytes, depth: int = 2) -> Iterator[bytes]:
    """The content as it is and as anybody might decode it, twice over."""
    yield content
    if depth == 0:
        return
    for decode in (_json, _html, _url, _wide, _backwards, _hex, _base64, _inflated, _shell):
        for decoded in decode(content):
            if decoded and decoded != content:
                yield from readings(decoded, depth - 1 if decode in (_json, _html, _url) else 0)


def _json(content: bytes) -> Iterator[bytes]:
    text = re.sub(rb"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)).encode("utf-8", "replace"), content)
    for decode in (lambda code: bytes([code]), lambda code: chr(code).encode()):
        plain = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m, decode=decode: decode(int(m[1], 16)), text)  # type: ignore[misc]
        yield re.sub(rb"\\([\"\\/'])", rb"\1", plain)


def _html(content: bytes) -> Iterator[bytes]:
    if b"&" in content:
        yield html.unescape(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _url(content: bytes) -> Iterator[bytes]:
    if b"%" in content or b"+" in content:
        yield unquote_plus(content.decode("latin-1"), "latin-1").encode("latin-1", "replace")


def _wide(content: bytes) -> Iterator[bytes]:
    if b"\0" in content:
        yield content.replace(b"\0", b"")


def _backwards(content: bytes) -> Iterator[bytes]:
    yield content.decode("utf-8", "surrogateescape")[::-1].encode("utf-8", "surrogateescape")


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


def _inflated(content: bytes) -> Iterator[bytes]:
    for match in re.finditer(rb"stream\r?\n", content):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[match.end() :])


def _shell(content: bytes) -> Iterator[bytes]:
    yield content.replace(b"'\"'\"'", b"'")
    yield re.sub(rb"\\(.)", rb"\1", content)


def found(value: str, content: bytes) -> bool:
    """Whether the value can be had from the content."""
    forms = {value.encode(), value.encode("latin-1")}
    return any(form in reading for reading in readings(content) for form in forms)


def in_picture(value: str, path: Path) -> bool:
    """Whether OCR reads the value, or something very like it, in a picture."""
    read = subprocess.run(["tesseract", str(path), "-", "--psm", "11"], capture_output=True, text=True, timeout=60).stdout
    return any(_alike(value, line) for line in read.splitlines())


def _alike(value: str, line: str) -> bool:
    wanted, seen = re.sub(r"\W", "", value), re.sub(r"\W", "", line)
    windows = (seen[n : n + len(wanted)] for n in range(max(1, len(seen) - len(wanted) + 1)))
    return any(difflib.SequenceMatcher(None, wanted, each).ratio() >= _OCR_LIKE for each in windows if each)


def can_read_pictures() -> bool:
    """Whether the tools that read pictures and PDF are here."""
    return bool(shutil.which("tesseract") and shutil.which("pdftotext"))


def in_file(value: str, path: Path, pictures: bool = False) -> bool:
    """Whether a file gives the value away: its bytes, its name, its text if it is a PDF, what it shows if `pictures`."""
    content = path.read_bytes()
    if found(value, content) or found(value, str(path).encode()):
        return True
    if content.startswith(b"%PDF") and can_read_pictures():
        text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, timeout=60).stdout
        return found(value, text)
    return pictures and content.startswith(b"\x89PNG") and can_read_pictures() and in_picture(value, path)


def in_folder(values: Iterable[str], folder: Path, pictures: bool = False) -> list[str]:
    """Which files under a folder give one of the values away."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [f"{path.relative_to(folder)}: {value}" for path in files for value in values if in_file(value, path, pictures)]


class Watch:
    """What is seen of a process's descendants, and of the files they make under `folders`, while the block runs."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.arguments: set[str] = set()
        self.environments: set[str] = set()
        self.listening: set[str] = set()
        self.dumps: set[str] = set()
        self.names: set[str] = set()
        self.files: dict[Path, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.15):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    self._look_at(process)
            for folder in self.folders:
                self._look_into(folder)

    def _look_at(self, process: psutil.Process) -> None:
        command = "\0".join(process.cmdline())
        self.names.add(process.name())
        self.arguments.add(command)
        self.environments.add("\0".join(f"{key}={value}" for key, value in process.environ().items()))
        kernel = "ipykernel" in command
        if kernel:
            self.listening |= {str(each.laddr) for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
            if process.rlimit(psutil.RLIMIT_CORE)[0] != 0:
                self.dumps.add(process.name())

    def _look_into(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and path.stat().st_size < 3_000_000:
                    self.files[path] = path.read_bytes()

    def leaks(self, values: Iterable[str]) -> list[str]:
        """Where one of the values was seen."""
        seen = {"command line": self.arguments, "environment": self.environments}
        told = [f"{where}: {value}" for where, texts in seen.items() for value in values if found(value, "\n".join(texts).encode())]
        return told + [f"{path}: {value}" for path, content in self.files.items() for value in values if value.encode() in content]
