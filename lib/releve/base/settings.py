"""The settings: one TOML file, read into frozen dataclasses whose fields are its keys. No secret
ever stands in it.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

from releve.base import siret as sirets
from releve.base.account import folded
from releve.base.errors import UsageError
from releve.base.origins import ORIGINS, check_address, checked_origin, is_loopback
from releve.base.places import default_path, project_root
from releve.base.programs import programs
from releve.base.table import Fault, build, refuse, require
from releve.base.toml_file import read_toml
from releve.base.words import documented

KEEP_BROWSER = "RELEVE_KEEP_BROWSER"
"""In the environment of a fleet's kernels: the browser outlives the notebook."""
FIRST_DAY = date(2012, 1, 1)  # the law on electronic invoices to the State: no account is older
# the portal's own limit, 14 months (communaute.chorus-pro.gouv.fr, "bonne pratique")
PORTAL_LIMIT_DAYS = 424


class SettingsError(UsageError):
    """The settings cannot be used: which file, which key, what is wrong and the mend. Never a
    value, which might be a secret.
    """


class StructureUnknown(UsageError):
    """The structure asked for is not in the settings."""


def _within(settings: object, **bounds: tuple[float, float]) -> None:
    """Each number between its bounds, both included; neither "nan" nor "inf" is."""
    for key, (least, most) in bounds.items():
        require(
            least <= getattr(settings, key) <= most, key, "ce nombre n'a pas de sens ici",
            f"Écrivez un nombre entre {least:g} et {most:g}, ou supprimez la ligne.",
        )


@dataclass(frozen=True)
class Portal:
    """Where and as whom to log in. `labels` overrides words of the portal, by their names in
    `portal/labels.toml`.
    """

    login: str
    url: str = "https://portail.dgfip.finances.gouv.fr/portail/"
    route: Literal["gestionnaire", "raccordements", "auto"] = "gestionnaire"
    login_through: Literal["pigp", "chorus"] = "pigp"
    sign_in: Literal["keyring", "person"] = "keyring"
    origins: tuple[str, ...] = ORIGINS
    browser: str = "auto"
    headed: Literal["auto", True, False] = "auto"
    timeout_seconds: float = 30
    labels: dict[str, str | list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            bool(self.login.strip()), "login", "elle est vide",
            "Écrivez l'identifiant de connexion au portail.",
        )
        object.__setattr__(
            self, "origins", tuple(checked_origin("origins", each) for each in self.origins)
        )
        inside = checked_origin("url", self.url) in self.origins
        require(
            inside, "url", "cette adresse n'est pas dans portal.origins",
            "Ajoutez-y son origine si vous êtes sûr d'elle.",
        )
        named = self.browser in ("auto", "msedge", "chrome", "chromium")
        require(
            named or "/" in self.browser or "\\" in self.browser,
            "browser", "ce navigateur est inconnu",
            "Écrivez auto, msedge, chrome, chromium, ou le chemin d'un exécutable.",
        )
        _within(self, timeout_seconds=(0.1, 600))
        for name, words in self.labels.items():
            if name not in documented():
                refuse(f"labels.{name}", name, list(documented()))
            given = [words] if isinstance(words, str) else words
            # an empty wording would be found everywhere
            good = bool(given) and all(map(str.strip, given))
            require(
                good, f"labels.{name}", "un libellé est vide",
                "Écrivez les mots affichés par le portail, ou supprimez la ligne.",
            )


@dataclass(frozen=True)
class Policy:
    """The rules of a rotation. `blackout` holds "YYYY-MM-DD/YYYY-MM-DD" or, every year,
    "MM-DD/MM-DD" (both days included).
    """

    forbidden_characters: str = "/"
    validity_days: int = 365
    warn_days: int = 30
    max_attempts: int = 5
    propagation_minutes: int = 30
    blackout: tuple[str, ...] = ()
    pause_seconds: float = 0
    unproven: bool = False  # with nobody there, reset also where no proof can be had
    max_resets: int | None = None  # without an agreed plan; None: `planning.plan` says

    def __post_init__(self) -> None:
        _within(
            self,
            validity_days=(1, PORTAL_LIMIT_DAYS),
            warn_days=(0, self.validity_days - 1),
            max_attempts=(1, 20),
            propagation_minutes=(0, 24 * 60),
            pause_seconds=(0, 3600),
        )
        if self.max_resets is not None:
            _within(self, max_resets=(1, 100_000))
        mend = "Écrivez « 2026-12-24/2027-01-02 », ou « 12-24/01-02 » pour chaque année."
        for period in self.blackout:
            require(_is_period(period), "blackout", "une période est mal écrite", mend)


