"""The newer route: domain "Raccordements", "Compte technique", the password in a red box, then
"Soumettre".

Known (communaute.chorus-pro.gouv.fr, "bonne pratique"): those words and their order; a service
portal whose views scripts draw late, with the stock lists of its product (Select2 3.5 and 4). Not
known: whether the portal already counts a password that it only displays, and whether leaving the
form drops it. So choosing the account, which displays one, is never done before the reset is
confirmed and announced (`offer`), and no rehearsal does it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from releve.base.account import WRITTEN
from releve.base.words import Words, digits, whole
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.confirm import Question, of_dialog, question
from releve.portal.lists import DropDown, drawn, holds
from releve.portal.screen import ResetScreen, Screen, text, thing, want
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.sight import Abstention, Outcome, around, decide
from releve.portal.view import Thing, View

LATE = 4.0  # seconds for a list to fill before it is said to have no account


def _siret(case: Case) -> re.Pattern[str]:
    return re.compile(rf"(?<!\d){digits(case.siret)}(?!\d)")


def domain(view: View, words: Words) -> Outcome:
    """The way into the domain: its own card's button, or its name."""
    direct = decide(view, want(words, "domain.name", longer=False))
    if isinstance(direct, Thing) or direct.count > 1:
        return direct
    for each in view.texts:
        if each.shown and words.exact("domain.name").search(each.text):
            found = around(view, want(words, "domain.open"), each)
            if isinstance(found, Thing):
                return found
    return Abstention(words.first("domain.name"), 0, direct.seen)


class Domaines(Screen):
    """Chorus Pro's home page: one card for each domain, all with the same button."""

    step, title, mark = "accueil", "Accueil", domain

    async def go(self, case: Case) -> str:
        await self.finder.press(await self.finder.until(lambda view: domain(view, self.words)))
        await self.arrived(case)
        return "le domaine « Raccordements » est affiché"

    async def arrived(self, case: Case) -> None:
        await Domaine(self.browser).reached()


class Domaine(Screen):
    """The applications of the domain "Raccordements"."""

    step, title = "structures", "Raccordements"
    mark = thing("domain.application", longer=False)

    async def go(self, case: Case) -> str:
        await self.press("domain.application", longer=False)
        form, request = Formulaire(self.browser), self.words.first("form.request")
        await form.reached()
        if not await form.choose("form.type", self.words.exact("form.request")):
            raise e.ScreenNotRecognised(screen=form.title, wanted=request)
        return f"la demande « {request} » est choisie"

    async def arrived(self, case: Case) -> None:
        form = Formulaire(self.browser)
        await form.reached()
        await form.check(case, "form.type")


class Formulaire(Screen):
    """The form "Compte technique": three lists, each drawn when the one before is chosen, then the
    red box and "Soumettre".
    """

    title, mark = "Compte technique", thing("form.type", "list", longer=False)

    def _field(self, key: str) -> Callable[[View], Outcome]:
        wanted = want(self.words, key, "list", longer=False)
        return lambda view: drawn(view, wanted)

    def _list(self, key: str) -> DropDown:
        return DropDown(self.finder, self._field(key))

    async def choose(self, key: str, wanted: re.Pattern[str], search: str = "") -> bool:
        """See `DropDown.choose`."""
        return await self._list(key).choose(wanted, search)

    async def accounts(self) -> list[str]:
        """The technical accounts that the list offers, once it has had time to fill; none is
        chosen.
        """
        began, found = time.monotonic(), list[str]()
        while not found and time.monotonic() - began < LATE:
            found = WRITTEN.findall("\n".join(await self._list("form.account").entries()))
            if not found:
                await self.finder.change()
        return sorted(found)

    async def check(self, case: Case, *keys: str) -> None:
        """The form shows what is to be chosen in each of these lists. Raises `WrongForm`."""
        wanted = {
            "form.type": self.words.exact("form.request"),
            "form.structure": _siret(case),
            "form.account": whole(case.account),
        }
        view = await self.finder.look()
        for key in keys:
            found = self._field(key)(view)
            if isinstance(found, Abstention) or not holds(found, wanted[key]):
                raise e.WrongForm(account=case.account, field=self.words.first(key))

    async def submit(self) -> Thing:
        """What submits the form."""
        return await self.find("form.submit", longer=False)


