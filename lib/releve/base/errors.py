"""What an operator reads when something stops: what happened, what is safe, what to do next.

Every error that can reach an operator derives from `ReleveError`, and lives beside the code that
raises it (`PasswordRefused(login="xt012345")`). Its three French sentences stand under its name in
`erreurs.toml`; one that is missing there is that of the error which it is a kind of.
"""

from __future__ import annotations

import re
from typing import ClassVar

from releve.base.texts import SENTENCES

OUTCOME = "application/vnd.releve.outcome+json"
"""What a run that ends on an error leaves in its notebook for programs: {"code": its exit code,
"error": the error's name}.
"""
LABELS = ("Ce qui s'est passé", "Ce qui est sûr", "Ce qu'il faut faire")


_COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(fact: object) -> object:
    """What may come from a folder that others can write gives a terminal no commands; anything
    else is itself (a documented wording knows its key).
    """
    if not isinstance(fact, str) or not _COMMANDS.search(fact):
        return fact
    return _COMMANDS.sub("\N{REPLACEMENT CHARACTER}", fact)


class Sentence:
    """One of an error's three sentences, its facts not filled in."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, error: object, kind: type) -> str:
        own = (SENTENCES.get(each.__name__, {}) for each in kind.__mro__)
        return next(each[self._name] for each in own if self._name in each)


class ReleveError(Exception):
    """A stop that was foreseen. Its `code` is the exit code when nothing irreversible was begun
    (design: exit codes).
    """

    code: int = 5
    happened, safe, todo = Sentence(), Sentence(), Sentence()
    goes_on: ClassVar[bool] = False  # `todo` already says how the rotation is taken up again

    def __init__(self, **facts: object) -> None:
        self.facts = {name: printable(fact) for name, fact in facts.items()}
        self.exit_code = self.code  # what the whole rotation makes of it, once that is known
        self._placed: tuple[str, str] | None = None
        super().__init__(self.sentences[0])

    def place(self, safe: str, todo: str) -> None:
        """Replace the last two sentences by what the whole rotation's situation says: the error
        alone knows less.
        """
        self._placed = (safe, todo)

    @property
    def sentences(self) -> tuple[str, str, str]:
        """What happened, what is safe, what to do next: three French sentences."""
        own = (self.happened, self.safe, self.todo)
        happened, safe, todo = (text.format_map(self.facts) for text in own)
        return (happened, *(self._placed or (safe, todo)))

    @property
    def text(self) -> str:
        """The three sentences under their labels, one a line."""
        labelled = zip(LABELS, self.sentences, strict=True)
        return "\n".join(f"{label} : {sentence}" for label, sentence in labelled)

    def _render_traceback_(self) -> list[str]:
        """IPython shows this instead of a traceback: no operator ever reads one."""
        return self.text.splitlines()


class UsageError(ReleveError):
    """Bad arguments or settings: nothing was begun."""

    code = 2


class PersonNeeded(ReleveError):
    """A gate, a one-time code, a guided target: nothing lost, `releve resume` goes on."""

    code = 4


class UnforeseenError(ReleveError):
    """Anything that no one foresaw; its traceback, scrubbed, goes to the record for the
    maintainers.
    """


class Paused(PersonNeeded):
    """A person chose to go on later: nothing went wrong, and nothing is journalled as if it had."""

    goes_on = True