def _is_period(period: str) -> bool:
    yearly = re.fullmatch(r"(\d\d-\d\d)/(\d\d-\d\d)", period)
    dated = re.fullmatch(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", period)
    try:
        if yearly:
            # 2000 has a 29 February
            return all(date.fromisoformat(f"2000-{day}") for day in yearly.groups())
        return bool(dated) and date.fromisoformat(dated[1]) <= date.fromisoformat(dated[2])  # type: ignore[index]
    except ValueError:
        return False


@dataclass(frozen=True)
class Record:
    """Where the evidence goes: an absolute folder once loaded. `keep_years` 0 means for ever."""

    folder: Path = Path("outputs")
    timestamp_url: str = ""
    keep_years: int = 0
    shared: bool = False  # a folder that is made is open to its group
    signers: tuple[str, ...] = ()  # fingerprints of other machines, known besides the keyring's

    def __post_init__(self) -> None:
        fingerprints = all(re.fullmatch(r"[0-9a-fA-F: ]{32,}", each) for each in self.signers)
        require(
            fingerprints, "signers", "une empreinte a au moins 32 chiffres hexadécimaux",
            "Recopiez celle que montre la page d'accueil, ou un dossier, de l'autre poste.",
        )
        object.__setattr__(self, "folder", project_root() / self.folder.expanduser())
        _within(self, keep_years=(0, 100))
        require(
            all(each.is_dir() or not each.exists() for each in (self.folder, *self.folder.parents)),
            "folder",
            "c'est un fichier, pas un dossier",
            "Donnez le chemin d'un dossier, ou d'un dossier à créer.",
        )
        if self.timestamp_url:
            check_address("timestamp_url", self.timestamp_url)


@dataclass(frozen=True)
class Notices:
    """Who is told when a person is needed. The address of each channel, which may hold a password,
    is in the keyring under its name.
    """

    channels: tuple[str, ...] = ()
    silence_days: int = 8  # 0: never tell that nothing runs any more
    link: str = ""  # where readers open `outputs/`; "" gives the path of the file

    def __post_init__(self) -> None:
        named = all(re.fullmatch(r"[\w-]+", each) for each in self.channels)
        require(
            named, "channels", "un nom est attendu, pas une adresse",
            "Écrivez un nom, puis « releve notify --store NOM ».",
        )
        _within(self, silence_days=(0, 366))
        if self.link:
            check_address("link", self.link)


@dataclass(frozen=True)
class Piste:
    """The proof by the API. The secret of `client_id` is in the keyring."""

    client_id: str
    token_url: str = "https://oauth.piste.gouv.fr/api/oauth/token"
    api_url: str = "https://api.piste.gouv.fr/cpro/"


@dataclass(frozen=True)
class School:
    """A training site, on this very machine: where its stand-in for Corail listens, and the control
    site that serves made-up passwords ("": the session's own keyring is used).
    """

    corail_url: str = ""
    control_url: str = ""


@dataclass(frozen=True)
class Keyring:
    """Another keyring than the session's, by the name of its Python class: the user chose it."""

    backend: str = ""


@dataclass(frozen=True)
class Structure:
    """A budget entity, its technical account, and where the new password must be entered."""

    keyed_by: ClassVar = "siret"  # the name of its table

    siret: str
    name: str
    technical_account: str
    targets: tuple[str, ...] = ("corail",)
    command: tuple[str, ...] = ()
    last_rotation: date | None = None
    login: str = ""  # the manager who renews it; "": portal.login

    def __post_init__(self) -> None:
        wrong = sirets.check(self.siret)
        require(
            not wrong, "", f"ce n'est pas un SIRET ({wrong})",
            "Recopiez le SIRET depuis « Mes structures » sur Chorus Pro.",
        )
        for key in ("name", "technical_account"):
            require(bool(getattr(self, key).strip()), key, "elle est vide", "Complétez-la.")
        require(
            self.last_rotation is None or FIRST_DAY <= self.last_rotation <= date.today(),
            "last_rotation", "ce jour n'est pas encore venu, ou d'avant Chorus Pro",
            "Corrigez la date.",
        )
        require(
            bool(self.targets), "targets", "aucune cible n'est nommée",
            'Écrivez par exemple targets = ["corail"].',
        )
        known = (*programs(), "command", "school")
        require(
            set(self.targets) <= set(known), "targets", "une cible est inconnue",
            f"Valeurs possibles : {', '.join(known)}.",
        )
        require(
            len(set(self.targets)) == len(self.targets), "targets", "une cible y est deux fois",
            "Gardez chaque cible une seule fois.",
        )
        mend = (
            'Il faut les deux : « command » dans targets, et command = ["programme", "argument"].'
        )
        require(
            ("command" in self.targets) == bool(self.command), "command",
            "cette cible et son programme vont ensemble", mend,
        )


@dataclass(frozen=True)
class Settings:
    """Everything the file says. `structures` is keyed by SIRET, in the file's order."""

    path: Path
    portal: Portal
    policy: Policy = field(default_factory=Policy)
    record: Record = field(default_factory=Record)
    notices: Notices = field(default_factory=Notices)
    piste: Piste | None = None
    school: School | None = None
    keyring: Keyring = field(default_factory=Keyring)
    structures: dict[str, Structure] = field(default_factory=dict)
    contact: str = ""  # who may be called when in doubt: shown before one begins

    def __post_init__(self) -> None:
        object.__setattr__(self, "structures", _spelled_alike(self.structures))
        school, urls = self.school or School(), dict[str, str]()
        if self.piste:
            urls = {"piste.token_url": self.piste.token_url, "piste.api_url": self.piste.api_url}
        sites = {"corail_url": school.corail_url, "control_url": school.control_url}
        urls |= {f"school.{key}": url for key, url in sites.items() if url}
        for key, url in urls.items():
            found = checked_origin(key, url)
            elsewhere = key.startswith("piste.") and found.startswith("https:")
            allowed = found in self.portal.origins or elsewhere or key == "school.control_url"
            require(
                allowed, key, "cette adresse n'est pas dans portal.origins",
                "Ajoutez-y son origine si vous êtes sûr d'elle.",
            )
        self._keep_school_apart(urls)
        require(
            bool(school.corail_url)
            or not any("school" in each.targets for each in self.structures.values()),
            "school.corail_url",
            "elle manque à la cible « school »",
            "Cette cible ne sert qu'à « releve demo ».",
        )

    @property
    def logins(self) -> list[str]:
        """Every manager's login, `portal.login` first."""
        every = [self.portal.login, *(each.login for each in self.structures.values())]
        return list(dict.fromkeys(filter(None, every)))

    def login_of(self, structure: Structure) -> str:
        """The login of the manager who renews that structure's password."""
        return structure.login or self.portal.login

    def portal_of(self, structure: Structure) -> Portal:
        """The portal as its manager meets it."""
        return dataclasses.replace(self.portal, login=self.login_of(structure))

    def _keep_school_apart(self, urls: dict[str, str]) -> None:
        """A training site is on this very machine, and nothing else is."""
        origins = (("portal.origins", each) for each in self.portal.origins)
        for key, url in (*origins, *urls.items()):
            here = is_loopback(url)
            if self.school is not None:
                require(
                    here, key,
                    "un site d'entraînement est sur ce poste même, et cette adresse n'y est pas",
                    "Ôtez la table [school] pour le vrai portail, ou corrigez l'adresse.",
                )
            else:
                require(
                    not here, key, "cette adresse est celle de ce poste même",
                    "Pour un site d'entraînement, ajoutez la table [school].",
                )

    def structure(self, siret: str) -> Structure:
        """The structure of that SIRET (spaces are forgiven). Raises `StructureUnknown`."""
        number = re.sub(r"\s", "", str(siret))
        if number not in self.structures:
            why = sirets.check(number) or "le numéro est correct, mais n'y figure pas"
            raise StructureUnknown(siret=number, path=self.path, why=why)
        return self.structures[number]


def _spelled_alike(structures: dict[str, Structure]) -> dict[str, Structure]:
    """The same, each account spelled as where it stands first: two spellings would be two locks and
    two passwords.
    """
    accounts = [each.technical_account for each in reversed(structures.values())]
    first = {folded(account): account for account in accounts}
    return {
        siret: dataclasses.replace(each, technical_account=first[folded(each.technical_account)])
        for siret, each in structures.items()
    }


def load(path: Path | str | None = None, outputs: Path | str | None = None) -> Settings:
    """The settings in `path`, or in the usual place; `outputs` overrides the record's folder.
    Raises `SettingsError`, safe to retry.
    """
    file = Path(path).expanduser() if path else default_path()
    try:
        settings: Settings = build(Settings, read_toml(file), "", path=file)
        if outputs is None:
            return settings
        folder = Path(outputs).expanduser().resolve()
        record = dataclasses.replace(settings.record, folder=folder)
        return dataclasses.replace(settings, record=record)
    except Fault as found:
        fault = found
    key = "--outputs" if fault.key == "folder" and outputs else fault.key
    what = f"clé « {key} », {fault.why}" if key else fault.why
    raise SettingsError(path=file, key=key, what=what, mend=fault.mend)
