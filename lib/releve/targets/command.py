"""A program of the agency's own: the password on its standard input, the context in its
environment, exit 0 when it is entered.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from releve.base import disk
from releve.base.errors import ReleveError
from releve.base.secret import Secret, scrub
from releve.base.settings import Structure
from releve.decision.procedure import BY_ID

PATIENCE_SECONDS = 300


class CommandFailed(ReleveError):
    """The program did not say that it entered the password. Running it again is safe if the program
    is.
    """

    happened = "Le programme « {command} » n'a pas entré le mot de passe pour {name} ({why})."
    safe = "Le nouveau mot de passe est en sûreté dans le trousseau."
    todo = (
        "Réparez le programme, puis lancez « releve resume » : rien ne sera redemandé au portail."
    )
    goes_on = True


class CommandTarget:
    """Runs `command` of the settings; nothing of the password goes to its arguments or environment.
    """

    kind: ClassVar[str] = "command"
    mode: ClassVar[str] = "automatic"

    def __init__(self, structure: Structure, run: str) -> None:
        self.structure, self.run = structure, run

    async def show(self, step: str) -> str:
        return f"{BY_ID[step].title} : sans objet, le programme de la commune s'en charge"

    async def enter(self, secret: Secret) -> str:
        context = {
            "RELEVE_STRUCTURE": self.structure.siret,
            "RELEVE_NAME": self.structure.name,
            "RELEVE_ACCOUNT": self.structure.technical_account,
            "RELEVE_RUN": self.run,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self.structure.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=os.environ | context,
            )
        except OSError as error:
            raise self._failed(disk.why(error)) from None
        try:
            output, _ = await asyncio.wait_for(
                process.communicate(secret.reveal().encode()), PATIENCE_SECONDS
            )
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise self._failed(f"pas de réponse en {PATIENCE_SECONDS} secondes") from None
        if process.returncode != 0:
            said = scrub(output.decode(errors="replace")).strip().splitlines()
            raise self._failed(", ".join([f"code {process.returncode}", *said[-1:]]))
        return (
            f"le programme « {self.structure.command[0]} » a entré le mot de passe pour"
            f" {self.structure.name}"
        )

    def _failed(self, why: str) -> CommandFailed:
        return CommandFailed(command=self.structure.command[0], name=self.structure.name, why=why)

    async def capture(self, path: Path) -> bool:
        return False