class ChoixDeLaStructure(Formulaire):
    """« Choisir la structure » ; the account is seen in its list, and not chosen yet."""

    step = "structure"

    async def go(self, case: Case) -> str:
        if not await self.choose("form.structure", _siret(case), search=case.siret):
            raise e.StructureNotOffered(siret=case.siret, login=self.browser.settings.login)
        found = await self.accounts()
        if not found:
            raise e.NoTechnicalAccount(siret=case.siret)
        if case.account.casefold() not in {each.casefold() for each in found}:
            raise e.AccountNotFound(account=case.account, siret=case.siret, found=", ".join(found))
        return (
            f"la structure {case.siret} est choisie, et le compte technique {case.account} figure"
            " dans sa liste"
        )

    async def arrived(self, case: Case) -> None:
        await self.check(case, "form.type", "form.structure")


class Verification(Formulaire):
    """The form is ready, and asks for no password yet."""

    step = "demande"

    async def go(self, case: Case) -> str:
        await self.check(case, "form.type", "form.structure")
        await self.submit()
        return "le formulaire est prêt ; aucun mot de passe n'est encore demandé"

    async def arrived(self, case: Case) -> None:
        await self.go(case)

    async def see(self, case: Case) -> str:
        """As `go`, which presses nothing."""
        return await self.go(case)


class Soumission(ResetScreen, Formulaire):
    """The account is chosen, which displays a password; « Soumettre » makes it effective."""

    title = Formulaire.title

    async def offer(self, case: Case) -> None:
        async with self.browser.on(self.title):
            await Candidat(self.browser).expect()
            self.browser.password_in_sight = True
            await self.browser.hold()
            if not await self.choose("form.account", whole(case.account)):
                raise e.NoTechnicalAccount(siret=case.siret)
            await Candidat(self.browser).reached()

    async def ready(self, case: Case) -> None:
        async with self.browser.on(self.title):
            await self.check(case, "form.type", "form.structure", "form.account")
            await self.finder.press(await self.submit(), trial=True)

    async def commit(self, case: Case) -> None:
        """See `ResetScreen.commit`. Chromium may send the request twice by itself: it then submits
        the same password again. A question that the portal asks then is part of the same click.
        """
        async with self.clicking(DemandeSoumise.title):
            before = await self.finder.look()
            handle = await self.finder.element(await self.submit())
            with self.browser.agreeing(lambda asked: _about(asked, case, self.words)):
                await handle.click(no_wait_after=True)
                await self._answered(before, case)

    async def _answered(self, before: View, case: Case) -> None:
        done = DemandeSoumise(self.browser)

        def answer(view: View) -> object:
            shown = done.answer(view)
            if not isinstance(shown, Abstention):
                return shown
            asked = question(view, before, self.words)
            return asked if isinstance(asked, Question) else shown

        found = await self.finder.until(answer, open_hidden=False)
        if isinstance(found, Question):
            others = found.others(case.account)
            if others or found.button is None:
                raise e.WrongConfirmation(account=case.account, found=others)
            if found.box is not None:
                await self.finder.check(found.box)
            if found.typed is not None:
                await self.finder.fill(*found.typed)
            if found.refusal is not None and not await self.agree(found.refusal):
                raise await self.browser.diagnose(self.words.first("reset.confirm"))
            await self.finder.press(found.button)
        await done.reached()


def _about(asked: str, case: Case, words: Words) -> bool:
    """Whether a native window asks about this very request."""
    others = of_dialog(asked).others(case.account)
    return not others and words.find("form.question").search(asked) is not None


class Candidat(EcranSuivant):
    """The red box with a password that is not submitted yet."""

    title, mark = "Compte technique", text("form.password", whole=True)

    async def back(self, case: Case) -> str:
        """Leave the form, submitted or not."""
        async with self.browser.on(self.title):
            await self.leave("form.leave", "form.home")
            first, second = Domaine(self.browser), Domaines(self.browser)

            def either(view: View) -> str | Abstention:
                if not isinstance(found := first.seen(view), Abstention):
                    return "structures"
                found = second.seen(view)
                return found if isinstance(found, Abstention) else "accueil"

            return await self.finder.until(either)


class DemandeSoumise(Screen):
    """What follows "Soumettre"."""

    title, mark = "Demande soumise", text("form.done")

    def answer(self, view: View) -> object:
        """What the portal says of the demand. Raises `ResetRefused`."""
        done = self.seen(view)
        refused = view.says(self.words.find("form.refused"))
        if isinstance(done, Abstention) and refused:
            raise e.ResetRefused(text=" ".join(refused.text.split())[:160])
        return done

    async def reached(self) -> None:
        await self.finder.until(self.answer, open_hidden=False)
        await self.browser.let_go()
