"""The made-up world behind the school's pages, without any HTTP: an in-process twin of the portal
uses it directly.

What is known of the real portal: a reset takes effect at once and voids the password before it; the
manager gets a mail; the password is shown once. What is a guess: that the API keeps accepting the
old password until a reset has propagated.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from releve.school.faults import Faults
from releve.school.ledger import Kind, Ledger
from releve.school.managers import PIGP, Door, Login, Manager, colleagues
from releve.school.people import (
    AWKWARD,
    DEMO_ACCOUNT,
    DEMO_NAME,
    DEMO_SIRET,
    User,
    commune_name,
    new_password,
    siret,
    users,
)

VALID_DAYS = 424
"""A technical account's password must be changed every 424 days (the portal's own rule)."""
_DEMO_PLACE = 23  # third page of "Mes structures"


Routes = Literal["gestionnaire", "raccordements", "both"]
"""Which ways to the reset the manager's home page shows."""


@dataclass
class Structure:
    """A budget entity and who is attached to it."""

    siret: str
    name: str
    users: tuple[User, ...]
    accounts: list[str]
    manager: str = ""
    """The login of its "gestionnaire principal"."""


@dataclass
class TechnicalAccount:
    """A technical account: its password, those it had, and what the API knows of it until
    `propagates_at`.
    """

    login: str
    password: str
    changed: datetime
    history: list[str] = field(default_factory=list)
    api_password: str = ""
    propagates_at: datetime | None = None

    @property
    def expires(self) -> datetime:
        """When the portal itself will refuse the password."""
        return self.changed + timedelta(days=VALID_DAYS)


@dataclass
class CorailRow:
    """One line of the accounting program's grid: which account it uses for a structure, and with
    which password.
    """

    account: str
    password: str


