"""The school's switches: what goes wrong, on which screen, how many times.

A switch that names a screen is written `screen` (once), `screen:3` (three times) or `screen:0`
(always). A switch may concern one structure only: `SIRET/name=value`, or
`faults.per_structure[siret] = Faults(...)`, which then stands in place of the general ones on the
pages of that structure. All may be changed while the school runs; setting a switch winds it up
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from releve.base.errors import UsageError

SCREENS = frozenset(
    {
        "authentification", "portail", "connexion", "informations", "accueil", "structures",
        "structure", "utilisateur", "confirmation", "recapitulatif", "corail-collectivites",
        "corail-transfert", "corail-mot-de-passe", "raccordements", "compte-technique",
        "formulaire", "soumettre", "federation", "identification", "code", "piste",
    }
)
CHOICES = {
    "effect_at": ("submit", "display"),
    "otp": ("", "email", "totp", "key"),
    "piste_refusal": ("header", "ldap"),
}
ON_SCREEN = ("server_error_at", "maintenance_at", "session_expired_at", "security_at", "popup_at")


class BadFault(UsageError, ValueError):
    """A switch that does not exist, or cannot be set so."""


@dataclass
class Faults:
    """Every switch, off by default."""

    latency_ms: int = 0
    """Added to every page and every API answer."""
    server_error_at: str = ""
    """Answers HTTP 500 "Erreur technique" in place of the screen; a POST that it replaces has no
    effect.
    """
    maintenance_at: str = ""
    """Answers "Service en maintenance" (HTTP 503) in place of the screen."""
    session_expired_at: str = ""
    """Ends the session and says so in place of the screen."""
    popup_at: str = ""
    """Lays "Information importante" over the screen, until "Fermer" is clicked."""
    security_at: str = ""
    """Answers « Des contraintes de sécurité empêchent d'accéder à la page demandée » in place of
    the screen, as an old address does.
    """
    wrong_password: bool = False
    """The manager's password is refused, as if it had been changed on the portal; the third refusal
    locks the account.
    """
    locked: bool = False
    """The manager's account is locked, whatever the password (three refusals in a row lock it too).
    """
    slash_in_first: int = 0
    """How many of the next generated passwords hold a "/"; the following ones hold none."""
    awkward_passwords: bool = False
    """Every password begins and ends with a space, and holds what HTML, JSON and shells spoil."""
    slash_random: bool = False
    """Leaves "/" to chance, as on the real portal (about one password in five)."""
    cut_after_confirmation: int = 0
    """How many times the reset is applied and the connection then closed without an answer;
    negative: always.
    """
    leaving_keeps_candidate: bool = False
    """Route "raccordements": leaving the form and coming back shows the same candidate again; by
    default a new one.
    """
    effect_at: str = "submit"
    """Route "raccordements": the candidate takes effect at "submit", or already at its "display"
    (unknown of the real portal).
    """
    render_ms: int = 80
    """How long the route "raccordements" takes to draw each view once it has its data."""
    otp: str = ""
    """The one-time code asked after a login on Chorus Pro: "email", "totp", "key" (a security key)
    or none.
    """
    otp_after_pigp: bool = False
    """Whether the code is asked after PIGP's hop too (unknown of the real portal)."""
    otp_seconds: float = 300.0
    """How long a code sent by e-mail is good."""
    piste_forbidden: bool = False
    """The API answers 403, whatever the password."""
    piste_closed: str = ""
    """Calls of the API that are closed (403) to this account, by the last words of their paths."""
    piste_refusal: str = "header"
    """How the API refuses a technical account: by the "header" WWW-Authenticate, or by the "ldap"
    body; both were seen.
    """
    piste_status: int = 0
    """The HTTP status of every call of the API, when it is not 0: what a gateway answers in its
    place.
    """
    piste_keeps_old: bool = False
    """The API goes on taking the password of before the last reset, beside the new one."""
    piste_code: int = 0
    """The `codeRetour` of the API's answers, when it is not 0."""
    piste_token_refused: int = 0
    """How many calls are answered as if the token were bad; negative: always."""
    propagation_seconds: float = 0.0
    """How long the API goes on knowing only the password of before a reset; negative: until
    `World.propagate()`.
    """
    renamed_labels: dict[str, str] = field(default_factory=dict)
    """Words of the pages replaced by others."""
    missing_button: bool = False
    """The manager is not "gestionnaire principal": no reset button, and the page says why."""
    no_technical_account: bool = False
    """The structure lists no technical account."""
    reset_refused: int = 0
    """How many confirmations are answered by an error, without any reset; negative: always."""
    last_change_shown: bool = False
    """The card of a structure says when each technical account's password was last changed. A
    guess: nobody has told whether the real one does, nor by which words.
    """
    account_page: bool = False
    """The reset button stands on the technical user's own page, one click further."""
    federated: bool = False
    """PIGP's login page offers a federated login too, on an origin of its own."""
    first_visit_empty: bool = False
    """The form of the first visit asks for four things that the portal does not know."""
    first_visit_form: bool = False
    """The manager is asked once to check his or her information before the home page."""
    per_structure: dict[str, Faults] = field(default_factory=dict)
    """SIRET -> the switches that stand in place of these on that structure's pages."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in ON_SCREEN and value:
            screen_of(str(value))
        if value not in CHOICES.get(name, (value,)):
            raise ValueError(
                f"La panne « {name} » attend l'une de ces valeurs : {', '.join(CHOICES[name])}."
            )
        object.__setattr__(self, name, value)
        self.__dict__.setdefault("_fired", {}).pop(name, None)

    def of(self, siret: str) -> Faults:
        """The switches that hold for a structure's pages."""
        return self.per_structure.get(siret, self)

    def fires(self, name: str, screen: str) -> bool:
        """Whether the switch `name` acts on `screen` now; counts it when it does."""
        wanted, times = screen_of(getattr(self, name) or ":0")
        return wanted != "" and wanted == screen and self._spend(name, times or -1)

    def spends(self, name: str) -> bool:
        """Whether the counted switch `name` acts now; counts it when it does."""
        return self._spend(name, getattr(self, name))

    def _spend(self, name: str, times: int) -> bool:
        fired: dict[str, int] = self.__dict__["_fired"]
        acts = times < 0 or fired.get(name, 0) < times
        fired[name] = fired.get(name, 0) + acts
        return acts

    def set(self, name: str, text: str) -> None:
        """Set a switch from the text that follows `=` on a command line. Raises ValueError, in
        French.
        """
        siret, _, name = name.rpartition("/")
        faults = self.per_structure.setdefault(siret, Faults()) if siret else self
        known = {each.name for each in fields(Faults)} - {"per_structure"}
        if name not in known:
            raise ValueError(
                f"Panne inconnue : « {name} ». Pannes connues : {', '.join(sorted(known))}."
            )
        setattr(faults, name, _read(name, getattr(faults, name), text))

    @classmethod
    def parse(cls, options: Iterable[str]) -> Faults:
        """The faults that `name=value` options describe; `name` alone means `name=1`. Raises
        `BadFault`.
        """
        faults = cls()
        for option in options:
            name, equals, text = option.partition("=")
            try:
                faults.set(name.strip(), text if equals else "1")
            except ValueError as problem:
                raise BadFault(why=str(problem)) from None
        return faults


def screen_of(value: str) -> tuple[str, int]:
    """The screen and the number of times of a switch's value; 0 means always. Raises ValueError, in
    French.
    """
    screen, colon, times = value.partition(":")
    if screen and screen not in SCREENS:
        raise ValueError(
            f"Écran inconnu : « {screen} ». Écrans connus : {', '.join(sorted(SCREENS))}."
        )
    if colon and not times.isdecimal():
        raise ValueError(
            f"Après « {screen}: » il faut un nombre de fois (0 : toujours), et non « {times} »."
        )
    return screen, int(times) if colon else 1


def _read(name: str, current: object, text: str) -> object:
    if isinstance(current, bool):
        return text.strip().lower() in ("1", "true", "oui", "on")
    if isinstance(current, dict):
        return dict(pair.split(">", 1) for pair in text.split(";") if ">" in pair)
    if isinstance(current, str):
        return text
    try:
        return int(text) if isinstance(current, int) else float(text)
    except ValueError:
        raise ValueError(f"La panne « {name} » attend un nombre, et non « {text} ».") from None
