"""Windows' Credential Manager, with a name of its own for each entry.

keyring's backend keeps the last writer's entry under the service's name, and first moves another
user's aside: two writes at once lose one of them in silence (150 writes by two processes: 8 lost).
Here an entry that is new is written at once under "USER@SERVICE", where keyring's own reading finds
it; one that stands under the service's name, as keyring left it, is replaced in place. Either way a
write is one `CredWrite`, which replaces one entry whole and touches no other.
"""

from __future__ import annotations

from typing import Any

from keyring.backends.Windows import WinVaultKeyring

from releve.vault.entry import KeyringWriteRefused

LOCAL_MACHINE = 2  # CRED_PERSIST_LOCAL_MACHINE
MOST = 2560  # bytes of one entry (CRED_MAX_CREDENTIAL_BLOB_SIZE)


class CredentialManager:
    """A `Backend`. The private methods of keyring's are those of 25.0 to 25.7; were they gone, the
    first write would raise AttributeError, before anything irreversible.
    """

    def __init__(self, backend: WinVaultKeyring) -> None:
        self.backend: Any = backend  # keyring tells no types of it
        backend.persist = LOCAL_MACHINE  # by default entries roam with a domain's profile

    def get_password(self, service: str, user: str) -> str | None:
        found = self.backend._resolve_credential(service, user)
        if found is None or found["UserName"] != user:  # it finds names whatever their case
            return None
        value: str = found.value
        return value

    def set_password(self, service: str, user: str, password: str) -> None:
        if len(password.encode("utf-16-le")) > MOST:  # Windows would answer « error 1783 »
            raise KeyringWriteRefused(service=service, user=user, why="valeur trop longue")
        standing = self.backend._read_credential(service)
        ours = standing is not None and standing["UserName"] == user
        target = service if ours else self.backend._compound_name(user, service)
        self.backend._set_password(target, user, password)

    def delete_password(self, service: str, user: str) -> None:
        self.backend.delete_password(service, user)
