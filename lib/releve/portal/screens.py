"""The documented screens, one class each, named as the procedure names them.

A screen knows its mark (what an operator recognises it by) and what is done on it. It relies on
words, roles and labels only. `reached` waits for the mark and raises the `PortalError` that fits;
it reads, so it may be repeated.
"""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

from playwright.async_api import Locator, Page

from releve.base.secret import Secret
from releve.base.words import Words, digits, whole
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.displayed import displayed

# Both formats seen: TECH_1_<number>@cpro.fr, TECH_<0+SIRET>@cpp2017.fr.
ACCOUNT = re.compile(r"TECH_\w+@[\w-]+(?:\.[\w-]+)*", re.IGNORECASE)
_LOADED = "() => performance.timeOrigin"

_CELLS = """
() => [...document.querySelectorAll('tr, [role=row]')].filter(row => row.checkVisibility()).map(row =>
  [...row.querySelectorAll('th, td, [role=cell], [role=gridcell], [role=columnheader]')].map(cell => cell.innerText.trim()))
"""


class Screen:
    """A screen in the window in hand. `title` is the document's name for it."""

    title: ClassVar[str]
    label: ClassVar[str]  # the words of its mark, for messages

    def __init__(self, browser: PortalBrowser) -> None:
        self.browser = browser

    @property
    def page(self) -> Page:
        return self.browser.page

    @property
    def words(self) -> Words:
        return self.browser.words

    def mark(self) -> Locator:
        """What an operator recognises the screen by."""
        raise NotImplementedError

    async def reached(self) -> None:
        """Return once the screen is there. Raises `PortalError`."""
        await self.browser.wait_for(self.mark(), self.words.first(self.label))

    def button(self, key: str, within: Locator | None = None) -> Locator:
        """The visible links and buttons that carry the words of `key` and nothing else."""
        place, name = within or self.page, self.words.exact(key)
        return self._either(
            place.get_by_role("button", name=name), place.get_by_role("link", name=name)
        )

    def named(self, key: str, within: Locator | None = None) -> Locator:
        """The visible links and buttons whose name contains the words of `key`."""
        place, name = within or self.page, self.words.find(key)
        return self._either(
            place.get_by_role("button", name=name), place.get_by_role("link", name=name)
        )

    @staticmethod
    def _either(one: Locator, other: Locator) -> Locator:
        return one.or_(other).filter(visible=True)

    async def only(self, found: Locator, label: str) -> Locator:
        """The one element found. Raises `ScreenNotRecognised` for none, `AmbiguousScreen` for
        several: no guess is made.
        """
        count = await found.count()
        if count == 0:
            raise await self.browser.diagnose(label)
        if count > 1:
            raise e.AmbiguousScreen(screen=self.title, count=count, wanted=label)
        return found

    async def press(self, found: Locator, label: str) -> None:
        """Click the one element found."""
        await (await self.only(found, label)).click()


class Authentification(Screen):
    """The login page of the Portail de la Gestion Publique."""

    title, label = "Authentification", "login.password"

    def mark(self) -> Locator:
        return self.page.get_by_label(self.words.find("login.password")).filter(visible=True)

    def identifier(self) -> Locator:
        return self.page.get_by_label(self.words.find("login.identifier")).filter(visible=True)

    async def asks_again(self, page: float) -> bool:
        """Whether another page than that one shows the whole form: a refusal in words that nobody
        knows.
        """
        anew = (
            await self.page.evaluate(_LOADED) != page
        )  # a browser that finds a field empty sends nothing, and shows the same page
        return bool(anew and await self.mark().count() and await self.identifier().count())

    async def sign_in(self, login: str, password: Secret) -> float:
        """Type both and press "connexion", once; returns which page it was. The fields are typed in
        only on an allowed origin.
        """
        self.browser.check_origin()
        page: float = await self.page.evaluate(_LOADED)
        await (await self.only(self.identifier(), self.words.first("login.identifier"))).fill(login)
        await self.browser.type_secret(
            await self.only(self.mark(), self.words.first(self.label)), password
        )
        await self.press(self.button("login.submit"), self.words.first("login.submit"))
        return page


class AccueilDuPortail(Screen):
    """The portal's tiles; "Chorus Pro" opens a new tab."""

    title, label = "Accueil", "pigp.chorus"

    def mark(self) -> Locator:
        return self.named("pigp.chorus")

    async def open_chorus_pro(self) -> None:
        """Click the tile, and take the tab that it opens in hand (or the same one, should the
        portal stop opening tabs).
        """
        tile = await self.only(self.mark(), self.words.first(self.label))
        if await tile.get_attribute("target") == "_blank":
            async with self.browser.context.expect_page() as opened:
                await tile.click()
            self.browser.page = await opened.value
        else:
            await tile.click()


