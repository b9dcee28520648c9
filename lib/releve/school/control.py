"""Two origins beside the portal's: the manager's mailbox, and the control that other processes read
and turn.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from releve.school.web import Page

JSON = "application/json"


class Mailbox(Page):
    """The mails that the manager received, newest first; never a password."""

    site = "mailbox"

    async def get(self) -> None:
        await self.show("", "mailbox.html", {"mails": self.world.mails[::-1]})


class ControlPage(Page):
    """Answers this machine's own programs only: whoever has the address with its token, by the name
    of this very host (no page elsewhere can have a browser ask it), in JSON.
    """

    def prepare(self) -> None:
        """Refuse everything else."""
        here = urlsplit(self.desk.urls.control).netloc
        kind = self.request.headers.get("Content-Type", "").partition(";")[0]
        if self.request.host != here or (self.request.method == "POST" and kind != JSON):
            self.set_status(403)
            self.finish({"error": "refusé"})


class KeyringPage(ControlPage):
    """The keyring of made-up passwords (`vault.made_up`)."""

    def post(self) -> None:
        try:
            answer = self.desk.keyring.do(*json.loads(self.request.body))
        except (ValueError, TypeError) as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
            return
        self.finish(json.dumps(answer))


class Health(ControlPage):
    """Whether the school answers."""

    def get(self) -> None:
        self.finish({"ok": True})


class LedgerPage(ControlPage):
    """The ledger as JSON; passwords only as salted fingerprints."""

    def get(self) -> None:
        self.finish(self.world.report())


class FaultsPage(ControlPage):
    """The switches, for other processes."""

    def get(self) -> None:
        faults = self.desk.faults
        self.finish(
            {
                name: value
                for name, value in vars(faults).items()
                if not name.startswith("_") and name != "per_structure"
            }
        )

    def post(self) -> None:
        """Set switches from a JSON object of names and texts, as on the command line."""
        try:
            for name, value in json.loads(self.request.body).items():
                if isinstance(value, dict) and name in vars(self.desk.faults):
                    setattr(self.desk.faults, name, value)
                else:
                    self.desk.faults.set(
                        name, str(int(value) if isinstance(value, bool) else value)
                    )
        except (ValueError, AttributeError) as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
            return
        self.get()


class Propagate(ControlPage):
    """Lets the resets reach the API now."""

    def post(self) -> None:
        self.world.propagate()
        self.finish({"ok": True})


MAILBOX_ROUTES = [(r"/", Mailbox)]
CONTROL_ROUTES = [
    (r"/health", Health),
    (r"/ledger", LedgerPage),
    (r"/faults", FaultsPage),
    (r"/propagate", Propagate),
    (r"/keyring", KeyringPage),
]