@dataclass(frozen=True)
class PisteApplication:
    """The application that is allowed to call the API."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Mail:
    """A mail that the manager received."""

    at: datetime
    subject: str
    body: str


class World:
    """Everything the school's sites know. One seed always gives the same structures and the same
    passwords.
    """

    def __init__(
        self,
        *,
        seed: int | None = 1,
        structures: int = 34,
        login: str = "xt012345",
        password: str = "Entrainement-2026",
        name: str = "Camille Modèle",
        email: str = "camille.modele@exemple.invalid",
        demo_account: str = DEMO_ACCOUNT,
        routes: Routes = "gestionnaire",
        totp_seed: str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        managers: int = 1,
        faults: Faults | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.rng = random.Random(seed)
        self.clock = clock
        self.faults = faults or Faults()
        self.manager = Manager(login, password, name, email, totp_seed)
        others = colleagues(self.manager, managers - 1)
        self.managers = {each.login: each for each in (self.manager, *others)}
        self.ledger = Ledger()
        self.mails: list[Mail] = []
        self.structures: dict[str, Structure] = {}
        self.accounts: dict[str, TechnicalAccount] = {}
        self.corail: dict[str, CorailRow] = {}
        self.salt = secrets.token_hex(16)
        self.routes = routes
        self.piste = PisteApplication(
            "application-ecole", new_password(random.Random(f"piste {seed}"), slash=False)
        )
        self.candidates: dict[str, str] = {}
        self._submitted: set[str] = set()
        self._people(max(1, structures), demo_account)

    def _people(self, count: int, demo_account: str) -> None:
        others = [
            (siret(number), commune_name(number - 2), number) for number in range(2, count + 1)
        ]
        place = min(_DEMO_PLACE, len(others))
        for code, label, number in [*others[:place], (DEMO_SIRET, DEMO_NAME, 1), *others[place:]]:
            self._add(code, label, number, [demo_account if number == 1 else self._account_name()])
        self._second_account()

    def _second_account(self) -> None:
        """Give the demonstration structure a second account, which also serves a budget of its
        own.
        """
        account, code = self._account_name(), siret(1, 2)
        self.accounts[account] = self._account(account)
        self.structures[DEMO_SIRET].accounts.append(account)
        if len(self.structures) > 1:
            self._add(code, f"{DEMO_NAME} - Régie des eaux", 9999, [account])

    def _add(self, code: str, label: str, number: int, accounts: list[str]) -> None:
        for account in accounts:
            self.accounts.setdefault(account, self._account(account))
        people, logins = users(number, 4 if code == DEMO_SIRET else 2), list(self.managers)
        manager = logins[0 if label.startswith(DEMO_NAME) else number % len(logins)]
        self.structures[code] = Structure(code, label, people, accounts, manager)
        self.corail[code] = CorailRow(accounts[0], self.accounts[accounts[0]].password)

    def _account_name(self) -> str:
        return f"TECH_1_{self.rng.randrange(10**7, 10**8)}@cpro.fr"

    def _account(self, login: str) -> TechnicalAccount:
        changed = self.clock() - timedelta(days=self.rng.randrange(330, 400))
        return TechnicalAccount(login, new_password(self.rng, slash=False), changed)

    def note(self, kind: Kind, *, account: str = "", siret: str = "", detail: str = "") -> None:
        """Write one line of the ledger."""
        now = self.clock().isoformat(timespec="milliseconds")
        self.ledger.add(now, kind, account=account, siret=siret, detail=detail)

    def known(self, login: str) -> Manager | None:
        """Whose login or e-mail address that is."""
        login = login.strip()
        return next((m for m in self.managers.values() if login in (m.login, m.email)), None)

    def log_in(self, login: str, password: str, door: Door = PIGP) -> Login:
        """The answer of one of the portal's forms to a login."""
        manager, now = self.known(login), self.clock()
        if self.faults.locked or (manager and manager.locked(door, now)):
            self.note("login_refused", detail="locked")
            return Login.LOCKED
        right = not self.faults.wrong_password
        answer = manager.answer(door, password, now, right=right) if manager else Login.REFUSED
        if answer is Login.ACCEPTED:
            self.note("login", detail="" if manager is self.manager else login.strip())
        else:
            self.note("login_refused", detail="password")
        if answer is Login.LOCKED:
            self.note("account_locked")
        return answer

    def search(self, words: str, manager: Manager | None = None) -> list[Structure]:
        """The structures of that manager (by default of all) whose name or SIRET holds `words`,
        accents and case apart.
        """
        wanted = plain(words).replace(" ", "")
        return [
            each
            for each in self.structures.values()
            if wanted in plain(each.siret + each.name).replace(" ", "")
            and (manager is None or each.manager == manager.login)
        ]

    def generate(self) -> str:
        """A password as the portal would make it, with a "/" or not as the faults say."""
        chance = None if self.faults.slash_random else False
        slash = self.faults.spends("slash_in_first") or chance
        password = new_password(self.rng, slash=slash)
        return f" {AWKWARD}{password[:8]} " if self.faults.awkward_passwords else password

    def reset(self, account: str, *, siret: str = "", password: str = "") -> str:
        """Give the account a new password, at once, and mail the manager. Raises KeyError for an
        unknown account.
        """
        technical = self.accounts[account]
        technical.api_password = self.api_password(account)
        technical.propagates_at = self._propagation(siret)
        technical.history.append(technical.password)
        technical.password, technical.changed = password or self.generate(), self.clock()
        owners = (each.siret for each in self.structures.values() if account in each.accounts)
        code = siret or next(owners)
        self.note("reset", account=account, siret=code)
        self._mail_reset(account, self.structures[code])
        return technical.password

    def _propagation(self, siret: str) -> datetime | None:
        seconds, now = self.faults.of(siret).propagation_seconds, self.clock()
        never = datetime.max.replace(tzinfo=now.tzinfo)
        return never if seconds < 0 else now + timedelta(seconds=seconds)

    def _mail_reset(self, account: str, structure: Structure) -> None:
        now = self.clock()
        body = (
            f"Bonjour,\n\nLe mot de passe de l'utilisateur technique {account}, rattaché à la"
            f" structure {structure.name} ({structure.siret}), a été réinitialisé le"
            f" {now:%d/%m/%Y à %H:%M:%S}.\n\nSi vous n'êtes pas à l'origine de cette demande,"
            " signalez-le à votre support."
        )
        subject = "Réinitialisation du mot de passe d'un utilisateur technique"
        self.mails.append(Mail(now, subject, body))

    def candidate(self, account: str, *, siret: str = "") -> str:
        """The password that the form of the route "raccordements" offers. Raises KeyError for an
        unknown account.
        """
        faults, kept = self.faults.of(siret), self.candidates.get(account)
        again = faults.leaving_keeps_candidate and account not in self._submitted
        offered = kept if kept and again else self.generate()
        self._submitted.discard(account)
        self.candidates[account] = offered
        self.note("candidate_shown", account=account, siret=siret)
        if faults.effect_at == "display" and offered != self.accounts[account].password:
            self.reset(account, siret=siret, password=offered)
        return offered

    def submit(self, account: str, *, siret: str = "") -> None:
        """Submit the last candidate: it takes effect unless its display already did that. Raises
        KeyError without a candidate.
        """
        offered = self.candidates[account]
        self.note("submitted", account=account, siret=siret)
        self._submitted.add(account)
        if self.faults.of(siret).effect_at == "submit":
            self.reset(account, siret=siret, password=offered)

    def resets(self, account: str = "") -> int:
        """How many times the portal reset that account's password, or (by default) any
        account's.
        """
        return self.ledger.count("reset", account)

    def api_password(self, account: str) -> str:
        """The password that the API accepts now: the last one that has propagated."""
        technical = self.accounts[account]
        waiting = technical.propagates_at is not None and self.clock() < technical.propagates_at
        return technical.api_password if waiting else technical.password

    def propagate(self) -> None:
        """Let every reset reach the API now, whatever `propagation_seconds` says."""
        for technical in self.accounts.values():
            technical.propagates_at = None

    def corail_save(self, siret: str, password: str) -> None:
        """What "Valider" does in the accounting program. Raises KeyError for an unknown
        structure.
        """
        self.corail[siret].password = password
        self.note("corail_saved", account=self.corail[siret].account, siret=siret)

    def corail_matches(self, siret: str) -> bool:
        """Whether the accounting program holds the password that the portal really has."""
        row = self.corail[siret]
        return self.accounts[row.account].password == row.password

    def digest(self, value: str) -> str:
        """A salted fingerprint: equal values are seen to be equal, and nothing else is seen."""
        return hashlib.sha256(f"{self.salt}{value}".encode()).hexdigest()

    def report(self) -> dict[str, object]:
        """The ledger as other processes read it: entries, resets by account, fingerprints by
        structure; no password.
        """
        return {
            "entries": [vars(entry) for entry in self.ledger.entries],
            "resets": {
                account: count for account in self.accounts if (count := self.resets(account))
            },
            "mails": len(self.mails),
            "salt": self.salt,
            "structures": {code: self._fingerprints(code) for code in self.structures},
        }

    def _fingerprints(self, code: str) -> dict[str, object]:
        row = self.corail[code]
        portal, corail = self.digest(self.accounts[row.account].password), self.digest(row.password)
        return {
            "name": self.structures[code].name,
            "account": row.account,
            "portal": portal,
            "corail": corail,
            "matches": portal == corail,
        }


def plain(text: str) -> str:
    """`text` without accents, in lower case."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(each for each in letters if not unicodedata.combining(each)).lower()