class AccueilDeChorusPro(Screen):
    """Chorus Pro's home page, once connected."""

    title, label = "Accueil", "home.manager"

    def mark(self) -> Locator:
        return self.named("home.manager")

    async def open_manager_activities(self) -> None:
        await self.press(self.mark(), self.words.first(self.label))


class ActivitesDuGestionnaire(Screen):
    """The manager's structures, in pages, with a search."""

    title, label = "Activités du gestionnaire", "structures.title"

    def mark(self) -> Locator:
        return self.page.get_by_text(self.words.find("structures.title")).filter(visible=True)

    def row(self, siret: str) -> Locator:
        return (
            self.page.get_by_role("row")
            .filter(has_text=re.compile(digits(siret)))
            .filter(visible=True)
        )

    async def edit(self, siret: str) -> None:
        """Find the structure, page after page, and click its pen. Raises `StructureNotFound`."""
        while not await self.row(siret).count():
            if not await self._turn_page():
                raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)
        row = await self.only(self.row(siret), siret)
        await self.press(self.named("structures.edit", row), self.words.first("structures.edit"))

    async def every(self) -> list[tuple[str, str]]:
        """SIRET and name of every structure, page after page, from the page in hand on. A row
        without a SIRET is no structure of ours.
        """
        found: dict[str, str] = {}
        while True:
            rows: list[list[str]] = await self.page.evaluate(_CELLS)
            column = next(
                (
                    row.index(cell)
                    for row in rows
                    for cell in row
                    if self.words.exact("structures.name").search(cell)
                ),
                -1,
            )
            for row in rows:
                siret = next(
                    (
                        plain
                        for cell in row
                        if len(plain := "".join(cell.split())) == 14 and plain.isdecimal()
                    ),
                    "",
                )
                if siret:
                    found[siret] = row[column] if -1 < column < len(row) else ""
            if not await self._turn_page():
                return list(found.items())

    def field(self) -> Locator:
        """Where a search is typed."""
        named = self.page.get_by_role("textbox", name=self.words.find("structures.search"))
        return self.page.get_by_role("searchbox").or_(named).filter(visible=True)

    async def search(self, siret: str) -> bool:
        """Ask the portal's own search for the structure; False when there is no such field. The
        pages remain the way to be sure.
        """
        asked = await self.ask(self.field(), siret)
        if asked:
            await self.reached()
        return asked

    @staticmethod
    async def ask(field: Locator, siret: str) -> bool:
        """Type and send, in whichever tab that field stands; False when there is no such field, or
        no single one.
        """
        if await field.count() != 1:
            return False
        await field.fill(siret)
        async with field.page.expect_event("domcontentloaded"):
            await field.press("Enter")
        return True

    async def _turn_page(self) -> bool:
        titled = self.page.get_by_title(self.words.find("structures.next")).filter(
            visible=True
        )  # its name is but an arrow
        following = self.named("structures.next").or_(titled)
        if not await following.count() or not await following.first.is_enabled():
            return False
        before = await self.page.evaluate(_CELLS)
        await following.first.click()
        await self.page.wait_for_function(
            f"before => JSON.stringify(({_CELLS})()) !== JSON.stringify(before)", arg=before
        )
        await self.reached()
        return True


