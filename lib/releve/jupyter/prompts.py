"""A person at the notebook answers: each question is a form under its step, and waits for as long
as it takes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.decision.procedure import BY_ID, STEPS, Step, target_name
from releve.jupyter import corail
from releve.jupyter.panel import Answer, Panel, View, button, field_, form, paragraphs
from releve.jupyter.reconnect import Pages
from releve.portal.case import CodeAsked
from releve.portal.credentials import Credentials
from releve.portal.errors import AlreadyRefused, ResetOutcomeUnknown
from releve.rotation.prompts import Keep, Proof, ResetRequest
from releve.targets.guide import Entering
from releve.vault.entry import CredentialMissing

CHECKED = "Je l'ai fait moi-même"
CODE_SECONDS = 300  # how long a code sent by mail usually lives; the portal does not say


class NobodyKnows(ResetOutcomeUnknown):
    happened = "L'opérateur n'a pas pu dire si la réinitialisation a eu lieu."
    todo = ""


class AtDesk:
    """The operator at the desk. `panel` is where the step in hand asks."""

    interactive = True

    def __init__(self, pages: Pages | None = None) -> None:
        self.pages = pages
        self.panel: Panel | None = None
        self._typed: Secret | None = None  # the portal's password, for this session only
        self._code_until = 0.0  # when the last code that was sent is probably too old
        # the portal's address, when the operator works in a browser of her own
        self.own_browser = ""
        self._entered: Callable[[], Secret] | None = (
            None  # the new one, to be entered once more if it is refused
        )

    async def ask(self, view: View) -> Answer:
        """Ask under the step in hand."""
        assert self.panel is not None
        asked = asyncio.ensure_future(self.panel.ask(view))
        if self.pages is None:
            return await asked
        moved = asyncio.ensure_future(self.pages.given_up.wait())
        try:
            await asyncio.wait({asked, moved}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            # the page that asks was left: the step is asked for anew by the other
            raise asyncio.CancelledError
        finally:
            asked.cancel()
            moved.cancel()

    # -- before the reset

    async def sign_in(self, credentials: Credentials) -> None:
        credentials.typed, refused = self._typed, ""
        while True:
            try:
                await asyncio.to_thread(credentials.password)
                return
            except AlreadyRefused as error:
                refused = str(error)
            except CredentialMissing:
                pass
            answer = await self._until(_credentials(credentials.login, refused), _something_typed)
            if answer.values["keep"]:
                await asyncio.to_thread(
                    credentials.keystore.portal_password(credentials.login).set,
                    answer.secrets["password"],
                )
            self._typed = credentials.typed = answer.secrets["password"]
            if answer.action == "vouch":
                await asyncio.to_thread(credentials.forget_refusal)

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        if not asked.problem:  # just sent
            self._code_until = time.monotonic() + CODE_SECONDS
        answer = await self._until(
            _code(asked, round(self._code_until - time.monotonic())), _code_typed
        )
        return None if answer.action == "resend" else answer.values["code"].strip()

    async def touch_key(self, login: str) -> None:
        assert self.panel is not None
        body = paragraphs(
            "Dans la fenêtre du portail, touchez votre clé de sécurité quand elle clignote."
        )
        self.panel.show(
            form("Touchez votre clé de sécurité", body, tone="work", working=True, look=True)
        )

    async def confirm(self, target: ResetRequest) -> str:
        shared = len(target.used_by) > 1
        await self._until(
            _gate(target), _all_ticked if shared else partial(_same_digits, target.siret)
        )
        return "widget"

    async def reset_again(self, truth: str) -> str | None:
        return None  # asked at the step itself, see `steps`

    async def keep_trying(self, secret: Secret, error: ReleveError, seconds: float) -> Keep:
        assert self.panel is not None
        self.panel.secret = lambda: secret
        answer = await self.ask(_keyring_fails(error))
        self.panel.secret = None
        return Keep(answer.action)

    # -- by hand

    async def screen(self, step: Step, doubt: str = "") -> bool:
        body = paragraphs(step.instruction.replace("**", ""))
        if not self.own_browser:
            body = paragraphs("Dans la fenêtre du portail, qui vient de passer devant :") + body
        else:
            link = (
                f'<a href="{escape(self.own_browser)}" target="_blank"'
                f' rel="noopener">{escape(self.own_browser)}</a>'
            )
            body += f"<p>Dans votre propre navigateur, connecté au portail : {link}</p>"
        buttons = [button("done", CHECKED, "primary")]
        if doubt:
            body += f'<div class="rv-warning">{escape(doubt)}</div>'
            buttons = [
                button("done", "Vérifier à nouveau", "primary"),
                button("skip", "C'est fait, continuer quand même", "plain"),
            ]
        answer = await self.ask(
            form(
                f"À vous : {step.title}", body, buttons=buttons, tag=step_tag(step.id, "à la main")
            )
        )
        return answer.action == "done"

    async def reset_by_hand(self, step: Step, account: str) -> bool:
        body = paragraphs(step.instruction)
        body += (
            "<table><tr><th>Compte"
            f" technique</th><td><strong>{escape(account)}</strong></td></tr></table>"
        )
        buttons = [
            button("done", "C'est fait : le portail l'a accepté", "primary"),
            button("refused", "Le portail a refusé, ou je n'ai pas confirmé"),
            button("unknown", "Je ne sais pas ce qui s'est passé", "link"),
        ]
        answer = await self.ask(
            form(
                "À vous : confirmez sur le portail",
                body,
                buttons=buttons,
                tone="danger",
                tag=step_tag(step.id, "à la main"),
            )
        )
        if answer.action == "unknown":
            raise NobodyKnows
        return answer.action == "done"

    async def new_password(self, account: str, why: str = "") -> Secret:
        body = paragraphs(
            why,
            "Copiez le mot de passe affiché par le portail, et collez-le ici ; ou tapez-le deux"
            " fois. Il va droit dans le trousseau.",
            "Ne fermez pas la page du portail avant que cette étape soit faite : il ne le montrera"
            " plus.",
        )
        fields = [
            field_("one", f"Nouveau mot de passe de {account}", "password"),
            field_("two", "Une seconde fois (collez-le de nouveau, ou retapez-le)", "password"),
        ]
        view = form(
            "À vous : le nouveau mot de passe",
            body,
            fields=fields,
            buttons=[button("ok", "Garder dans le trousseau", "primary")],
        )
        return (
            await self._until(view | {"tag": step_tag("mot-de-passe", "à la main")}, _typed_twice)
        ).secrets["one"]

    async def point_password(self, account: str, pieces: Sequence[str]) -> Secret | None:
        """One piece after the other, each shown on request by the hand-over of secrets."""
        assert self.panel is not None
        at, shown = 0, [Secret(piece) for piece in pieces]
        try:
            while shown:
                self.panel.secret = lambda at=at: shown[at]
                answer = await self.ask(_piece(account, at + 1, len(shown)))
                if answer.action == "this":
                    return shown[at]
                if answer.action == "none":
                    return None
                at = (at + (1 if answer.action == "next" else -1)) % len(shown)
        finally:
            self.panel.secret = None
        return None

    # -- the targets and the proof

    async def guide(self, step: str, name: str) -> str:
        await self.ask(corail.page(step, name) | {"tag": step_tag(step, "à la main")})
        return f"« {BY_ID[step].title} » affiché pour {name}, à la main"

    async def enter_by_hand(self, entering: Entering, secret: Secret) -> str:
        assert self.panel is not None
        self._entered = self.panel.secret = lambda: secret
        try:
            await self._until(corail.entry(entering), _all_ticked)
        finally:
            self.panel.secret = None
        return f"saisi à la main dans {target_name(entering.target)} ({entering.name})"

    async def prove(self, targets: tuple[str, ...], refused: bool) -> Proof:
        assert self.panel is not None
        self.panel.secret = self._entered
        answer = await self.ask(corail.proof(targets, refused, bool(self._entered)))
        return {
            "worked": Proof("attested", "une récupération de factures a réussi dans Corail"),
            "refused": Proof(
                "refused", "Corail ou Chorus Pro refuse encore le nouveau mot de passe"
            ),
            "none": Proof("none", "close sans essai, à la demande de l'opérateur"),
        }.get(answer.action, Proof("later", ""))

    async def _until(self, view: View, fault: Callable[[Answer], str]) -> Answer:
        """Ask until nothing is wrong with the answer; `fault` tells what is, in French."""
        while True:
            answer = await self.ask(view)
            if not (error := fault(answer)):
                return answer
            view |= {
                "error": error,
                "fields": [
                    field | {"value": answer.values.get(field["name"])} for field in view["fields"]
                ],
            }


def _all_ticked(answer: Answer) -> str:
    return (
        "" if all(answer.values.values()) else "Cochez chaque ligne : aucune ne doit être oubliée."
    )


def _same_digits(siret: str, answer: Answer) -> str:
    same = answer.values["digits"].strip() == siret[-4:]
    return (
        ""
        if same
        else (
            "Ce ne sont pas les quatre derniers chiffres de ce SIRET : vérifiez que c'est bien la"
            " bonne structure."
        )
    )


def _something_typed(answer: Answer) -> str:
    return "" if answer.secrets["password"].reveal() else "Tapez le mot de passe."


def _code_typed(answer: Answer) -> str:
    return "" if answer.action == "resend" or answer.values["code"].strip() else "Tapez le code."


def step_tag(step: str, how: str) -> str:
    found = BY_ID[step]
    return f"Étape {found.number} sur {len(STEPS)} · {found.system} · {how}"


def _credentials(login: str, refused: str) -> View:
    body = (
        ""
        if not refused
        else (
            f'<div class="rv-warning">{escape(refused)} Vérifiez-le, puis retapez-le'
            " lentement.</div>"
        )
    )
    body += paragraphs(f"Identifiant : {login}")
    fields = [
        field_(
            "password",
            "Mot de passe du Portail de la Gestion Publique",
            "password",
            help="Il n'est écrit dans aucun fichier.",
        ),
        field_(
            "keep",
            "Le garder dans le trousseau de cet ordinateur, pour ne plus avoir à le taper",
            "check",
        ),
    ]
    buttons = [button("ok", "Se connecter", "primary")]
    if refused:
        buttons.append(
            button("vouch", "Je l'ai vérifié sur le portail lui-même : l'essayer encore", "link")
        )
    return form(
        "Votre mot de passe du portail",
        body,
        fields=fields,
        buttons=buttons,
        tag=step_tag("authentification", "faite par Relève"),
        tone="trouble" if refused else "plain",
    )


def _code(asked: CodeAsked, seconds: int) -> View:
    fields = [field_("code", "Code à usage unique", digits=True, maxlength=12, size=12)]
    buttons = [button("ok", "Valider le code", "primary")]
    if asked.can_resend:
        buttons.append(button("resend", "En demander un autre"))
    body = paragraphs(
        asked.note
        or "Le portail demande un code : lisez-le dans votre messagerie ou votre application."
    )
    return form(
        "Un code est demandé par le portail",
        body,
        fields=fields,
        buttons=buttons,
        error=asked.problem,
        countdown=(
            max(seconds, 1) if asked.can_resend else 0
        ),  # an application makes its own all the time
        tag=step_tag("portail", "faite par Relève"),
    )


def _keyring_fails(error: ReleveError) -> View:
    """The one moment at which a password can be lost: its page stays open, and the question comes
    back until it is answered.
    """
    happened, _, todo = error.sentences
    body = paragraphs(
        "Le portail vient de donner un nouveau mot de passe, qu'il ne montrera plus. Ne fermez"
        " rien.",
        happened,
        todo,
    )
    body += paragraphs(
        "Si le trousseau ne peut pas être réparé, copiez le mot de passe dans Corail, ou notez-le,"
        " puis dites-le ici."
    )
    buttons = [
        button(Keep.AGAIN.value, "Essayer encore", "primary"),
        button("copy", "Copier le mot de passe", hand=True),
        button("show", "Le voir 10 secondes", hand=True),
        button(Keep.COPIED.value, "Je l'ai recopié"),
        button(Keep.LOST.value, "Renoncer à ce mot de passe", "link"),
    ]
    return form(
        "Le trousseau n'a pas pu garder le mot de passe", body, buttons=buttons, tone="danger"
    )


def _gate(target: ResetRequest) -> View:
    s = target.siret
    if shared := len(target.used_by) > 1:
        fields = [
            field_(f"t{n}", target_name(each), "check") for n, each in enumerate(target.used_by)
        ]
    else:
        label = (
            f"Pour confirmer, tapez les quatre derniers chiffres du SIRET ({s[:3]} {s[3:6]}"
            f" {s[6:9]} {s[9]}····)"
        )
        fields = [field_("digits", label, digits=True, maxlength=4, size=6)]
    used = "".join(f"<li>{escape(target_name(each))}</li>" for each in target.used_by)
    body = (
        f"<table><tr><th>Structure</th><td><strong>{escape(target.structure)}</strong>, SIRET"
        f" {target.siret}</td></tr><tr><th>Compte"
        f" technique</th><td><strong>{escape(target.account)}</strong></td></tr><tr><th>Utilisé"
        f' par</th><td><ul>{used}</ul></td></tr></table><div class="rv-warning">C\'est'
        " irréversible : l'ancien mot de passe cessera de fonctionner. Les factures n'arriveront"
        " plus dans ces logiciels tant que le nouveau n'y sera pas entré. Ayez-les sous la"
        " main.</div><p>Tant que vous ne confirmez pas, rien n'est changé. Vous pouvez vous"
        " arrêter ici.</p>"
    )
    lead = "Je mettrai à jour chacun de ces logiciels aujourd'hui :" if shared else ""
    return form(
        "Vous allez réinitialiser le mot de passe de ce compte",
        body + paragraphs(lead),
        fields=fields,
        buttons=[button("confirm", "Réinitialiser le mot de passe", "primary")],
        tone="danger",
        tag="Confirmation de la cible",
    )


def _typed_twice(answer: Answer) -> str:
    one, two = answer.secrets["one"].reveal(), answer.secrets["two"].reveal()
    if one != two:
        return "Les deux saisies diffèrent : recommencez."
    if one != one.strip():
        return "Il y a un espace au début ou à la fin : copiez le mot de passe seul."
    return (
        ""
        if len(one) >= 8 and one.isprintable()
        else "Ce n'est pas un mot de passe du portail : il a au moins 8 caractères."
    )


def _piece(account: str, number: int, of: int) -> View:
    """One piece of what the portal's page showed."""
    body = paragraphs(
        f"Le portail a montré le nouveau mot de passe de {account}, et Relève n'a pas su lequel des"
        " textes de sa page c'était. Tout a été gardé dans le trousseau.",
        f"Texte {number} sur {of} : regardez-le, et dites si c'est lui.",
    )
    buttons = [
        button("show", "Le voir 10 secondes", hand=True),
        button("this", "C'est le mot de passe", "primary"),
        *([button("next", "Le texte suivant"), button("before", "Le précédent")] if of > 1 else []),
        button("none", "Aucun n'est le mot de passe", "link"),
    ]
    return form(
        "Lequel est le mot de passe ?",
        body,
        buttons=buttons,
        tone="danger",
        tag=step_tag("mot-de-passe", "à désigner"),
    )
