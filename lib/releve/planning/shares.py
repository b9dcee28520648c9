"""Who does what in a fleet: a login is one worker's at a time, and all workers end together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from releve.base.settings import Settings, Structure

TURN = 5  # structures: what a change of login must gain, since it costs a log-in


def one_each(structures: Iterable[Structure]) -> list[Structure]:
    """One structure for each technical account: the rotation serves all those that share it."""
    found: dict[str, Structure] = {}
    for structure in structures:
        found.setdefault(structure.technical_account, structure)
    return list(found.values())


class Shares:
    """The structures still to be given out, by login. No method blocks."""

    def __init__(self, settings: Settings, structures: Iterable[Structure]) -> None:
        self._waiting: dict[str, deque[Structure]] = {}
        self._settings, self._taken, self._again = settings, set[str](), set[str]()
        for each in structures:
            self._waiting.setdefault(settings.login_of(each), deque()).append(each)

    @property
    def logins(self) -> int:
        """How many logins there are."""
        return len(self._waiting)

    @property
    def left(self) -> list[Structure]:
        """What was not given out."""
        return [each for waiting in self._waiting.values() for each in waiting]

    def take(self, login: str) -> Structure | None:
        """The next one for a worker whose login was `login` ("" before its first): of the same
        login, unless another that nobody uses has `TURN` more to do. None: nothing for it now.
        """
        self._taken.discard(login)
        free = [each for each in self._waiting if each not in self._taken]
        most = max(free, key=lambda each: len(self._waiting[each]), default="")
        own = len(self._waiting.get(login, ()))
        chosen = login if own and len(self._waiting[most]) - own < TURN else most
        if not self._waiting.get(chosen):
            return None
        self._taken.add(chosen)
        return self._waiting[chosen].popleft()

    def once_more(self, structure: Structure) -> bool:
        """Put it back behind the others of its login; False when that was done before."""
        if structure.siret in self._again:
            return False
        self._again.add(structure.siret)
        self._waiting[self._settings.login_of(structure)].append(structure)
        return True

    def drop(self, login: str) -> list[Structure]:
        """No more of that login; returns what was not given out."""
        waiting = self._waiting[login]
        self._waiting[login] = deque()
        return list(waiting)
