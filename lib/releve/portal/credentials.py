"""What the keyring holds for the manager's login, and which password the portal refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from functools import partial
from pathlib import Path

from filelock import AsyncFileLock

from releve.base import disk
from releve.base.errors import PersonNeeded, UsageError
from releve.base.secret import Secret, is_plain
from releve.base.settings import Portal, Settings
from releve.portal import errors as e
from releve.vault.keystore import Keystore

QUEUE_SECONDS = 120.0  # for others to be told what the portal says of the same password


class PlainPassword(UsageError):
    """A password that nothing can mask: it is not typed. Nothing was begun."""


class StoredForOthers(PersonNeeded):
    """The settings allow an origin for which the password was not stored. Nothing was begun."""


class Credentials:
    """What the keyring holds for the manager's login. Every method may block on the keyring: call
    it in a thread.

    `lock` is held while a password or a code is in question: processes that share `outputs` would
    else all try the one that is refused, each for its first time.
    """

    def __init__(
        self,
        keystore: Keystore,
        login: str,
        outputs: Path,
        origins: Collection[str] = (),
        *,
        herself: bool = False,
    ) -> None:
        """`herself`: the person logs in at the portal; no password of it is read or asked for."""
        self.keystore, self.login, self.origins = keystore, login, set(origins)
        self.herself = herself
        name = re.sub(r"[^\w.@-]", "_", login)
        locks = outputs / ".locks"
        self.lock = AsyncFileLock(
            locks / f"login-{name}.lock",
            QUEUE_SECONDS,
            thread_local=False,
            run_in_executor=False,
            on_acquired=partial(disk.open_to, folder=locks),
        )
        self.typed: Secret | None = None  # by a person who does not want it kept
        self._asked = keystore.entry("second-factor", login)
        self._refused, self._last_step = keystore.refusal(login), keystore.entry("otp-used", login)

    @classmethod
    def of(cls, keystore: Keystore, settings: Settings, portal: Portal) -> Credentials:
        """Those of the manager who goes to `portal`, as these settings have it done."""
        herself = portal.sign_in == "person"
        folder = settings.record.folder
        return cls(keystore, portal.login, folder, portal.origins, herself=herself)

    def password(self) -> Secret:
        """Raises `CredentialMissing`, `PlainPassword`, `StoredForOthers`, `AlreadyRefused` when the
        portal refused this very password before, or `SignInNeeded` when there is to be none.
        """
        if self.herself:
            raise e.SignInNeeded
        password = self.typed or self.keystore.portal_password(self.login).require()
        if is_plain(password.reveal()):
            raise PlainPassword(login=self.login)
        if self.typed is None:
            self._check_origins()
        known = self._refused.get()
        if known is not None and known.reveal() == _fingerprint(password):
            raise e.AlreadyRefused(login=self.login)
        return password

    def _check_origins(self) -> None:
        """A password is typed on the origins for which it was stored, or first used, and nowhere
        else, whatever the settings have come to say.
        """
        entry = self.keystore.bound_origins(self.login)
        bound = entry.text()
        if bound is None:
            entry.set_text(" ".join(sorted(self.origins)))
        elif more := self.origins - set(bound.split()):
            raise StoredForOthers(login=self.login, origins=", ".join(sorted(more)))

    def remember_refusal(self, password: Secret) -> None:
        """Keep, in the keyring, that the portal refused this password, until a person vouches for
        it.
        """
        self._refused.set(Secret(_fingerprint(password)))

    def forget_refusal(self) -> None:
        """A person vouches for the password: one more try. An account that was locked may have been
        opened again as it was.
        """
        self._refused.delete()

    def note_person_needed(self, factor: str) -> None:
        """Keep that the portal asks a person for a "code" or a "key": at night nobody gives it."""
        self._asked.set_text(factor)

    def person_needed(self) -> str:
        """Which second factor nobody but a person could give; "" as far as is known."""
        asked = self._asked.text() or ""
        return "" if asked == "code" and self.seed() else asked

    def seed(self) -> Secret | None:
        """The authenticator's seed, if one is kept."""
        return self.keystore.otp_seed(self.login).get()

    def spend(self, step: int) -> bool:
        """Take the code of that interval; False when it, or a later one, was taken before, by any
        process.
        """
        last = self._last_step.get()
        if last is not None and int(last.reveal()) >= step:
            return False
        self._last_step.set(Secret(str(step)))
        return True


def _fingerprint(password: Secret) -> str:
    return hashlib.sha256(password.reveal().encode()).hexdigest()
