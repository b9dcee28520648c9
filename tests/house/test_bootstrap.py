"""The bootstrap, in copies of the project: real environments, real pip, a tiny wheel in place of
the real requirements.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import async_playwright
from releve.base import places
from releve.portal import browsers

LIB = Path(__file__).resolve().parents[2] / "lib"
SOURCES = (
    "__main__.py",
    "bootstrap.py",
    "environment.py",
    "failures.py",
    "machine.py",
    "releve/__init__.py",
    "releve/base/terminal.py",
    "releve/base/windows.py",
    "releve/base/__init__.py",
    "releve/base/errors.py",
    "releve/base/texts.py",
    "releve/base/erreurs.toml",
    "releve/portal/__init__.py",
    "releve/portal/browsers.py",
)
NEEDS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting and apt-get are root's"
)
ECHO = """
import json, os, sys
told = {"arguments": sys.argv[1:], "folder": os.getcwd(), "prefix": sys.prefix, "version": VERSION}
print(json.dumps(told | {"typed": os.environ.get("RELEVE_TYPED")}))
raise SystemExit(int(os.environ.get("ECHO_CODE", "0")))
"""
CHECK = """
import os, sys
print("CHECK", __name__ if __name__ != "__main__" else NAME, *sys.argv[1:], os.getcwd(), flush=True)
raise SystemExit(int(os.environ.get("CODE_" + NAME, "0")))
"""


class Project:
    """A copy of the project whose `releve` is a wheel that tells how it was called, so that an
    install takes a second.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.venv, self.home = root, root / ".venv", root.parent / "home"
        for name in SOURCES:
            (root / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
            text = re.sub(
                '"/(opt|Applications)/', '"/nowhere/', (LIB / name).read_text(encoding="utf-8")
            )  # this machine's own browsers
            (root / "lib" / name).write_text(text, encoding="utf-8")
        for name in ("pyproject.toml", "setup.py"):
            (root / "lib" / name).write_text("")
        (root / "tests").mkdir()
        self.home.mkdir(exist_ok=True)
        (root.parent / "bin").mkdir(exist_ok=True)
        for version in (1, 2):
            self.wheel(
                "releve",
                version,
                {
                    "releve/__init__.py": "",
                    "releve/__main__.py": ECHO.replace("VERSION", str(version)),
                },
            )
        self.require("releve==1")

    def wheel(self, name: str, version: int, files: Mapping[str, str]) -> None:
        info = f"{name}-{version}.dist-info"
        metadata = {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in (*files, *metadata, f"{info}/RECORD"))
        (self.root / "wheels").mkdir(exist_ok=True)
        with zipfile.ZipFile(self.root / f"wheels/{name}-{version}-py3-none-any.whl", "w") as wheel:
            for path, text in {**files, **metadata, f"{info}/RECORD": record}.items():
                wheel.writestr(path, text)

    def require(self, *lines: str, folder: str = "", index: str = "--no-index") -> None:
        """Requirements, and their lock: the wheels' hashes, or a made-up one of what is none."""
        name, lock = (f"{folder}requirements.txt", f"{folder or 'lib/'}requirements.lock")
        head = [index, "--find-links wheels"]
        (self.root / name).write_text("\n".join([*head, *lines, ""]))
        pins = [f"{line} --hash=sha256:{self.digest(line)}" for line in lines if "==" in line]
        (self.root / lock).write_text("\n".join([*head, *pins, ""]))

    def digest(self, pin: str) -> str:
        """Of the wheel that a pin names."""
        wheel = self.root / f"wheels/{pin.replace('==', '-')}-py3-none-any.whl"
        return hashlib.sha256(wheel.read_bytes() if wheel.exists() else b"").hexdigest()

    def environment(self, **more: str) -> dict[str, str]:
        """No browser, no apt-get, no pip settings, nothing of this machine's user: only what `more`
        brings.
        """
        base = {
            "PATH": str(self.root.parent / "bin"),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
        }
        return base | {"PYTHONDONTWRITEBYTECODE": "1"} | more

    def popen(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.Popen[str]:
        command = [sys._base_executable, self.root / "lib", *arguments]  # type: ignore[attr-defined]
        streams = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "start_new_session": True,
            "text": True,
        }
        return subprocess.Popen(
            command, cwd=cwd or self.root, env=self.environment(**more), **streams
        )  # type: ignore[call-overload,no-any-return]

    def start(
        self, *arguments: str, cwd: Path | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        process = self.popen(*(arguments or ("due",)), cwd=cwd, **more)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in out + err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def simulate(self, code: str) -> str:
        """A PYTHONPATH whose start-up hook runs `code` in the bootstrap's Python."""
        folder = self.root.parent / "hook"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(code)
        return str(folder)

    def browser(self, name: str = "chromium") -> Path:
        path = self.root.parent / "bin" / name
        path.write_text("#!/bin/sh\necho Chromium 1\n")
        path.chmod(0o755)
        return path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "projet d'été")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for the tests that leave it ready."""
    project = Project(tmp_path_factory.mktemp("installed") / "releve")
    assert project.start().returncode == 0
    return project


def assert_failure(
    done: subprocess.CompletedProcess[str], french: str, english: str, code: int = 5
) -> None:
    """One message, in both languages, each with what to do."""
    assert code == done.returncode, done.stderr
    assert "" == done.stdout
    shape = (
        r"Relève n'a pas pu démarrer : (.+)\nÀ faire : (.+)\n\n"
        r"Relève could not start: (.+)\nWhat to do: (.+)\n\Z"
    )
    message = re.search(shape, done.stderr)
    assert message is not None, done.stderr
    assert 1 == done.stderr.count("À faire")
    assert french in message[1] + message[2]
    assert english in message[3] + message[4]


def snapshot(project: Project) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in project.venv.rglob("*")}


def test_a_first_start_installs_then_hands_over_in_the_user_s_folder(
    project: Project, tmp_path: Path
) -> None:
    """From any folder, the command runs in the new environment with its own arguments, folder,
    stdout and exit code.
    """
    (tmp_path / "releve.py").write_text("raise SystemExit('a file of the user was imported')")
    done = project.start("due", "--json", "un dossier/a.toml", cwd=tmp_path, ECHO_CODE="3")
    told = json.loads(done.stdout)
    assert 3 == done.returncode
    assert ["due", "--json", "un dossier/a.toml"] == told["arguments"]
    assert str(tmp_path) == told["folder"]
    assert str(project.venv) == told["prefix"]
    assert f"python3 {project.root / 'lib'}" == told["typed"]
    assert "Création de l'environnement" in done.stderr
    assert "Installation de requirements.txt" in done.stderr


def test_a_second_start_installs_nothing(
    installed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ready environment is left untouched, in silence; what it adds to the bare command is
    printed.
    """
    before = snapshot(installed)
    took = {}
    for name, command in {
        "bootstrap": [installed.root / "lib"],
        "bare": ["-P", "-m", "releve"],
    }.items():
        python = installed.venv / "bin/python" if name == "bare" else sys._base_executable  # type: ignore[attr-defined]
        times = []
        for _ in range(5):
            began = time.perf_counter()
            done = subprocess.run(
                [python, *command, "due"],
                env=installed.environment(),
                capture_output=True,
                text=True,
                check=True,
            )
            times.append(time.perf_counter() - began)
            assert "" == done.stderr
        took[name] = sorted(times)[2]
    assert before == snapshot(installed)
    with capsys.disabled():
        print(
            f"\n[bench] second start: bare {took['bare']:.3f} s, "
            f"added by the bootstrap {took['bootstrap'] - took['bare']:.3f} s"
        )


def test_a_changed_requirements_file_is_installed(installed: Project) -> None:
    """What requirements.txt asks for now is what runs now, both ways."""
    for version in (2, 1):
        installed.require(f"releve=={version}")
        assert version == json.loads(installed.start().stdout)["version"]


def test_a_changed_package_description_is_installed(installed: Project) -> None:
    """The package's own pyproject.toml is among what an install depends on."""
    (installed.root / "lib/pyproject.toml").write_text("# changed\n")
    assert "Installation de requirements.txt" in installed.start().stderr
    assert "" == installed.start().stderr


@pytest.mark.long
def test_an_install_killed_half_way_is_made_again(installed: Project) -> None:
    """A killed install leaves a half environment, which the next start replaces whole."""
    marker = installed.venv / "installing"
    installed.require("releve==1", "# killed")
    process = installed.popen("due")
    assert process.stderr is not None
    assert "Installation" in process.stderr.readline()  # pip starts after that line
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert marker.exists()
    half = next(installed.venv.rglob("site-packages/releve/__main__.py"))
    half.unlink()
    done = installed.start()
    assert "Réparation de l'environnement" in done.stderr
    assert 1 == json.loads(done.stdout)["version"]
    assert not marker.exists()


@pytest.mark.long
def test_an_environment_whose_interpreter_is_gone_is_made_again(installed: Project) -> None:
    """A link to a Python that was removed is noticed before anything is run."""
    python = installed.venv / "bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    done = installed.start()
    assert "Réparation de l'environnement" in done.stderr
    assert 0 == done.returncode


@pytest.mark.long
def test_a_moved_project_is_made_again_where_it_is_now(project: Project) -> None:
    """An environment holds absolute paths, so one that was moved is replaced."""
    assert 0 == project.start().returncode
    moved = project.root.rename(project.root.parent / "ailleurs")
    project.root, project.venv = moved, moved / ".venv"
    done = project.start()
    assert "Réparation de l'environnement" in done.stderr
    assert str(project.venv) == json.loads(done.stdout)["prefix"]


@pytest.mark.long
def test_an_environment_made_by_hand_is_completed(project: Project) -> None:
    """Someone's own `.venv`, of the same Python, is kept and completed."""
    subprocess.run([sys._base_executable, "-m", "venv", project.venv], check=True)  # type: ignore[attr-defined]
    (project.venv / "mine").touch()
    done = project.start()
    assert 0 == done.returncode
    assert (project.venv / "mine").exists()
    assert "Réparation" not in done.stderr


def test_two_first_starts_at_once_make_one_environment(project: Project) -> None:
    """The second waits for the first, then finds everything ready."""
    both = [project.popen("due") for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [0, 0] == [process.returncode for process in both]
    assert 1 == sum("Création" in err for _, err in told)
    assert 1 == sum("attente de sa fin" in err for _, err in told)
    assert "" == project.start().stderr


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_told_kindly(project: Project, version: tuple[int, ...]) -> None:
    """Python below 3.11 reads the first file, and stops before anything is made."""
    ast.parse((LIB / "__main__.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    done = project.start(
        "demo",
        PYTHONPATH=project.simulate(f"import sys; sys.version_info = {(*version, 'final', 0)}"),
    )
    number = ".".join(map(str, version))
    assert_failure(
        done,
        f"Python 3.11 ou plus récent, et celui-ci est le {number}",
        f"Python 3.11 or newer, and this one is {number}",
    )
    assert not project.venv.exists()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_which_package_to_install(
    project: Project, module: str
) -> None:
    """Debian's Python comes without ensurepip: its package is named."""
    done = project.start(
        "demo", PYTHONPATH=project.simulate(f"import sys; sys.modules['{module}'] = None")
    )
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert_failure(done, f"sudo apt install {package}", f"sudo apt install {package}")


def test_a_registry_that_does_not_answer_is_told_and_spoils_nothing(installed: Project) -> None:
    """Without network a changed requirements.txt cannot be had: the old environment is whole, and
    goes on once it is put back.
    """
    files = [installed.root / name for name in ("requirements.txt", "lib/requirements.lock")]
    before = [file.read_text() for file in files]
    installed.require("nothing-such==1", index="--index-url http://127.0.0.1:9/simple")
    done = installed.start()
    assert_failure(
        done,
        "le dépôt des paquets Python ne répond pas",
        "the registry of Python packages does not answer",
    )
    for file, text in zip(files, before, strict=True):
        file.write_text(text)
    assert ("", 0) == ((again := installed.start()).stderr, again.returncode)


def test_what_the_lock_does_not_know_is_not_installed(installed: Project) -> None:
    """Requirements that changed without their lock are told before anything is installed."""
    (installed.root / "requirements.txt").write_text("releve==2\n")
    assert_failure(installed.start(), "ne connaît pas releve==2", "does not know releve==2")
    installed.require("releve==1")
    assert 1 == json.loads(installed.start().stdout)["version"]


def test_a_package_that_is_not_the_one_of_the_lock_is_refused(installed: Project) -> None:
    """A registry that hands out another file under that name and version installs nothing."""
    installed.require("releve==2")
    lock = installed.root / "lib/requirements.lock"
    lock.write_text(lock.read_text().replace(installed.digest("releve==2"), "0" * 64))
    assert_failure(installed.start(), "DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES")
    installed.require("releve==1")
    assert 1 == json.loads(installed.start().stdout)["version"]


def test_a_package_without_a_binary_is_not_built(installed: Project) -> None:
    """A source archive would run its setup.py here: it is none of those that are looked at."""
    with tarfile.open(installed.root / "wheels/source-1.tar.gz", "w:gz") as archive:
        (installed.root / "setup.py").write_text("raise SystemExit('it ran')")
        archive.add(installed.root / "setup.py", "source-1/setup.py")
    installed.require("releve==1", "source==1")
    lines = "No matching distribution found for source==1"
    assert_failure(installed.start(), lines, lines)
    installed.require("releve==1")


@pytest.mark.parametrize("layer", ["", "tests/"])
def test_the_lock_holds_what_is_installed(layer: str) -> None:
    """Every direct requirement at its version, every line with hashes, and nothing installed that
    is not in it: an environment made elsewhere, or next year, is this one."""
    project = LIB.parent
    lock = (project / f"{layer or 'lib/'}requirements.lock").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\S)", lock) if not block.startswith("#")]
    locked = {canonical(block.partition("==")[0]): block for block in blocks}
    assert all("--hash=sha256:" in block for block in blocks)
    direct = (project / f"{layer}requirements.txt").read_text(encoding="utf-8")
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", direct, re.MULTILINE):
        assert locked[canonical(name)].startswith(f"{canonical(name)}=={version} ")


def canonical(name: str) -> str:
    """As PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_package_that_does_not_exist_is_told_in_pip_s_words(installed: Project) -> None:
    """A failure of another kind keeps pip's own last error."""
    installed.require("nothing-such==1")
    done = installed.start()
    assert_failure(
        done,
        "No matching distribution found for nothing-such==1",
        "No matching distribution found for nothing-such==1",
    )
    installed.require("releve==1")


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True
    ).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@NEEDS_ROOT
def test_a_disk_too_small_is_told_before_it_is_filled(tmp_path: Path) -> None:
    """Where there is no room for the environment, none is begun."""
    with small_disk(tmp_path / "disk", 60) as disk:
        project = Project(disk / "releve")
        assert_failure(
            project.start(), "plus assez de place sur le disque", "not enough room left on the disk"
        )
        assert [project.venv / "releve.lock"] == list(project.venv.iterdir())


@pytest.fixture
def served(installed: Project) -> Iterator[str]:
    """The wheels by HTTP: what comes by the network passes by a temporary folder."""
    handler = partial(SimpleHTTPRequestHandler, directory=installed.root / "wheels")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@NEEDS_ROOT
def test_a_disk_filled_by_pip_is_told(installed: Project, served: str, tmp_path: Path) -> None:
    """When pip itself meets the end of the disk, the message says so; freed, the same command goes
    on.
    """
    installed.wheel("big", 1, {"big.bin": os.urandom(8_000_000).hex()})
    installed.require("releve==1", "big==1", index=f"--no-index --find-links {served}")
    with small_disk(tmp_path / "disk", 4) as disk:
        done = installed.start(TMPDIR=str(disk))
        assert_failure(
            done, "plus assez de place sur le disque", "not enough room left on the disk"
        )
    installed.require("releve==1")
    assert 0 == installed.start().returncode


def test_a_place_that_cannot_be_written_is_told(project: Project) -> None:
    """When the environment cannot be made where it belongs, one clear message says why."""
    project.venv.write_text("not a folder")
    assert_failure(project.start(), "le droit d'écrire", "you may write")


@pytest.mark.parametrize("settings_browser", ["auto", "msedge", "/nowhere/navigateur"])
def test_no_browser_to_be_had_is_told(
    installed: Project, tmp_path: Path, settings_browser: str
) -> None:
    """With none installed, no download and no apt-get, the message names what to install and what
    was asked for.
    """
    file = tmp_path / "r.toml"
    file.write_text(f'[portal]\nbrowser = "{settings_browser}"\n')
    done = installed.start("--settings", str(file), "rotate", "--due")
    assert_failure(done, f"demandé : « {settings_browser} »", f'asked for: "{settings_browser}"')


@pytest.mark.parametrize(
    "arguments",
    [["verify"], ["due"], ["credentials"], ["school"], ["doctor"], ["demo", "--help"], ["-h"], []],
)
def test_a_command_that_opens_no_page_needs_no_browser(
    installed: Project, arguments: list[str]
) -> None:
    """On a machine without any browser these still run."""
    done = installed.popen(*arguments)
    assert arguments == json.loads(done.communicate(timeout=60)[0])["arguments"]
    assert 0 == done.returncode


@pytest.mark.parametrize("where", ["before", "after", "equals", "environment", "default"])
def test_the_browser_that_the_settings_name_is_enough(
    installed: Project, tmp_path: Path, where: str
) -> None:
    """The settings are found where `releve` finds them, and a path that they name is taken before
    any download.
    """
    named = tmp_path / "navigateur"
    named.write_text("#!/bin/sh\n")
    named.chmod(0o755)
    file = tmp_path / "config/releve/releve.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'\ufeff[portal]\nbrowser = "{named}"\n', encoding="utf-8")
    options = {
        "before": ["--settings", str(file), "--json", "rehearse"],
        "after": ["rehearse", "--settings", str(file)],
    }
    options["equals"] = ["rehearse", f"--settings={file}"]
    more = {
        "environment": {"RELEVE_SETTINGS": str(file)},
        "default": {"XDG_CONFIG_HOME": str(tmp_path / "config")},
    }
    done = installed.start(*options.get(where, ["rehearse"]), **more.get(where, {}))
    assert (0, "") == (done.returncode, done.stderr)


def test_the_demonstration_reads_no_settings_of_the_user(
    installed: Project, tmp_path: Path
) -> None:
    """Whatever browser the user's settings name, the demonstration takes the one that is there."""
    (tmp_path / "r.toml").write_text('[portal]\nbrowser = "/nowhere/navigateur"\n')
    browser = installed.browser()
    try:
        assert 0 == installed.start("demo", RELEVE_SETTINGS=str(tmp_path / "r.toml")).returncode
    finally:
        browser.unlink()


def test_settings_that_cannot_be_read_are_left_to_releve(
    installed: Project, tmp_path: Path
) -> None:
    """A broken or absent settings file does not stop the bootstrap: `releve` says better what is
    wrong with it.
    """
    (tmp_path / "broken.toml").write_text("[portal\n")
    browser = installed.browser()
    try:
        for name in ("broken.toml", "absent.toml"):
            assert 0 == installed.start("rotate", "--settings", str(tmp_path / name)).returncode
        assert 0 == installed.start("rotate", "--settings").returncode
    finally:
        browser.unlink()


@NEEDS_ROOT
def test_on_debian_as_root_the_distribution_s_browser_is_installed(project: Project) -> None:
    """After Playwright's download failed, apt-get is asked, again after an update; the second start
    asks nothing.
    """
    tools, log = project.root.parent / "bin", project.root.parent / "apt.log"
    for name in ("env", "sh", "touch", "chmod"):
        (tools / name).symlink_to(shutil.which(name) or name)
    shell = tools / "chromium-headless-shell"
    (tools / "apt-get").write_text(
        f"#!/bin/sh\necho \"$@\" >> '{log}'\n"
        f"case \"$*\" in *update*) touch '{log}.updated';; "
        f"*) [ -e '{log}.updated' ] && touch '{shell}' && chmod 755 '{shell}';; esac\n"
    )
    (tools / "apt-get").chmod(0o755)
    told = project.start("demo")  # nobody is there to agree
    assert_failure(told, "paquets du système (chromium-headless-shell)", "--yes right after lib")
    assert not log.exists()
    assert 0 == (done := project.start("--yes", "demo")).returncode, done.stderr
    assert ["demo"] == json.loads(done.stdout)["arguments"]
    assert "Installation de paquets du système : chromium-headless-shell" in done.stderr
    asked = [line.rpartition("Timeout=120 ")[2] for line in log.read_text().splitlines()]
    wanted = "install -y --no-install-recommends chromium-headless-shell"
    assert [wanted, "update", wanted] == asked
    assert "" == project.start("demo").stderr


@pytest.mark.parametrize(
    ("codes", "expected"),
    [({}, 0), ({"ruff": 1, "pytest": 5}, 1), ({"mypy": 2, "pytest": 1}, 2), ({"pytest": 4}, 4)],
)
def test_test_runs_every_check_and_returns_the_first_failure(
    installed: Project, codes: dict[str, int], expected: int
) -> None:
    """ruff, mypy and pytest all run from the project's root, with pytest's own arguments; the first
    failure is the exit code.
    """
    for name in ("ruff", "mypy", "pytest"):
        installed.wheel(name, 1, {f"{name}.py": f"NAME = {name!r}\n{CHECK}"})
    installed.require("ruff==1", "mypy==1", "pytest==1", folder="tests/")
    browser = installed.browser()
    try:
        done = installed.start(
            "test",
            "-k",
            "word",
            cwd=installed.home,
            **{f"CODE_{name}": str(code) for name, code in codes.items()},
        )
        assert expected == done.returncode
        failed = ", ".join(codes).replace("mypy", "mypy, mypy (Windows)")
        assert ([f"Échec : {failed}"] if codes else []) == [
            line for line in done.stderr.splitlines() if "Échec" in line
        ]
        assert f"CHECK ruff check . {installed.root}\n" in done.stdout
        assert "CHECK mypy --config-file lib/pyproject.toml lib/releve " in done.stdout
        assert "lib/__main__.py --platform win32 --cache-dir " in done.stdout
        assert f"CHECK pytest tests -k word {installed.root}\n" in done.stdout
        one = installed.start("test", "tests/requirements.txt::x", cwd=installed.home)
        assert f"CHECK pytest tests/requirements.txt::x {installed.root}\n" in one.stdout
        assert "Installation" not in one.stderr
    finally:
        browser.unlink()


def test_the_settings_file_is_the_one_that_releve_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bootstrap cannot ask platformdirs, so its own rule must stay equal to that of
    `releve.settings`.
    """
    monkeypatch.syspath_prepend(str(LIB))
    from bootstrap import settings_path

    for name in ("RELEVE_SETTINGS", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert places.default_path() == settings_path(None)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/ailleurs")
    assert places.default_path() == settings_path(None)
    monkeypatch.setenv("RELEVE_SETTINGS", "/ici/r.toml")
    assert places.default_path() == settings_path(None)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without browsers: tests add those that they want under the returned folder."""
    places = {"msedge": "edge", "chrome": "chrome"}
    fake = {
        channel: browsers.CHANNELS[channel] | {sys.platform: str(tmp_path / name)}
        for channel, name in places.items()
    }
    monkeypatch.setattr(browsers, "CHANNELS", fake)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "ms-playwright"))
    return tmp_path


