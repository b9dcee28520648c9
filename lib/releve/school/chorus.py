"""Chorus Pro by the documented route: home, "Activités du gestionnaire", the structure, the
confirmation, the summary.

Known: the words of the procedure, server-rendered forms with ids like `MODULE_Screen_Block_Widget`,
a table with a caption and pages, collapsed panels, a confirmation pop-up, a password shown once
with its PDF export. The layout, the columns and the other panels are guesses. So is it that a
summary page which could not be shown is lost: it is the worst case.
"""

from __future__ import annotations

from typing import ClassVar

from releve.school import pdf
from releve.school.web import Page, Session, Shown
from releve.school.world import Structure

PAGE_SIZE = 10
REFUSED = (
    "La réinitialisation du mot de passe n'a pas pu être effectuée. Le mot de passe actuel reste"
    " valable."
)


class ChorusPage(Page):
    """A page of Chorus Pro that needs an open session; without one the browser is sent to "Se
    connecter".
    """

    site = "chorus"
    keeps_export: ClassVar[bool] = False

    def prepare(self) -> None:
        """Send away who is not connected; leaving the summary ends its export."""
        if self.session is None:
            self.redirect("/", status=303)
        elif not self.keeps_export:
            self.session.to_export = None

    @property
    def opened(self) -> Session:
        """The session, which `prepare` has checked."""
        assert self.session is not None
        return self.session

    async def show_home(self) -> None:
        """Show the home page, or first the form that a first visit asks for."""
        faults = self.desk.faults
        first = faults.first_visit_form or faults.first_visit_empty
        if first and not self.manager.informations_checked:
            facts = {"empty": faults.first_visit_empty}
            await self.show("informations", "chorus/informations.html", facts)
        else:
            await self.show("accueil", "chorus/home.html", {"history": self.history()})

    def history(self) -> list[dict[str, str]]:
        """The manager's last resets, as independent evidence that they happened; newest first."""
        done = [entry for entry in self.world.ledger.entries if entry.kind == "reset"]
        return [
            {
                "at": f"{each.at[8:10]}/{each.at[5:7]}/{each.at[:4]} {each.at[11:19]}",
                "account": each.account,
                "siret": each.siret,
            }
            for each in reversed(done[-10:])
        ]


class Landing(Page):
    """Chorus Pro as a new tab shows it: in disconnected state, with "Se connecter"."""

    site = "chorus"

    async def get(self) -> None:
        if self.session:
            self.redirect("/cpp/accueil", status=303)
        else:
            await self.show("connexion", "chorus/landing.html", {"title": "Bienvenue", "note": ""})


class Sso(Page):
    """Opens a session for who brings a one-time ticket."""

    site = "chorus"

    def get(self) -> None:
        if login := self.desk.spend(self.get_query_argument("ticket", "")):
            self.open_session(login)
            self.redirect("/cpp/accueil", status=303)
        else:
            self.redirect("/", status=303)


class Home(ChorusPage):
    """Home, with the history of the manager's actions; at a first visit, the form to complete or
    check one's information.
    """

    async def get(self) -> None:
        await self.show_home()

    async def post(self) -> None:
        if not await self.stopped("informations"):
            self.manager.informations_checked = True
            self.world.note("informations_checked")
            self.redirect("/cpp/accueil", status=303)


