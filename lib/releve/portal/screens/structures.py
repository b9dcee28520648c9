"""« Mes structures » : the manager's structures, and the pen of one of them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

from playwright.async_api import Error as PlaywrightError

from releve.base.siret import check
from releve.base.words import Words, digits
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.lists import DropDown, numbered, pick
from releve.portal.rows import Act, Move, pen
from releve.portal.screen import Screen, text, want
from releve.portal.screens.structure import ModificationDeLaStructure
from releve.portal.sight import Abstention, Outcome, closest, decide, innermost, named, one, rank
from releve.portal.view import Text, Thing, View

_CELLS = """
() => [...document.querySelectorAll('tr, [role=row]')]
  .filter(row => row.checkVisibility()).map(row =>
  [...row.querySelectorAll('th, td, [role=cell], [role=gridcell], [role=columnheader]')]
    .map(cell => cell.innerText.trim()))
"""
_FORWARD = re.compile(r"^\s*[›>→▶]\s*$")
_FOLD = re.compile(r"^\s*[▸►▶▷]")
_SIRET = r"\d(?:[\s.]?\d){13}"
FOLDS = 6  # how many are opened without any use
PAGES = 400  # a list that never ends is not one


def listing(view: View, words: Words) -> Text | Abstention:
    """The title of the list; that of its page will do where structures are listed under it."""
    found = text("structures.title")(view, words)
    if not isinstance(found, Abstention):
        return found
    exact, presses = words.exact("home.manager"), {t.key for t in view.of_kind("press")}
    first = min((o.at for o in view.owners if o.kind == "siret" and o.shown), default=-1)
    heads = [t for t in view.texts if t.shown and t.head and exact.search(t.text) and t.at < first]
    free = [t for t in heads if not any((t.frame, block) in presses for block in t.path)]
    return free[0] if free else found


class ActivitesDuGestionnaire(Screen):
    """The manager's structures, in pages, with a search."""

    step, title, mark = "structures", "Activités du gestionnaire", listing

    async def go(self, case: Case) -> str:
        await self.edit(case.siret)
        await self.arrived(case)
        return f"la fiche de la structure {case.siret} est ouverte"

    async def arrived(self, case: Case) -> None:
        card = ModificationDeLaStructure(self.browser)
        await card.reached()
        await card.check_target(case.siret)

    async def edit(self, siret: str) -> None:
        """Find the structure, by the portal's search or page after page, and open its card by its
        pen. Raises `StructureNotFound`.
        """
        self.browser.memo.clear()  # another structure's
        await self._bring(siret)
        shut = set[tuple[int, int]]()
        for _ in range(4):
            step = await self.finder.until(
                lambda view: pen(view, siret, want(self.words, "structures.edit"), shut),
                opens=lambda each: each.opens != "",
            )
            if step.act is Act.CHECK:
                await self.finder.check(step.thing)
            elif step.act is Act.PRESS:
                await self.finder.press(step.thing)
                return
            elif await self._in_menu(step, siret):
                return
            else:
                shut.add(step.thing.key)
        raise await self.browser.diagnose(self.words.first("structures.edit"))

    async def _in_menu(self, step: Move, siret: str) -> bool:
        """Open its row's menu and press the pen in it; False, and closed again, where none is."""
        before = await self.finder.look()
        await self.finder.press(step.thing)
        wanted = want(self.words, "structures.edit")

        def item(view: View) -> Thing | Abstention:
            new = view.since(before)
            return decide(new, wanted, lambda each: not _anothers(view, each, siret))

        found = await self.finder.settled(item, 3.0, open_hidden=False)
        if isinstance(found, Abstention) and not found.count:
            await self.page.keyboard.press("Escape")
            return False
        await self.finder.press(await self.finder.until(item, open_hidden=False))
        return True

    async def _bring(self, siret: str) -> None:
        """Have its row on the page. Raises `StructureNotFound` once all were looked through."""
        entry = re.compile(rf"(?<!\d){digits(siret)}(?!\d)")
        seen = await self.finder.until(self._listed) or await self._tucked()
        if siret in seen or await pick(self.finder, entry) or await self._search(siret):
            return
        for _ in range(PAGES):
            seen = await self.sirets() or seen
            if siret in seen:
                return
            if not await self._turn_page():
                break
        if siret not in await self._tucked(siret):
            if not seen:  # a list that shows no number says nothing of this one
                raise await self.browser.diagnose("SIRET")
            if not await self._in_force(siret):
                raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)

    async def _in_force(self, siret: str) -> bool:
        """Where one structure is in force at a time: choose this one on the page for it."""
        change = want(self.words, "structures.change", longer=False)
        found = decide(await self.finder.look(), change, lambda t: t.href != "")
        if isinstance(found, Abstention):
            return False
        await self.finder.press(found)
        for _ in range(2):  # its radio, then what sends that
            step = await self.finder.settled(
                lambda view: chooser(view, siret, self.words), open_hidden=False
            )
            if isinstance(step, Abstention):
                return False
            await self.finder.press(step.thing)
            if step.act is not Act.CHECK:
                await self.reached()
                return siret in await self.sirets()
        return False

    async def _tucked(self, siret: str = "") -> list[str]:
        """The structures on the page, once what hides a list of them, or that one, is opened."""
        await self.finder.settled(lambda view: tucked(view, siret), opens=lambda _: False)
        return (await self.finder.look()).found("siret")

    def _listed(self, view: View) -> list[str] | Abstention:
        """What is listed, once anything is."""
        shown = self.seen(view)
        if isinstance(shown, Abstention):
            return shown
        return view.found("siret") or (Abstention("SIRET") if not view.ready else [])

    async def sirets(self, seconds: float = 0.7) -> list[str]:
        """The structures on the page, once its list is there: one may fill late."""

        def listed(view: View) -> list[str] | Abstention:
            return view.found("siret") or Abstention("SIRET")

        found = await self.finder.settled(listed, seconds, open_hidden=False)
        return [] if isinstance(found, Abstention) else found

    async def every(self) -> list[tuple[str, str]]:
        """SIRET and name of every structure, page after page, from the page in hand on."""
        found: dict[str, str] = {}
        for _ in range(PAGES):
            names = await self._names()
            for siret in await self.sirets():
                found.setdefault(siret, names.get(siret, ""))
            if not await self._turn_page():
                break
        return list(found.items())

    async def _names(self) -> dict[str, str]:
        """By SIRET, what stands in the column of names of a table."""
        rows: list[list[str]] = await self.page.evaluate(_CELLS)
        heads = self.words.exact("structures.name")
        column = next((r.index(c) for r in rows for c in r if heads.search(c)), -1)
        names = {}
        for row in rows:
            for cell in row:
                siret = "".join(cell.split())
                if len(siret) == 14 and siret.isdecimal() and -1 < column < len(row):
                    names[siret] = row[column]
        return names

    async def _search(self, siret: str) -> bool:
        """Ask the portal's own search for it; whether that shows it. The whole list is shown again
        when it does not: the pages remain the way to be sure.
        """
        if not (field := await self.search_field()):
            return False
        for asked in (siret, ""):
            await self.ask(field, asked)
            if asked and (siret in await self._tucked(siret) or await self._only(siret)):
                return True
            field = await self.search_field() or field
        return False

    async def _only(self, siret: str) -> bool:
        """Whether the search for it left one row, though no number stands in that."""
        found = pen(await self.finder.look(), siret, want(self.words, "structures.edit"))
        return isinstance(found, Move)

    async def search_field(self) -> Thing | None:
        """Where a search is typed, if there is one such field; a form that is sent by another word
        does something else.
        """
        view, find = await self.finder.look(), self.words.find("structures.find")
        kind = want(self.words, "structures.search", "field")
        sends = [t for t in view.of_kind("press") if t.submits]
        other = {t.form for t in sends} - {t.form for t in sends if t.mute or find.search(t.words)}
        found = decide(view, kind, lambda each: not (each.fixed or each.form in other))
        return found if isinstance(found, Thing) else None

    async def ask(self, field: Thing, siret: str) -> None:
        """Type it, and send it by the key or by the button that stands with the field."""
        await self.finder.fill(field, siret)
        before = await self.finder.look()
        await (await self.finder.element(field)).press("Enter")
        if not await self.finder.changed(before):
            lens = want(self.words, "structures.find", longer=False)
            button = closest(before, lens, [field])
            never = self.words.find("opening.never")
            if isinstance(button, Thing) and button.enabled and not never.search(button.words):
                await self.finder.press(button)
                await self.finder.changed(before)

    async def _turn_page(self) -> bool:
        """Show the next page, or more of the list; False when there is no more."""
        view = await self.finder.look()
        before = set(view.found("siret"))
        if (following := self._following(view)) is None:
            for way in (self._listed_page, self._scrolled, self._unfolded):
                if await way(view, before):
                    return True
            return await self._all(before)
        try:
            await self.finder.press(following)
        except (e.UnexpectedPopup, PlaywrightError):
            return False
        if await self._others(before):
            return True
        return bool(before) and await self._all(before)  # the view may be back at its first

    async def _others(self, before: set[str]) -> bool:
        """Whether other structures come up."""

        def other(now: View) -> bool | Abstention:
            return (set(now.found("siret")) - before and now.ready) or Abstention("page suivante")

        if await self.finder.settled(other, 2.0, open_hidden=False) is True:
            return True
        return bool(set(await self._tucked()) - before)

    async def _listed_page(self, view: View, before: set[str]) -> bool:
        """Choose the next one in a list of page numbers, from 1 on."""
        for each in view.of_kind("list"):
            if each.tag == "select" and each.selected.isdecimal():
                pages = DropDown.at(self.finder, each)
                entries = await pages.entries()
                count, following = len(entries), int(each.selected) + 1
                if following <= count and entries == [str(n) for n in range(1, count + 1)]:
                    await pages.choose(re.compile(rf"^{following}$"))
                    return await self._others(before)
        return False

    async def _unfolded(self, view: View, before: set[str]) -> bool:
        """Open what is folded in the list, until other structures come up."""
        tried: set[object] = self.browser.memo.setdefault("folds", set())
        for _ in range(FOLDS):
            every = [(view.documents.get(t.frame), t.id, t) for t in folded(view, self.words)]
            folds = [each for each in every if each[:2] not in tried]
            if not folds:
                return False
            tried.add(folds[0][:2])
            with suppress(e.UnexpectedPopup, PlaywrightError):
                await self.finder.press(folds[0][-1])
            if await self._others(before):
                return True
            view = await self.finder.look()
        return False

    async def _all(self, before: set[str]) -> bool:
        """Choose all of them, where what is listed says that it is a part."""
        wanted = want(self.words, "structures.all")
        now = await self.finder.look()
        rows = {t.key for t in now.things if now.alone(t.frame, now.block(t, "siret"), "siret")}

        def every(view: View) -> Outcome:
            there = [t for t in view.of_kind("press", "option") if t.enabled and not t.away]
            fits = [t for t in there if wanted.exact.search(re.sub(r"\d", "", t.name))]
            fits = [replace(t, hidden=tuple(h for h in t.hidden if h[1])) for t in fits]
            return one(view, wanted, innermost(fits))

        def opens(thing: Thing) -> bool:
            return thing.opens in ("popup", "tab") and thing.key not in rows

        found = await self.finder.settled(every, opens=opens)
        if isinstance(found, Abstention) or found.current:
            return False
        await self.finder.press(found)
        return await self._others(before)

    def _following(self, view: View) -> Thing | None:
        """What shows the next page: by its name, its sign, or the number after the one in hand."""
        found = named(view, want(self.words, "structures.next"), lambda each: each.enabled)
        if not found:
            found = [t for t in view.of_kind("press") if t.enabled and _FORWARD.match(t.name)]
        if not found:
            more = want(self.words, "structures.more")
            found = named(view, more, lambda each: each.enabled and not each.away)
            found = found or innermost(t for t in view.of_kind("press") if self._rest(t))
        if len(found) != 1:
            found = numbered(view) or last_sign(view)
        return found[0] if len(found) == 1 and found[0].enabled else None

    def _rest(self, thing: Thing) -> bool:
        """« Suite [ 10 / 35 ] » : the word alone may lead on in anything."""
        plain = re.sub(r"\d", "", thing.name)
        counts = plain != thing.name and not thing.away
        return counts and bool(self.words.exact("structures.rest").search(plain))

    async def _scrolled(self, view: View, before: set[str]) -> bool:
        """Whether more appears when the end of the list comes in sight."""
        rows = [t for t in view.texts if t.shown and any(o.path == t.path for o in view.owners)]
        if not rows or not await self.finder.scroll_to(rows[-1]):
            return False

        def more(now: View) -> bool | Abstention:
            return bool(set(now.found("siret")) - before) or Abstention("suite")

        return await self.finder.settled(more, 0.6, open_hidden=False) is True


