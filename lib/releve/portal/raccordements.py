"""The newer route: domain "Raccordements", "Compte technique", the password in a red box, then
"Soumettre".

Known (communaute.chorus-pro.gouv.fr, "bonne pratique"): those words and their order; a service
portal whose views scripts draw late. Not known: whether the portal already counts a password that
it only displays, and whether leaving the form drops it. So choosing the account, which displays
one, is never done before the reset is confirmed and announced (`offer`), and no rehearsal does it.
"""

from __future__ import annotations

import re
from typing import ClassVar

from playwright.async_api import Locator

from releve.base.secret import Secret
from releve.base.words import digits, whole
from releve.portal import errors as e
from releve.portal.login import Login
from releve.portal.screens import ACCOUNT, EcranSuivant, Screen
from releve.portal.visit import Visit


class Domaines(Screen):
    """Chorus Pro's home page: one card for each domain, all with the same button."""

    title, label = "Accueil", "domain.name"

    def mark(self) -> Locator:
        card = self.page.get_by_role("listitem").or_(self.page.get_by_role("article"))
        title = self.page.get_by_text(self.words.exact("domain.name"))
        return self.named("domain.open", card.filter(has=title)).or_(self.button("domain.name"))

    async def open(self) -> None:
        await self.press(self.mark(), self.words.first(self.label))


class Domaine(Screen):
    """The applications of the domain "Raccordements"."""

    title, label = "Raccordements", "domain.application"

    def mark(self) -> Locator:
        return self.button("domain.application")


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

    def submit(self) -> Locator:
        return self.button("form.submit")


class Candidat(EcranSuivant):
    """The red box with a password that is not submitted yet."""

    title, label = "Compte technique", "form.password"

    async def reached(self) -> None:
        # A window laid over the password does not hide it from us: it is kept first, whatever comes
        # next.
        await self.browser.wait_for(self.mark(), self.words.first(self.label), within_dialog=True)


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


class Raccordements(Visit):
    """Drives the form for one structure and its technical account. The password is seen before the
    click that makes it effective.
    """

    name: ClassVar[str] = "raccordements"
    sees_first: ClassVar[bool] = True

    def __init__(self, login: Login, siret: str, account: str) -> None:
        super().__init__(login, siret, account)
        self._structure = re.compile(rf"(?<!\d){digits(siret)}(?!\d)")
        self._account = whole(account)
        self._form, self._candidate = Formulaire(self.browser), Candidat(self.browser)
        self.steps |= {
            "accueil": self._open_domain,
            "structures": self._open_form,
            "structure": self._choose_structure,
            "demande": self._check_form,
        }

    async def _open_domain(self) -> str:
        await Domaines(self.browser).open()
        await Domaine(self.browser).reached()
        return "le domaine « Raccordements » est affiché"

    async def _open_form(self) -> str:
        domain, request = Domaine(self.browser), self.browser.words.first("form.request")
        await domain.reached()
        await domain.press(domain.mark(), self.browser.words.first(domain.label))
        await self._form.reached()
        if not await self._form.choose(
            "form.type", self.browser.words.exact("form.request"), request
        ):
            raise e.ScreenNotRecognised(screen=self._form.title, wanted=request)
        return f"la demande « {request} » est choisie"

    async def _choose_structure(self) -> str:
        if not await self._form.choose(
            "form.structure", self._structure, self.siret, search=self.siret
        ):
            raise e.StructureNotOffered(siret=self.siret, login=self.browser.settings.login)
        found = await self._form.accounts()
        if not found:
            raise e.NoTechnicalAccount(siret=self.siret)
        if self.account not in found:
            raise e.AccountNotFound(account=self.account, siret=self.siret, found=", ".join(found))
        return (
            f"la structure {self.siret} est choisie, et le compte technique {self.account} figure"
            " dans sa liste"
        )

    async def _check_form(self) -> str:
        await self._check_choices("form.type", "form.structure")
        await self._form.only(self._form.submit(), self.browser.words.first("form.submit"))
        return "le formulaire est prêt ; aucun mot de passe n'est encore demandé"

    async def _check_choices(self, *keys: str) -> None:
        """The form shows what is to be chosen in each of these lists. Raises `WrongForm`."""
        wanted = {
            "form.type": self.browser.words.exact("form.request"),
            "form.structure": self._structure,
            "form.account": self._account,
        }
        for key in keys:
            if not await self._form.shows(key, wanted[key]):
                raise e.WrongForm(account=self.account, field=self.browser.words.first(key))

    async def arrived(self, step: str) -> None:
        await super().arrived(step)
        async with self.browser.on(self._form.title):
            if step == "accueil":
                await Domaine(self.browser).reached()
            elif step == "structures":
                await self._form.reached()
                await self._check_choices("form.type")
            elif step == "structure":
                await self._check_choices("form.type", "form.structure")
            elif step == "demande":
                await self._check_form()

    async def rehearse(self) -> str:
        async with self.browser.on(self._form.title):
            return await self._check_form()

    async def offer(self) -> None:
        async with self.browser.on(self._form.title):
            if not await self._form.choose("form.account", self._account, self.account):
                raise e.NoTechnicalAccount(siret=self.siret)
            await self._candidate.reached()

    async def read(self) -> Secret:
        async with self.browser.on(self._form.title):
            return await self._candidate.read(self.account)

    async def ready(self) -> None:
        async with self.browser.on(self._form.title):
            await self._check_choices("form.type", "form.structure", "form.account")
            if await self.browser.popup():
                raise await self.browser.diagnose(self.browser.words.first("form.submit"))
            await (
                await self._form.only(self._form.submit(), self.browser.words.first("form.submit"))
            ).click(trial=True)

    async def commit(self) -> None:
        """See `Route.commit`. Chromium may send the request twice by itself: it then submits the
        same password again.
        """
        try:
            async with self.browser.on(DemandeSoumise.title):
                await self._form.submit().click(no_wait_after=True)
                await DemandeSoumise(self.browser).reached()
        except e.ResetRefused:
            raise
        except e.PortalError as error:
            raise e.ResetOutcomeUnknown(why=str(error).rstrip("."), todo="") from error

    async def back(self) -> None:
        """Leave the form, submitted or not, and come back to it as far as `offer`."""
        async with self.browser.on(self._form.title):
            leave = self._form.button("form.leave").or_(self._form.button("form.home"))
            await self._form.press(leave, self.browser.words.first("form.leave"))
            home, domain = Domaines(self.browser), Domaine(self.browser)
            await self.browser.wait_for(
                home.mark().or_(domain.mark()), self.browser.words.first("domain.application")
            )
            if not await domain.mark().count():
                await self._open_domain()
            await self._open_form()
            await self._choose_structure()
