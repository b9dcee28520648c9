"""What an operator reads when something stops: what happened, what is safe, what to do next.

Every error that can reach an operator derives from `ReleveError`, and lives beside the code that
raises it (`PasswordRefused(login="xt012345")`). Its three French sentences stand under its name in
`erreurs.toml`; one that is missing there is that of the error which it is a kind of.
"""

from __future__ import annotations

import re
from typing import ClassVar

from releve.base.texts import SENTENCES, text

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
    """One of an error's three sentences, its facts not filled in; `here` in its place, where there
    is such a one.
    """

    def __init__(self, here: str = "") -> None:
        self._here = here

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name.removesuffix("_here")

    def __get__(self, error: object, kind: type) -> str:
        own = (SENTENCES.get(each.__name__, {}) for each in kind.__mro__)
        found = next(each for each in own if self._name in each)
        return found.get(self._here, found[self._name])


class ReleveError(Exception):
    """A stop that was foreseen. Its `code` is the exit code when nothing irreversible was begun
    (design: exit codes).
    """

    code: int = 5
    happened, safe, todo, todo_here = Sentence(), Sentence(), Sentence(), Sentence("here")
    goes_on: ClassVar[bool] = False  # `todo` already says how the rotation is taken up again

    def __init__(self, **facts: object) -> None:
        self.facts = {name: printable(fact) for name, fact in facts.items()}
        self.exit_code = self.code  # what the whole rotation makes of it, once that is known
        self._placed: tuple[str, str, str] | None = None
        self._alone = False
        super().__init__(self.sentences[0])

    def place(self, safe: str, todo: str = "", here: str = "", *, alone: bool = False) -> None:
        """Say what is safe, and add what to do, as the whole rotation's situation has it: the error
        alone knows less. `alone`: what the error says is to be done is left out. `here`: in place
        of `todo` for who has a button, with `{press}` where it is pressed.
        """
        self._placed, self._alone = (safe, todo, here or todo), alone

    @property
    def sentences(self) -> tuple[str, str, str]:
        """What happened, what is safe, what to do next: three French sentences."""
        happened, safe, todo = (
            each.format_map(self.facts) for each in (self.happened, self.safe, self.todo)
        )
        if self._placed is None:
            return happened, safe, todo
        return happened, self._placed[0], self._with(todo, self._placed[1])

    def here(self, button: str) -> str:
        """What to do next, for who types no command and edits no settings, and has that button."""
        press = text("trouble.press", button=button)
        facts = {"press": press, "Press": press[0].upper() + press[1:]}
        own = self.todo_here.format_map(self.facts | facts)
        if self._placed is None:
            return own
        placed = self._placed[2]  # which may quote anything: no format
        for name, said in facts.items():
            placed = placed.replace(f"{{{name}}}", said)
        return self._with(own, placed)

    def _with(self, own: str, placed: str) -> str:
        return placed if self._alone else f"{own} {placed}".strip()

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
