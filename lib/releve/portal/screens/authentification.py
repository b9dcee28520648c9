"""The login page: identifier, password, « connexion »."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import product

from filelock import Timeout

from releve.base.secret import Secret
from releve.base.words import Words
from releve.portal import errors as e
from releve.portal.case import Case
from releve.portal.screen import Screen, want
from releve.portal.screens.accueil import Arrival, arrived
from releve.portal.screens.herself import wait_for_her
from releve.portal.screens.portail import AccueilDuPortail
from releve.portal.screens.second_factor import SecondFactorPage
from releve.portal.sight import (
    Abstention,
    Want,
    closest,
    common,
    decide,
    named,
    overview,
    rank,
)
from releve.portal.view import Thing, View

_LOADED = "() => performance.timeOrigin"
Form = tuple[Thing, Thing | None]


def login_form(view: View, words: Words) -> Form | Abstention:
    """The two fields of the login; the second is None where it is asked for on the next page.

    Fields that stand together belong together: the form with both words in full is the login, not
    another one that has half of them, nor one where the password is written twice, and the
    document's own word goes before the others. What is in sight may be for people of another kind:
    where a form behind a tab is named as well, nobody guesses, and where one that can be opened has
    the document's own word alone, it is opened.
    """
    asked = want(words, "login.identifier", "field")
    hidden = want(words, "login.password", "secret")
    tabs = {t.key for t in view.of_kind("press") if t.opens == "tab"}
    every = [t for t in view.things if t.shown or t.hidden]
    secrets = [t for t in every if t.kind == "secret" and not t.fixed and t.enabled]
    fields = [t for t in every if t.kind == "field" and t.enabled]
    made = Counter((t.frame, t.form, t.hidden) for t in secrets if t.form and rank(t, hidden))
    secrets = [t for t in secrets if made[t.frame, t.form, t.hidden] < 2]  # a new account's
    pairs = sorted(_pairs(fields, secrets, asked, hidden), key=lambda pair: pair[0])
    sight = next((score for score, field, _ in pairs if field.shown), None)
    fit = [p for p in pairs if p[1].shown or sight is None or sight[1] > p[0][1]]
    best = [pair for pair in fit if pair[0][:2] == fit[0][0][:2]]
    near = [(field, secret) for _, field, secret in best if field.shown]
    near = [pair for pair in near if pair[0].region in ("main", "")] or near
    named_as_well = [(p[2].frame, p[2].hidden) for p in pairs if p[0][:2] <= best[0][0][:2]]
    tabbed = {by for frame, hidden in named_as_well for by, _ in hidden if (frame, by) in tabs}
    if len(near) == 1 and not tabbed:
        return near[0]
    if best:
        count = len(near) + len(tabbed) if near else 0
        return Abstention(words.first("login.password"), count, overview(view, "secret"))
    alone = named(view, asked)
    following = closest(view, want(words, "login.next", longer=False), alone) if alone else None
    if len(alone) == 1 and not any(t.shown for t in secrets) and isinstance(following, Thing):
        return alone[0], None
    return Abstention(words.first("login.password"), 0, overview(view, "secret"))


def _pairs(
    fields: list[Thing], secrets: list[Thing], asked: Want, hidden: Want
) -> list[tuple[tuple[int, bool, int], Thing, Thing]]:
    """Each identifier with a password of its own form, and how well they are named: less is
    better.
    """
    found = []
    for field, secret in product(fields, secrets):
        same = (field.frame, field.form, field.shown) == (secret.frame, secret.form, secret.shown)
        if not same or field.at > secret.at:
            continue
        ranks = rank(field, asked), rank(secret, hidden)
        between = [t for t in fields if field.at < t.at < secret.at and t.form == field.form]
        between = [t for t in between if t.shown == field.shown]
        if (between and not ranks[0]) or not (any(ranks) or field.form):
            continue
        score = sum(each or 7 for each in ranks)
        called = (*field.names.values(), *field.near.values())
        other = not any(Words.finds(asked.label, each) for each in called)
        found.append(((score, other, -len(common([field, secret]))), field, secret))
    return found


class LoginBusy(e.PortalError):
    """Another process has been trying this login's password for too long."""