class ModificationDeLaStructure(Screen):
    """The structure's card: folded panels, the attached users at its foot, the confirmation window."""

    title, label = "Modification de la structure", "structure.title"

    def mark(self) -> Locator:
        return self.page.get_by_role("heading", name=self.words.find("structure.title")).filter(
            visible=True
        )

    async def check_target(self, siret: str) -> None:
        """Prove which structure this is: its SIRET is on the card. Raises `StructureNotFound`."""
        if not re.search(digits(siret), await self.page.locator("body").inner_text()):
            raise e.StructureNotFound(siret=siret, login=self.browser.settings.login)

    async def show_users(self) -> None:
        """Unfold "Utilisateurs rattachés à la structure" and bring it in sight."""
        panel = self.named("structure.users")
        if await panel.count() == 1 and await panel.get_attribute("aria-expanded") == "false":
            await panel.click()
        title = self.page.get_by_text(self.words.find("structure.users")).filter(visible=True).first
        await self.browser.wait_for(title, self.words.first("structure.users"))
        await title.evaluate("title => title.scrollIntoView({ block: 'nearest' })")

    async def accounts(self) -> tuple[str, ...]:
        """The technical accounts on the card."""
        return tuple(dict.fromkeys(ACCOUNT.findall(await self.page.locator("body").inner_text())))

    async def is_secondary(self) -> bool:
        """Whether the card says that the manager may not reset."""
        return (
            self.words.find("structure.secondary").search(
                await self.page.locator("body").inner_text()
            )
            is not None
        )

    async def reset_button(self, siret: str, account: str) -> Locator:
        """The enabled reset button of `account`, and of no other. Raises the `PortalError` that
        says why there is none.
        """
        buttons, label = self.button("reset.button"), self.words.first("reset.button")
        rows = self.page.get_by_role("row").or_(self.page.get_by_role("listitem"))
        own = rows.filter(has=self.page.get_by_text(whole(account)))
        row = own.filter(has=buttons)
        (
            text,
            there,
            mine,
            here,
            anywhere,
        ) = await asyncio.gather(  # in one go: each question takes a way to the browser and back
            self.page.locator("body").inner_text(),
            buttons.count(),
            own.count(),
            row.count(),
            rows.filter(has=buttons).count(),
        )
        found = sorted(set(ACCOUNT.findall(text)))
        if account.lower() not in {each.lower() for each in found}:
            raise (
                e.AccountNotFound(account=account, siret=siret, found=", ".join(found))
                if found
                else e.NoTechnicalAccount(siret=siret)
            )
        if not there:
            secondary = self.words.find("structure.secondary").search(text)
            raise (
                e.NotPrincipalManager(siret=siret)
                if secondary
                else e.ResetButtonMissing(siret=siret, wanted=label)
            )
        if mine == 1 and not here and anywhere:
            raise e.ResetButtonMissing(
                siret=siret, wanted=label
            )  # the others' accounts have theirs
        button = self.button("reset.button", row) if here == 1 else buttons
        number = await button.count() if here == 1 else there
        if here == 1 and number > 1:
            raise e.AmbiguousScreen(screen=self.title, count=number, wanted=label)
        if number != 1 or (here != 1 and len(found) > 1):
            raise e.AccountToChoose(siret=siret, found=", ".join(found))
        if not await button.is_enabled():
            raise e.ResetButtonDisabled(siret=siret, wanted=label)
        return button


class Confirmation(Screen):
    """The window that asks to confirm the reset."""

    title, label = "Modification de la structure", "reset.confirm"

    def mark(self) -> Locator:
        name = self.words.exact("reset.confirm")
        return self.page.get_by_role("dialog").get_by_role("button", name=name).filter(visible=True)

    async def reached(self) -> None:
        await self.browser.wait_for(self.mark(), self.words.first(self.label), within_dialog=True)

    async def check(self, account: str) -> Locator:
        """The confirm button, nothing clicked yet. Raises `WrongConfirmation` when the window names
        another account.
        """
        await self.reached()
        text = await self.browser.popup()
        others = [found for found in ACCOUNT.findall(text) if found.lower() != account.lower()]
        if others:
            raise e.WrongConfirmation(account=account, found=", ".join(others))
        return await self.only(self.mark(), self.words.first(self.label))


class EcranSuivant(Screen):
    """The summary that shows the new password, once."""

    title, label = "Écran suivant", "summary.password"

    def mark(self) -> Locator:
        """The label of the password, where no password is asked for: the login page has the same
        words.
        """
        return self.page.get_by_text(self.words.exact("summary.password")).filter(visible=True)

    def refusal(self) -> Locator:
        return self.page.get_by_text(self.words.find("reset.refused")).filter(visible=True)

    async def reached(self) -> None:
        # A window laid over the password does not hide it from us, and it will not be shown again:
        # `within_dialog`.
        await self.browser.wait_for(
            self.mark().or_(self.refusal()), self.words.first(self.label), within_dialog=True
        )
        if await self.refusal().count():
            raise e.ResetRefused(
                text=" ".join((await self.refusal().first.inner_text()).split())[:160]
            )
        if await self.page.locator("input[type=password]").filter(visible=True).count():
            raise e.SessionExpired(screen=self.title)

    async def read(self, account: str) -> Secret:
        """The password on the screen. Raises `PasswordUnreadable` unless exactly one value can be
        it. Safe to repeat.
        """
        fits = [
            value
            for value in await displayed(self.page, self.words)
            if value.lower() != account.lower()
        ]
        if len(fits) != 1:
            raise e.PasswordUnreadable(why=f"{len(fits)} valeurs possibles")
        return Secret(fits[0])

    async def back(self) -> None:
        await self.press(self.button("summary.back"), self.words.first("summary.back"))