def chooser(view: View, siret: str, words: Words) -> Move | Abstention:
    """Where the portal asks for whom one works, once the page is there: the way to this very
    structure, by its radio or by words that lead on; what sends the radio's form may say less,
    where nothing else is sent or agreed to, and the page says that one will act for it.
    """
    asked = text("between.choose")(view, words)
    asks = [t for t in view.of_kind("field", "secret", "list", "check") if not t.fixed]
    ours = {
        t.form
        for t in view.of_kind("radio")
        if t.checked and t.form and view.holders(t, "siret") == {siret}
    }
    agree, acting = view.says(words.find("between.agree")), view.says(words.find("between.acting"))
    sends = ours and acting and not (asks or agree)
    wanted = want(words, "between.chosen" if sends else "between.on", longer=False)
    if isinstance(asked, Abstention) or not (asked.head and view.ready):
        return Abstention(wanted.label)
    found = pen(view, siret, wanted)
    if isinstance(found, Abstention) or found.thing.kind == "radio":
        return found
    fits = rank(found.thing, wanted) == 1 and (not sends or found.thing.form in ours)
    return found if fits else Abstention(wanted.label)


def tucked(view: View, siret: str = "") -> list[Text] | Abstention:
    """The texts in sight that tell that structure, or any; of hidden ones, with what says that it
    opens them, or folds: any other button next to them may do anything.
    """
    folds = {t.key for t in view.things if t.opens in ("summary", "expands", "tab")}

    number = re.compile(rf"(?<!\d)(?=({digits(siret) or _SIRET})(?!\d))")

    def told(text: str) -> bool:
        return any(check(re.sub(r"\D", "", each)) is None for each in number.findall(text))

    found = [
        replace(t, hidden=tuple(h for h in t.hidden if h[1] or (t.frame, h[0]) in folds))
        for t in view.texts
        if t.shown and told(t.text)
    ]
    return found or Abstention("SIRET")


def last_sign(view: View) -> list[Thing]:
    """The lone « » » of a pager, with whose signs a number is told; between two lists it moves
    all.
    """
    signs = [t for t in view.of_kind("press") if t.name.strip() == "»"]
    for block in reversed(signs[0].path[:-1]) if len(signs) == 1 else ():
        part = view.under(block, signs[0].frame)
        told = [t.text for t in part.texts if t.shown and re.search(r"\w", t.text)]
        if told:
            return [] if part.owners or not re.search(r"\d", " ".join(told)) else signs
    return []


def folded(view: View, words: Words) -> list[Thing]:
    """What is folded in a list, by its sign or its word."""
    never = words.find("opening.never")
    signs = [t for t in view.of_kind("press") if t.opens in ("expands", "summary", "sign")]
    return [
        t
        for t in signs
        if (t.opens != "sign" or _FOLD.match(t.name) or _FOLD.match(t.names.get("text", "")))
        and not (t.away or t.region not in ("main", "") or never.search(t.words))
        and t.enabled
    ]


def _anothers(view: View, thing: Thing, siret: str) -> bool:
    """Whether it stands in one other structure's row; a menu may be drawn outside all of them."""
    held = view.holders(thing, "siret")
    return len(held) == 1 and held != {siret}

