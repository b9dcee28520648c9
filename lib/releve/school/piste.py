"""PISTE: the token, and the few calls that prove a technical account's password.

The answers follow what was seen of the real one: 400 `invalid_client` for the application, 401 with
an empty body for the token, 401 with a header or an LDAP text for the technical account (unknown
and wrong look the same), 403 that says nothing of the password, `codeRetour` 20000 for no result.
The fields of `rattachements` and `tauxtva` are those that an open-source client of the API
declares.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from datetime import timedelta

from releve.school.web import Page
from releve.school.world import Structure

TOKEN_SECONDS = 3600
HEADER = (
    'Bearer realm="PISTE",error="Unauthorized",error_description="login or password incorrects"'
)
LDAP = {"codeRetour": 401, "libelle": "Impossible d'authentifier l'utilisateur dans le LDAP."}


class ApiPage(Page):
    """An answer of PISTE: JSON, also when something goes wrong."""

    site = "piste"

    def problem(self, status: int, title: str, text: str, *, again: str = "") -> None:
        """Answer a problem as JSON."""
        self.answer(status, {"message": title})

    def answer(self, status: int, body: object) -> None:
        """Answer JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json;charset=utf-8")
        self.finish(json.dumps(body, ensure_ascii=False))


class Token(ApiPage):
    """OAuth 2.0, client credentials."""

    async def post(self) -> None:
        """Give a token for 3600 seconds to the application that the world knows."""
        if await self.stopped("piste"):
            return
        known, field = self.world.piste, self.get_body_argument
        given = field("client_id", ""), field("client_secret", "", strip=False)
        if field("grant_type", "") != "client_credentials":
            self.answer(400, {"error": "unsupported_grant_type"})
        elif given != (known.client_id, known.client_secret):
            self.answer(400, {"error": "invalid_client"})
        elif "openid" not in field("scope", "").split():
            self.answer(400, {"error": "invalid_scope"})
        else:
            token = secrets.token_urlsafe(32)
            self.desk.tokens[token] = self.world.clock() + timedelta(seconds=TOKEN_SECONDS)
            body = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
            self.answer(200, body | {"scope": "openid resource.READ"})


class CproCall(ApiPage):
    """A call of the Chorus Pro API: the token, then the subscription, then the technical account,
    then the business.
    """

    async def post(self) -> None:
        if await self.stopped("piste") or not self.token_accepted():
            return
        call = self.request.path.rsplit("/", 1)[-1]
        if self.desk.faults.piste_forbidden or call in self.desk.faults.piste_closed.split():
            self.answer(403, {"message": "Forbidden"})
            return
        if self.desk.faults.piste_status:
            self.answer(self.desk.faults.piste_status, {"message": "Gateway"})
            return
        account = self.account()
        self.world.note("api_called", account=account, detail=call)
        if account:
            self.answer_business(account)
        else:
            self.refuse()

    def token_accepted(self) -> bool:
        """Whether the token is good; answers 401 with an empty body when it is not."""
        token = self.request.headers.get("Authorization", "").removeprefix("Bearer ")
        until = self.desk.tokens.get(token)
        good = until is not None and self.world.clock() < until
        if good and not self.desk.faults.spends("piste_token_refused"):
            return True
        self.set_status(401)
        self.finish()
        return False

    def account(self) -> str:
        """The technical account whose password the `cpro-account` header holds; nothing if it is
        refused.
        """
        given = self.request.headers.get("cpro-account", "")
        try:
            login, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return login if login in self.world.accounts and password in self.passwords(login) else ""

    def passwords(self, login: str) -> list[str]:
        """What the API takes for that account: one password, or two when the faults say so."""
        old = self.world.accounts[login].history[-1:] if self.desk.faults.piste_keeps_old else []
        return [self.world.api_password(login), *old]

    def refuse(self) -> None:
        """Refuse the technical account, in one of the two ways that were seen."""
        if self.desk.faults.piste_refusal == "ldap":
            self.answer(401, LDAP)
        else:
            self.set_header("WWW-Authenticate", HEADER)
            self.set_status(401)
            self.finish()

    def answer_business(self, account: str) -> None:
        """Answer the call itself, with the `codeRetour` that the faults want."""
        code = self.desk.faults.piste_code
        if code:
            words = "Aucun résultat" if code == 20000 else "Erreur fonctionnelle"
            self.answer(200, {"codeRetour": code, "libelle": words})
        else:
            self.answer(200, {"codeRetour": 0, "libelle": "TRA_MSG_00.000", **self.result(account)})

    def result(self, account: str) -> dict[str, object]:
        """The call's own fields."""
        rates = [("TVA20", "20 %", 20), ("TVA10", "10 %", 10), ("TVA5.5", "5,5 %", 5.5)]
        return {
            "listeTauxTva": [
                {"codeTauxTva": code, "libelleTauxTva": text, "valeurTauxTva": rate}
                for code, text, rate in rates
            ]
        }