def add(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755)
    return str(path)


def test_browsers_are_taken_in_order(machine: Path) -> None:
    """Edge, Chrome, a system Chromium (its headless shell first when hidden), then Playwright's
    newest complete one.
    """
    with pytest.raises(browsers.BrowserNotFound, match="auto"):
        browsers.find()
    for revision in ("999", "1255", "1300"):
        add(
            machine
            / f"ms-playwright/chromium_headless_shell-{revision}"
            / "chrome-headless-shell-linux64/chrome-headless-shell"
        )
        add(machine / f"ms-playwright/chromium-{revision}/chrome-linux64/chrome")
        if revision != "1300":
            add(machine / f"ms-playwright/chromium_headless_shell-{revision}/INSTALLATION_COMPLETE")
            add(machine / f"ms-playwright/chromium-{revision}/INSTALLATION_COMPLETE")
    assert "chromium_headless_shell-1255" in str(browsers.find().executable)
    assert "chromium-1255" in str(browsers.find(headed=True).executable)
    full, shell = add(machine / "chromium"), add(machine / "chromium-headless-shell")
    assert (shell, full) == (browsers.find().executable, browsers.find(headed=True).executable)
    add(machine / "chrome")
    assert browsers.Browser("chrome", None, "Google Chrome") == browsers.find()
    add(machine / "edge")
    assert browsers.Browser("msedge", None, "Microsoft Edge") == browsers.find()
    assert shell == browsers.find("chromium").executable


