"""What the school was asked to do, in order: tests count resets here, they do not guess them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "login", "login_refused", "account_locked", "code_sent", "code_refused", "informations_checked",
    "reset", "reset_refused", "summary_shown", "pdf_exported", "candidate_shown",
    "candidate_dropped", "submitted", "api_called", "corail_saved", "logout", "trap",
]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One thing that was asked of the school; never a password."""

    number: int
    at: str
    kind: Kind
    account: str = ""
    siret: str = ""
    detail: str = ""


@dataclass
class Ledger:
    """The entries so far, and who wants to hear of each new one."""

    entries: list[Entry] = field(default_factory=list)
    listeners: list[Callable[[Entry], None]] = field(default_factory=list)

    def add(
        self, at: str, kind: Kind, *, account: str = "", siret: str = "", detail: str = ""
    ) -> None:
        """Append one entry and tell the listeners."""
        entry = Entry(len(self.entries) + 1, at, kind, account, siret, detail)
        self.entries.append(entry)
        for listener in self.listeners:
            listener(entry)

    def count(self, kind: Kind, account: str = "") -> int:
        """How many entries of that kind there are, for one account or (by default) for all."""
        return sum(entry.kind == kind and account in ("", entry.account) for entry in self.entries)
