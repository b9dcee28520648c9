"""A program of the agency's own: the password on its standard input, the context in its
environment, exit 0 when it is entered.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Structure
from releve.decision.procedure import BY_ID

PATIENCE_SECONDS = 300
_PASSED = {
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERNAME"),
    *("USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"),
}


class CommandFailed(ReleveError):
    """The program did not say that it entered the password. Running it again is safe if the program
    is.
    """

    goes_on = True


class CommandTarget:
    """Runs `command` of the settings; nothing of the password goes to its arguments or environment.

    What it prints goes nowhere: it may print what it was given. Whatever it started ends with it.
    """

    mode: ClassVar[str] = "automatic"

    def __init__(self, structure: Structure, run: str) -> None:
        self.structure, self.run = structure, run

    async def show(self, step: str) -> str:
        return f"{BY_ID[step].title} : sans objet, le programme de la commune s'en charge"

    async def enter(self, secret: Secret) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.structure.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise self._failed(disk.why(error)) from None
        try:
            await asyncio.wait_for(process.communicate(secret.reveal().encode()), PATIENCE_SECONDS)
        except TimeoutError:
            raise self._failed(f"pas de réponse en {PATIENCE_SECONDS} secondes") from None
        finally:
            _end(process)
            await process.wait()
        if process.returncode != 0:
            raise self._failed(f"code {process.returncode}")
        return (
            f"le programme « {self.structure.command[0]} » a entré le mot de passe pour"
            f" {self.structure.name}"
        )

    def _environment(self) -> dict[str, str]:
        """What any program needs of ours, and its context."""
        return {name: value for name, value in os.environ.items() if name.upper() in _PASSED} | {
            "RELEVE_STRUCTURE": self.structure.siret,
            "RELEVE_NAME": self.structure.name,
            "RELEVE_ACCOUNT": self.structure.technical_account,
            "RELEVE_RUN": self.run,
        }

    def _failed(self, why: str) -> CommandFailed:
        return CommandFailed(command=self.structure.command[0], name=self.structure.name, why=why)

    async def capture(self, path: Path) -> bool:
        return False


def _end(process: asyncio.subprocess.Process) -> None:
    """The program and all that it started in the background."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.returncode is None:
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(tree, capture_output=True, check=False)
