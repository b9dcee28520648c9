"""The newer route: domain "Raccordements", "Compte technique", the password in a red box, then
"Soumettre".

Known (communaute.chorus-pro.gouv.fr, "bonne pratique"): those words and their order; a service
portal whose views scripts draw late. Not known: whether the portal already counts a password that
it only displays, and whether leaving the form drops it. So choosing the account, which displays
one, is never done before the reset is confirmed and announced (`offer`), and no rehearsal does it.
"""

from __future__ import annotations

import re

from playwright.async_api import Locator

from releve.base.words import digits, whole
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import ResetScreen, Screen
from releve.portal.screens.mot_de_passe import EcranSuivant
from releve.portal.screens.structure import ACCOUNT


def _siret(case: Case) -> re.Pattern[str]:
    return re.compile(rf"(?<!\d){digits(case.siret)}(?!\d)")


class Domaines(Screen):
    """Chorus Pro's home page: one card for each domain, all with the same button."""

    step, title, label = "accueil", "Accueil", "domain.name"

    def mark(self) -> Locator:
        card = self.page.get_by_role("listitem").or_(self.page.get_by_role("article"))
        title = self.page.get_by_text(self.words.exact("domain.name"))
        return self.named("domain.open", card.filter(has=title)).or_(self.button("domain.name"))

    async def go(self, case: Case) -> str:
        await self.press(self.mark(), self.words.first(self.label))
        await self.arrived(case)
        return "le domaine « Raccordements » est affiché"

    async def arrived(self, case: Case) -> None:
        await Domaine(self.browser).reached()


class Domaine(Screen):
    """The applications of the domain "Raccordements"."""

    step, title, label = "structures", "Raccordements", "domain.application"

    def mark(self) -> Locator:
        return self.button("domain.application")

    async def go(self, case: Case) -> str:
        await self.reached()
        await self.press(self.mark(), self.words.first(self.label))
        form, request = Formulaire(self.browser), self.words.first("form.request")
        await form.reached()
        if not await form.choose("form.type", self.words.exact("form.request"), request):
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

    title, label = "Compte technique", "form.type"

    def mark(self) -> Locator:
        return self.field("form.type")

    def field(self, key: str) -> Locator:
        return self.page.get_by_role("combobox", name=self.words.exact(key)).filter(visible=True)

    def _options(self) -> Locator:
        return self.page.get_by_role("option").filter(visible=True)

    def _nothing(self) -> Locator:
        return self.page.get_by_text(self.words.find("form.nothing")).filter(visible=True)

    async def _unfold(self, key: str) -> Locator:
        field = self.field(key)
        await self.browser.wait_for(field, self.words.first(key))
        await (await self.only(field, self.words.first(key))).click()
        return field

    async def choose(self, key: str, wanted: re.Pattern[str], name: str, search: str = "") -> bool:
        """Choose the one option that fits, and see that the field shows it; False when the list has
        none.

        Raises `AmbiguousScreen` for several: no guess is made. `search` is typed in the list's own
        search, if it has one.
        """
        field, option = await self._unfold(key), self._options().filter(has_text=wanted)
        box = self.page.get_by_role("searchbox").filter(visible=True)
        if search and await box.count() == 1:
            await box.fill(search)
        await self.browser.wait_for(option.or_(self._nothing()), name)
        if not await option.count():
            return False
        await (await self.only(option, name)).click()
        await self.browser.wait_for(field.filter(has_text=wanted), name)
        return True

    async def accounts(self) -> list[str]:
        """The technical accounts that the list offers; none is chosen."""
        field = await self._unfold("form.account")
        await self.browser.wait_for(
            self._options().or_(self._nothing()), self.words.first("form.account")
        )
        found = ACCOUNT.findall("\n".join(await self._options().all_inner_texts()))
        await field.click()
        await self._options().first.wait_for(state="hidden")
        return sorted(found)

    async def shows(self, key: str, wanted: re.Pattern[str]) -> bool:
        """Whether the field of that list shows what was chosen, and nothing else is called the
        same.
        """
        return (
            await self.field(key).count() == 1
            and await self.field(key).filter(has_text=wanted).count() == 1
        )

    async def check(self, case: Case, *keys: str) -> None:
        """The form shows what is to be chosen in each of these lists. Raises `WrongForm`."""
        wanted = {
            "form.type": self.words.exact("form.request"),
            "form.structure": _siret(case),
            "form.account": whole(case.account),
        }
        for key in keys:
            if not await self.shows(key, wanted[key]):
                raise e.WrongForm(account=case.account, field=self.words.first(key))

    def submit(self) -> Locator:
        return self.button("form.submit")


