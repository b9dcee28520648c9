"""The structure's card: its attached users, and the reset button of one account."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from releve.base.words import Words, whole
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.confirm import Question, question
from releve.portal.find import STUCK
from releve.portal.lists import DropDown, lone, numbered, pick
from releve.portal.rows import Act, Missing, Move, Proof, reset, revealed
from releve.portal.screen import Screen, text, want
from releve.portal.sight import Abstention, decide, innermost, level, named
from releve.portal.view import Text, Thing, View

_CALLED = re.compile(  # of a list of kinds of users
    r"(?:\W|\b(?:types?|natures?|cat[ée]gories?|profils?|afficher|filtrer|filtres?|listes?|par|les?"
    r"|des?|d|du|utilisateurs?|comptes?)\b)*",
    re.IGNORECASE,
)
_ADDS = re.compile("[+＋➕−➖]")  # one, or takes it out
_KIND = re.compile(r"\b(?:utilisateurs?|comptes?|personnes?|tous|toutes)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """What was found in the menu of that account's row, and in which document."""

    account: str
    step: Move
    document: float | None


class ModificationDeLaStructure(Screen):
    """The structure's card: folded panels, and the attached users at its foot."""

    step, title, mark = "structure", "Modification de la structure", text("structure.title")

    async def go(self, case: Case) -> str:
        await self.reached()
        await self.check_target(case.siret)
        step = await self.reset_button(case.siret, case.account)
        await (await self.finder.element(step.thing)).scroll_into_view_if_needed()
        return (
            f"le compte technique {case.account} est rattaché à la structure, son bouton est actif"
        )

    async def arrived(self, case: Case) -> None:
        await self.reset_button(case.siret, case.account)

    async def check_target(self, siret: str) -> None:
        """Prove which structure this is: its SIRET is on the card. Raises what says that it is not
        seen.
        """

        def told(view: View) -> bool | Abstention:
            return siret in view.found("siret") or Abstention("SIRET")

        if await self.finder.settled(told, STUCK) is not True:  # it may be drawn late
            raise await self.browser.diagnose(siret)

    async def accounts(self) -> tuple[str, ...]:
        """The technical accounts on the card, once its parts were looked through."""

        def listed(view: View) -> tuple[str, ...] | Abstention:
            return tuple(view.found("account")) or Abstention("compte technique")

        part = want(self.words, "structure.part")
        found = await self.finder.settled(listed, section=part)
        if isinstance(found, Abstention) and await self._technical():
            found = await self.finder.settled(listed, section=part)
        return () if isinstance(found, Abstention) else found

    async def is_secondary(self) -> bool:
        """Whether the card says that the manager may not reset."""
        view = await self.finder.look()
        return view.says(self.words.find("structure.secondary")) is not None

    async def reset_button(self, siret: str, account: str) -> Move:
        """The enabled reset button of `account`, and of no other. Raises the `PortalError` that
        says why there is none. Where the account is on the card because it was chosen here, the
        button is that one's by its place alone.
        """
        step = await self._button(siret, account)
        chosen = account in self.browser.memo.get("chosen", ()) and not step.proof.weak
        return replace(step, proof=Proof.PLACE) if chosen else step

    async def _button(self, siret: str, account: str) -> Move:
        known = self.browser.memo.get("item")
        if isinstance(known, Item) and known.account == account and await self._still(known):
            return known.step
        for _ in range(4):
            step = await self._next(siret, account)
            if step.act is Act.PRESS:
                return step
            if step.act is Act.CHECK:
                await self.finder.press(step.thing)
            elif found := await self._opened(step, siret, account):
                return found
        raise self._missing(siret)

    def _missing(self, siret: str) -> e.ResetButtonMissing:
        return e.ResetButtonMissing(siret=siret, wanted=self.words.first("reset.button"))

    async def _next(self, siret: str, account: str, parts: int = 20) -> Move:
        button, short = want(self.words, "reset.button"), want(self.words, "reset.short")
        missing: list[Missing] = []

        def decided(view: View) -> Move | Abstention:
            found = reset(view, account, button, short)
            if isinstance(found, Move):
                return found
            missing[:] = [found]
            return Abstention(button.label, 0, found.seen)

        users, part = (want(self.words, f"structure.{each}") for each in ("users", "part"))
        found = await self.finder.settled(decided, section=part)
        if isinstance(found, Move):
            return found
        lost = not missing[0].there and parts
        if lost and (await self._choose(account) or await self._elsewhere(siret)):
            return await self._next(siret, account, 0)
        if lost and (await self._technical() or await self._further()):
            return await self._next(siret, account, parts - 1)
        if not missing[0].there and await self._hides(account):
            if await self.finder.taught(Abstention(users.label), lambda v: decide(v, users)):
                return await self._next(siret, account)
            raise await self.browser.diagnose(account)
        if missing[0].there and await self.finder.taught(found, decided):
            return await self._next(siret, account)
        if missing[0].there and (changed := self.finder.otherwise(found)):
            raise changed
        raise self._why(missing[0], await self.is_secondary(), siret, account)

    async def _choose(self, account: str) -> bool:
        """Choose it in the card's own list of accounts; never in one that a form may send."""
        found = await pick(self.finder, whole(account), lambda each: not each.form)
        if found:
            self.browser.memo.setdefault("chosen", set()).add(account)
        return found

    async def _technical(self) -> bool:
        """Have the technical accounts listed, where the card has one list of kinds of users, with
        which nothing is sent, alone on the first line under their title: else it may be somebody's.
        """
        technical = self.words.exact("structure.technical")
        users = self.words.find("structure.users")
        view = await self.finder.look()
        every = [t for t in view.texts if t.shown]

        def lists(thing: Thing) -> bool:
            fits = len([*filter(technical.search, thing.entries)]) == 1
            kinds = all(map(_KIND.search, thing.entries))
            return fits and kinds and not thing.form and thing.region in ("main", "")

        def first(thing: Thing) -> bool:
            texts = [t for t in every if t.frame == thing.frame and not _CALLED.fullmatch(t.text)]
            there: list[Thing | Text] = [*texts, *view.of_kind("press", "check", "radio")]
            over = [t.text for t in texts if t.at < thing.at]
            alone = not any(level(thing, each) for each in there)
            return alone and bool(over) and users.search(over[-1]) is not None

        found = [t for t in lone(view) if lists(t)]
        if len(found) != 1 or not first(found[0]) or technical.search(found[0].selected):
            return False
        return await DropDown.at(self.finder, found[0]).choose(technical)

    async def _elsewhere(self, siret: str) -> bool:
        """Show its users, or its technical accounts, where the card has one thing of that very name
        (and their count) that shows them, or leads to their page, or to the rest of its accounts;
        it must be this one's.
        """
        view, part = await self.finder.look(), self.words.exact("structure.part")
        never = self.words.find("opening.never")

        def shows(thing: Thing) -> bool:
            called = (re.sub(r"\d", "", each) for each in (*thing.names.values(), thing.head))
            done = thing.opens or thing.open or thing.current or thing.submits or thing.toggles
            else_ = never.search(thing.words) or _ADDS.search(thing.words)
            tab = thing.role == "tab" and not thing.href  # it was opened, if it helps
            return thing.enabled and not (done or tab or else_) and any(map(part.search, called))

        every = innermost(t for t in view.of_kind("press") if shows(t))
        links = [t for t in every if t.region in ("main", "")] or every or more(view, self.words)
        if len(links) == 1:
            await self.finder.press(links[0])
            await self.check_target(siret)
        return len(links) == 1

    async def _further(self) -> bool:
        """Show the next part of a card that comes in steps or pages, or what a person has shown to
        lead to its users; never by what leads away, nor, unless she did, by a form's own button,
        which may keep what it shows.
        """
        view, hers = await self.finder.look(), want(self.words, "structure.users")
        following = want(self.words, "structures.next", longer=False)
        found = named(view, following, lambda t: t.enabled and not t.away and not t.form)
        found = found or [t for t in numbered(view) if not t.away and not t.form]
        if not found and (hers.learned or hers.pointed):
            found = named(view, hers, lambda t: t.enabled and not t.away)
        if len(found) == 1:
            await self.finder.press(found[0])
            await self.finder.changed(view)
        return len(found) == 1

    async def _hides(self, account: str) -> bool:
        """Whether it is in the page, where nobody sees it."""
        view = await self.finder.look()
        return any(account.casefold() in each.text.casefold() for each in view.texts)

    def _why(self, missing: Missing, secondary: bool, siret: str, account: str) -> e.PortalError:
        label, listed = self.words.first("reset.button"), ", ".join(sorted(missing.accounts))
        if not missing.there:
            if missing.accounts:
                return e.AccountNotFound(account=account, siret=siret, found=listed)
            return e.NoTechnicalAccount(siret=siret)
        if secondary and not missing.several and not missing.others:
            return e.NotPrincipalManager(siret=siret)
        if missing.grey:
            return e.ResetButtonDisabled(siret=siret, wanted=label)
        if missing.several > 1 and len(missing.accounts) == 1:
            return e.AmbiguousScreen(
                screen=self.title, count=missing.several, wanted=label, saw=", ".join(missing.seen)
            )
        if missing.several:
            return e.AccountToChoose(siret=siret, account=account, found=listed)
        return e.ResetButtonMissing(siret=siret, wanted=label)

    async def _still(self, item: Item) -> bool:
        """Whether it is open yet: drawn far from its row, nothing else tells whose it is."""
        view, thing = await self.finder.look(), item.step.thing
        there = any(t.key == thing.key and t.shown and t.enabled for t in view.things)
        return there and view.documents.get(thing.frame) == item.document

    async def _opened(self, step: Move, siret: str, account: str) -> Move | None:
        """The button that comes up when its row is opened, which may be drawn anywhere; None when
        that leads on.
        """
        before = await self.finder.look()
        await self.finder.press(step.thing)
        wanted, short = want(self.words, "reset.button"), want(self.words, "reset.short")
        frame = step.thing.frame

        def item(view: View) -> Move | Abstention | None:
            if view.documents.get(frame) != before.documents.get(frame):
                return None
            return revealed(view, before, account, wanted, short) or Abstention(wanted.label)

        look = self.finder.until if step.act is Act.MENU else self.finder.settled
        found = await look(item, open_hidden=False)
        if not isinstance(found, Move):
            now = await self.finder.look()  # a button in the question itself is not the reset's
            same = now.documents.get(frame) == before.documents.get(frame)
            if same and isinstance(question(now, before, self.words), Question):
                raise self._missing(siret)
            return None
        if found.proof is Proof.MENU:
            self.browser.memo["item"] = Item(account, found, before.documents.get(frame))
        return found


def more(view: View, words: Words) -> list[Thing]:
    """What leads to all of the accounts, a few of which are listed: the one link of that name in
    the smallest block around it that holds any.
    """
    called = words.exact("structures.more")
    links = [t for t in view.of_kind("press") if t.href and called.search(t.name)]
    blocks = [(t, view.block(t, "account")) for t in links]
    return [
        t for t, block in blocks if block and not any(block in o.path for o in links if o is not t)
    ]
