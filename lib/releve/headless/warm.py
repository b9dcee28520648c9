"""What the kernel of a fleet keeps between two notebooks: the browser, logged in."""

from __future__ import annotations

import gc
import sys

from releve.base.errors import ReleveError
from releve.base.secret import forget, registered
from releve.decision.procedure import GATE, PORTAL_STEPS
from releve.portal.pool import Pool

BEFORE_RESET = (*PORTAL_STEPS[:7], GATE)


class StoppedBeforeReset(ReleveError):
    """The operator stopped the fleet, and this rotation had changed nothing yet."""

    happened = "La tournée a été arrêtée à la demande de l'opérateur."
    safe = "Rien n'a été changé pour cette structure : le portail a toujours l'ancien mot de passe."
    todo = "Relancez la même commande : seules les structures qui restent seront faites."


class Kept:
    """The browser of the fleet."""

    def __init__(self) -> None:
        self.pool = Pool(keep=True)
        self.stopping = False
        self.secrets: tuple[str, ...] = ()  # known when the last notebook began


kept: Kept | None = None


def begin() -> None:
    """Keep the browser from now on. Safe to repeat."""
    global kept
    if kept is None:
        kept = Kept()
        gc.freeze()  # what is imported stays: each `clean` collects, and need not look at it again


def clean() -> None:
    """Between two notebooks: no variable, no output and no rotation of the last one is left."""
    from releve.jupyter import runbook

    runbook._session = None
    if kept:  # the last rotation's stay known: the page in hand may still show its password
        forget(kept.secrets)
        kept.secrets = registered()
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
        if shell is not None:
            shell.reset(new_session=True)


def stop_soon() -> None:
    """The operator stops the fleet: the rotation in hand ends here if its reset has not begun, else
    it is finished.
    """
    if kept:
        kept.stopping = True


def check(step: str, touched: bool) -> None:
    """Raises `StoppedBeforeReset` when the fleet is stopping and nothing is changed yet."""
    if kept and kept.stopping and step in BEFORE_RESET and not touched:
        raise StoppedBeforeReset


async def end() -> None:
    """Close the browser, whatever has already gone: the portal's session goes with it."""
    global kept
    held, kept = kept, None
    if held is not None:
        await held.pool.close()