class Authentification(Screen):
    """The login page of the Portail de la Gestion Publique, or Chorus Pro's own.

    A refused password is never tried twice: refusals lock the account.
    """

    step, title, mark = "authentification", "Authentification", login_form

    async def go(self, case: Case) -> str:
        """Log in, once. Raises `PasswordRefused` or `AccountLocked`, which are remembered, or
        `AlreadyRefused` before anything is typed. A person who logs in herself is waited for.
        """
        if case.credentials.herself:
            await self._by_herself(case)
            return "une personne s'est connectée elle-même au portail"
        try:
            async with case.credentials.lock:
                await self._sign_in(case)
        except Timeout:
            raise LoginBusy(login=self.browser.settings.login) from None
        where = "à Chorus Pro" if case.through_chorus else "au portail"
        return f"connecté {where} avec l'identifiant {self.browser.settings.login}"

    async def arrived(self, case: Case) -> None:
        await (Arrival if case.through_chorus else AccueilDuPortail)(self.browser).reached()

    async def open(self, case: Case) -> None:
        """Show the login form, by « Se connecter » where no part of it stands on the page."""
        await self.browser.begin(self.browser.settings.url)
        connect = want(self.words, "connection.connect", longer=False)
        asked = want(self.words, "login.identifier", "field")

        def either(view: View) -> object:
            found = self.seen(view)
            if not isinstance(found, Abstention) or found.count or named(view, asked):
                return found
            asks = view.of_kind("field", "secret", "list", "check", "radio")
            forms = {t.form for t in asks}  # 0: of none
            if any(t.kind == "secret" for t in asks):
                return found
            free = [t.key for t in view.of_kind("press") if t.href or t.form not in forms]
            there = decide(view, connect, lambda each: each.enabled and each.key in free)
            return found if isinstance(there, Abstention) else there

        found = await self.finder.until(either)
        if isinstance(found, Thing):
            await self.finder.press(found)
        await self.reached()

    async def _sign_in(self, case: Case) -> None:
        password = await asyncio.to_thread(case.credentials.password)
        await self.open(case)
        login = self.browser.settings.login
        async with self.browser.guarded():
            page = await self.sign_in(login, password)
            try:
                await self._answered(case)
            except (e.PasswordRefused, e.AccountLocked, e.ScreenNotRecognised) as error:
                unsaid = isinstance(error, e.ScreenNotRecognised)
                if unsaid and not await self.asks_again(page):
                    raise
                await asyncio.to_thread(case.credentials.remember_refusal, password)
                raise (e.PasswordRefused(login=login) if unsaid else error) from None

    async def _by_herself(self, case: Case) -> None:
        if not self.browser.headed:
            raise e.NoWindow
        await self.browser.begin(self.browser.settings.url)
        await wait_for_her(case, self.through)

    def through(self, view: View) -> object:
        """A page that only who is connected sees: no login stands on it."""
        connect = want(self.words, "connection.connect", longer=False)
        still = [t for t in view.of_kind("secret") if not t.fixed] or named(view, connect)
        if still or not isinstance(login_form(view, self.words), Abstention):
            return Abstention(self.words.first("pigp.chorus"))
        tile = AccueilDuPortail(self.browser).seen(view)
        return arrived(view, self.words) if isinstance(tile, Abstention) else tile

    async def _answered(self, case: Case) -> None:
        if not case.through_chorus:
            await AccueilDuPortail(self.browser).reached()
            return
        code = SecondFactorPage(case)

        def inside(view: View) -> object:
            shown = code.seen(view)
            return arrived(view, self.words) if isinstance(shown, Abstention) else shown

        await self.finder.until(inside)

    async def asks_again(self, page: float) -> bool:
        """Whether another page than that one shows the whole form: a refusal in words that nobody
        knows.
        """
        # a browser that finds a field empty sends nothing, and shows the same page
        anew = await self.page.evaluate(_LOADED) != page
        return bool(anew and await self.shown())

    async def sign_in(self, login: str, password: Secret) -> float:
        """Type both and press "connexion", once; returns which page it was. The fields are typed in
        only on an allowed origin.
        """
        await self.browser.note_origin()
        identifier, secret = await self.finder.until(self._form)
        await self.finder.fill(identifier, login)
        if secret is None:
            await self.finder.press(await self._button("login.next", [identifier]))
            secret = await self.finder.until(self._secret)
        page: float = await self.page.evaluate(_LOADED)
        await self.finder.type_secret(secret, password)
        together = [secret] if secret.form != identifier.form else [identifier, secret]
        await self.finder.press(await self._button("login.submit", together))
        return page

    def _form(self, view: View) -> Form | Abstention:
        return login_form(view, self.words)

    def _secret(self, view: View) -> Thing | Abstention:
        code = want(self.words, "code.field", "secret")
        found = [t for t in view.of_kind("secret") if not (t.fixed or rank(t, code))]
        if len(found) == 1:
            return found[0]
        return Abstention(self.words.first("login.password"), len(found))

    async def _button(self, key: str, fields: list[Thing]) -> Thing:
        wanted = want(self.words, key, longer=False)
        return await self.finder.until(lambda view: closest(view, wanted, fields))