class Attachments(CproCall):
    """The structures that the technical account covers, by pages."""

    def answer_business(self, account: str) -> None:
        """Answer "no result" beyond the last page."""
        if self.result(account)["listeStructureRattachement"] or self.desk.faults.piste_code:
            super().answer_business(account)
        else:
            self.answer(200, {"codeRetour": 20000, "libelle": "Aucun résultat"})

    def result(self, account: str) -> dict[str, object]:
        """One page of structures."""
        wanted = self.wanted()
        size = max(1, int(wanted.get("nbResultatsParPage", 10)))
        page = max(1, int(wanted.get("pageResultatDemandee", 1)))
        covered = [each for each in self.world.structures.values() if account in each.accounts]
        pages = -(-len(covered) // size)
        return {
            "listeStructureRattachement": [
                _attachment(each) for each in covered[(page - 1) * size : page * size]
            ],
            "parametresRetour": {
                "pageCourante": page,
                "pages": pages,
                "nbResultatsParPage": size,
                "total": len(covered),
            },
        }

    def wanted(self) -> dict[str, int]:
        """The page that the body asks for."""
        try:
            body = json.loads(self.request.body or b"{}")
            found: dict[str, int] = body.get("parametresRecherche", {})
        except ValueError:
            return {}
        return found


class Recipients(CproCall):
    """The active structures that may be billed: one more call that proves a password."""

    def result(self, account: str) -> dict[str, object]:
        """The call's own fields."""
        names = [each.name for each in self.world.structures.values() if account in each.accounts]
        return {"listeStructures": [{"designationStructure": name} for name in names]}


class Unregistered(ApiPage):
    """A path that no API is registered for: a wrong `api_url`. It says nothing of the password."""

    def get(self) -> None:
        self.set_header("WWW-Authenticate", 'Bearer realm="DefaultRealm"')
        self.set_status(401)
        self.finish()

    post = get


class HealthCheck(ApiPage):
    """Proves nothing of the password: it asks for none."""

    def get(self) -> None:
        self.answer(200, {"codeRetour": 0, "libelle": "TRA_MSG_00.000"})

    post = get


def _attachment(structure: Structure) -> dict[str, object]:
    return {
        "identifiantStructure": structure.siret,
        "typeIdentifiantStructure": "SIRET",
        "designationStructure": structure.name,
        "idStructure": int(structure.siret[:9]),
        "idRattachementStructure": int(structure.siret[-8:]),
        "roleUtilisateur": "GESTIONNAIRE_PRINCIPAL",
        "statutRattachementStructure": "ACTIF",
        "statutUtilisateur": "ACTIF",
        "listeServicesRattache": [],
    }


ROUTES = [
    (r"/api/oauth/token", Token),
    (r"/cpro/utilisateurs/v1/monCompte/recuperer/rattachements", Attachments),
    (r"/cpro/transverses/v1/recuperer/tauxtva", CproCall),
    (r"/cpro/transverses/v1/recuperer/structures/actives/destinataire", Recipients),
    (r"/cpro/transverses/v1/health-check", HealthCheck),
    (r"/.*", Unregistered),
]