class Activities(ChorusPage):
    """Screen "Activités du gestionnaire": "Mes structures", by pages of ten, with a search."""

    async def get(self) -> None:
        words = self.get_query_argument("recherche", "")
        found = self.world.search(words, self.manager)
        pages = max(1, -(-len(found) // PAGE_SIZE))
        page = min(max(1, _number(self.get_query_argument("page", "1"))), pages)
        shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        facts = {
            "shown": shown,
            "total": len(found),
            "page": page,
            "pages": pages,
            "words": words,
            "faults": self.desk.faults,
        }
        await self.show("structures", "chorus/activities.html", facts)


class StructurePage(ChorusPage):
    """Screen "Modification de la structure"; posting to it is the confirmed reset."""

    async def get(self, siret: str) -> None:
        await self.show_structure("structure", siret, "")

    async def show_structure(self, screen: str, siret: str, error: str) -> None:
        """Show the structure, with an error if there is one to tell."""
        structure = self.own(siret)
        if structure is None:
            self.send_error(404)
            return
        faults = self.desk.faults.of(siret)
        logins = [] if faults.no_technical_account else structure.accounts
        facts = {
            "structure": structure,
            "accounts": [self.world.accounts[each] for each in logins],
            "principal": not faults.missing_button,
            "error": error,
            "account_page": faults.account_page,
            "last_change": faults.last_change_shown,
        }
        await self.show(screen, "chorus/structure.html", facts, siret=siret)

    def own(self, siret: str) -> Structure | None:
        """That structure, if it is this manager's."""
        found = self.world.structures.get(siret)
        return found if found and found.manager == self.manager.login else None

    async def post(self, siret: str) -> None:
        """Reset the password of the account that the pop-up confirmed: the effect comes before the
        password is seen.
        """
        account, faults = self.get_body_argument("compte", ""), self.desk.faults.of(siret)
        structure = self.own(siret)
        if structure is None or account not in structure.accounts or faults.missing_button:
            self.send_error(404)
        elif await self.stopped("confirmation", siret):
            return
        elif faults.spends("reset_refused"):
            self.world.note("reset_refused", account=account, siret=siret)
            await self.show_structure("", siret, REFUSED)
        else:
            self.opened.to_show = Shown(account, siret, self.world.reset(account, siret=siret))
            if faults.spends("cut_after_confirmation"):
                self.cut()
            else:
                self.redirect("/cpp/recapitulatif", status=303)


class AccountPage(StructurePage):
    """A technical user's own page, with the button: one article has this click more."""

    async def get(self, siret: str) -> None:
        structure, login = self.own(siret), self.get_query_argument("compte", "")
        if structure is None or login not in structure.accounts:
            self.send_error(404)
            return
        shown = self.desk.faults.of(siret).last_change_shown
        account = self.world.accounts[login]
        facts = {"structure": structure, "account": account, "last_change": shown}
        await self.show("utilisateur", "chorus/account.html", facts, siret=siret)


class Summary(ChorusPage):
    """The summary: it shows the new password once, and never again."""

    keeps_export = True

    async def get(self) -> None:
        shown, self.opened.to_show = self.opened.to_show, None
        if shown is None:
            self.opened.to_export = None
            await self.show("", "chorus/summary_gone.html")
            return
        self.opened.to_export = shown
        facts = {"shown": shown, "structure": self.world.structures[shown.siret]}
        if await self.show("recapitulatif", "chorus/summary.html", facts, siret=shown.siret):
            self.world.note("summary_shown", account=shown.account, siret=shown.siret)


class Export(ChorusPage):
    """ "Exporter les informations de connexion": a PDF, as long as the summary is on the screen."""

    keeps_export = True

    def post(self) -> None:
        shown = self.opened.to_export
        if shown is None:
            self.redirect("/cpp/recapitulatif", status=303)
            return
        lines = (
            "Site d'entraînement - informations de connexion",
            f"Structure : {self.world.structures[shown.siret].name} ({shown.siret})",
            f"Identifiant technique : {shown.account}",
            f"Mot de passe : {shown.password}",
        )
        self.world.note("pdf_exported", account=shown.account, siret=shown.siret)
        self.set_header("Content-Type", "application/pdf")
        self.set_header(
            "Content-Disposition", 'attachment; filename="informations-de-connexion.pdf"'
        )
        self.finish(pdf.one_page(lines))


class Logout(Page):
    """Ends the session on Chorus Pro."""

    site = "chorus"

    async def get(self) -> None:
        if self.session:
            self.close_session()
            self.world.note("logout", detail="chorus")
        facts = {"title": "Déconnexion", "note": "Vous êtes déconnecté de Chorus Pro."}
        await self.show("", "chorus/landing.html", facts)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 1


ROUTES = [
    (r"/", Landing),
    (r"/sso", Sso),
    (r"/cpp/accueil", Home),
    (r"/cpp/activites-gestionnaire", Activities),
    (r"/cpp/structure/(\d{14})", StructurePage),
    (r"/cpp/structure/(\d{14})/utilisateur", AccountPage),
    (r"/cpp/recapitulatif", Summary),
    (r"/cpp/recapitulatif/export", Export),
    (r"/deconnexion", Logout),
]