class ChoixDeLaStructure(Formulaire):
    """« Choisir la structure » ; the account is seen in its list, and not chosen yet."""

    step = "structure"

    async def go(self, case: Case) -> str:
        if not await self.choose("form.structure", _siret(case), case.siret, search=case.siret):
            raise e.StructureNotOffered(siret=case.siret, login=self.browser.settings.login)
        found = await self.accounts()
        if not found:
            raise e.NoTechnicalAccount(siret=case.siret)
        if case.account not in found:
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
        await self.only(self.submit(), self.words.first("form.submit"))
        return "le formulaire est prêt ; aucun mot de passe n'est encore demandé"

    async def arrived(self, case: Case) -> None:
        await self.go(case)

    async def find(self, case: Case) -> str:
        """As `go`, which presses nothing."""
        return await self.go(case)


class Soumission(ResetScreen, Formulaire):
    """The account is chosen, which displays a password; « Soumettre » makes it effective."""

    title = Formulaire.title

    async def offer(self, case: Case) -> None:
        async with self.browser.on(self.title):
            if not await self.choose("form.account", whole(case.account), case.account):
                raise e.NoTechnicalAccount(siret=case.siret)
            await Candidat(self.browser).reached()

    async def ready(self, case: Case) -> None:
        label = self.words.first("form.submit")
        async with self.browser.on(self.title):
            await self.check(case, "form.type", "form.structure", "form.account")
            if await self.browser.popup():
                raise await self.browser.diagnose(label)
            await (await self.only(self.submit(), label)).click(trial=True)

    async def commit(self, case: Case) -> None:
        """See `ResetScreen.commit`. Chromium may send the request twice by itself: it then submits
        the same password again.
        """
        try:
            async with self.browser.on(DemandeSoumise.title):
                await self.submit().click(no_wait_after=True)
                await DemandeSoumise(self.browser).reached()
        except e.ResetRefused:
            raise
        except e.PortalError as error:
            raise e.ResetOutcomeUnknown(why=str(error).rstrip("."), todo="") from error


class Candidat(EcranSuivant):
    """The red box with a password that is not submitted yet."""

    title, label = "Compte technique", "form.password"

    async def reached(self) -> None:
        # A window laid over the password does not hide it from us: it is kept first, whatever comes
        # next.
        await self.browser.wait_for(self.mark(), self.words.first(self.label), within_dialog=True)

    async def back(self, case: Case) -> str:
        """Leave the form, submitted or not."""
        async with self.browser.on(self.title):
            leave = self.button("form.leave").or_(self.button("form.home"))
            await self.press(leave, self.words.first("form.leave"))
            home, domain = Domaines(self.browser), Domaine(self.browser)
            await self.browser.wait_for(
                home.mark().or_(domain.mark()), self.words.first("domain.application")
            )
            return "structures" if await domain.mark().count() else "accueil"


class DemandeSoumise(Screen):
    """What follows "Soumettre"."""

    title, label = "Demande soumise", "form.done"

    def mark(self) -> Locator:
        return self.page.get_by_text(self.words.find("form.done")).filter(visible=True)

    def refusal(self) -> Locator:
        return self.page.get_by_text(self.words.find("form.refused")).filter(visible=True)

    async def reached(self) -> None:
        await self.browser.wait_for(
            self.mark().or_(self.refusal()), self.words.first(self.label), within_dialog=True
        )
        if not await self.mark().count():
            raise e.ResetRefused(
                text=" ".join((await self.refusal().first.inner_text()).split())[:160]
            )