def test_a_named_browser_is_the_only_one_looked_for(machine: Path) -> None:
    """A name or a path of the settings is never replaced by another browser."""
    own = add(machine / "mon navigateur")
    add(machine / "chromium")
    assert browsers.Browser(None, own, "mon navigateur") == browsers.find(own)
    for absent in ("msedge", "chrome", str(machine / "absent")):
        with pytest.raises(browsers.BrowserNotFound) as stop:
            browsers.find(absent, headed=True)
        assert f"« {absent} », avec une fenêtre visible" in stop.value.text


async def test_the_browser_found_is_one_that_playwright_drives() -> None:
    """What `find` returns on this machine is what Playwright's `launch` needs, and nothing more."""
    browser = browsers.find()
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            channel=browser.channel, executable_path=browser.executable
        )
        page = await running.new_page()
        assert 3 == await page.evaluate("1 + 2")
        await running.close()


@pytest.mark.parametrize(
    ("said", "french"),
    [
        ("ERROR: No matching distribution found for x\nNOTE: an error-free note", "distribution"),
        ("ERROR: Could not install packages due to an OSError: [WinError 32]", "s'en sert encore"),
        ("WARNING: … 407 Proxy Authentication Required", "veut un nom et un mot de passe"),
        ("OSError: [WinError 112] There is not enough space", "plus assez de place"),
    ],
)
def test_what_pip_says_is_understood(
    monkeypatch: pytest.MonkeyPatch, said: str, french: str
) -> None:
    """Windows' own ways to fail, a proxy that wants a login; pip's notes are no errors."""
    monkeypatch.syspath_prepend(str(LIB))
    from failures import pip_failed

    assert french in str(pip_failed(said))
