"""Is this machine ready for a rotation? Each check tries the real thing and says what it found, and
the mend.

A check never raises: what stops it is its finding. Nothing is changed on the portal, and nothing
secret is shown.
"""

from __future__ import annotations

import asyncio
import csv
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from ssl import SSLObject, cert_time_to_seconds

import httpx

from releve.base.disk import why
from releve.base.errors import ReleveError
from releve.base.origins import is_loopback, origin
from releve.base.places import project_root
from releve.base.proxies import proxy_of
from releve.base.settings import Portal, Settings
from releve.base.texts import text
from releve.base.windows import is_synchronised, system_program
from releve.portal import browsers
from releve.portal.browser import PortalBrowser
from releve.portal.credentials import Credentials
from releve.proof import network
from releve.proof.piste import Piste
from releve.proof.verdicts import Failure
from releve.vault.entry import KeyringError
from releve.vault.keystore import Keystore, open_keystore

PROMPT_SECONDS = 20.0  # a locked keyring may show a window and wait for somebody
WARN_CERTIFICATE = timedelta(days=14)
# one-time codes live 30 s; beyond, a record's times mislead
WARN_CLOCK, BAD_CLOCK = timedelta(seconds=20), timedelta(minutes=5)
WARN_DISK, BAD_DISK = 10**9, 10**8  # bytes
# Well-known SIDs that Windows puts in a session's token, the most telling first
# (learn.microsoft.com, "Well-known SIDs").
LOGONS = {
    "S-1-5-6": text("checkup.session.service"),
    "S-1-5-3": text("checkup.session.task"),
    "S-1-5-2": text("checkup.session.network"),
    "S-1-5-4": text("checkup.session.person"),
}


class Grade(StrEnum):
    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True)
class Check:
    """One line: what was checked, how it is, what was seen, and the mend when it is not good."""

    name: str
    grade: Grade
    text: str
    mend: str = ""


def failed(name: str, error: ReleveError, grade: Grade = Grade.BAD) -> Check:
    """A check that an error stopped."""
    happened, _, todo = error.sentences
    return Check(name, grade, happened, todo)


def versions(requirements: Path | None = None) -> Check:
    """Python, and every package that is pinned, against its pin. `requirements` is the checkout's
    by default.
    """
    path = requirements or project_root() / "requirements.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    bare = (line.split("#")[0].strip() for line in lines)
    pins = dict(line.split("==") for line in bare if "==" in line)
    wrong = [
        text("checkup.version", name=name, found=found or text("checkup.absent"), pin=pin)
        for name, pin in pins.items()
        if (found := _installed(name)) != pin
    ]
    told = text(
        "checkup.versions",
        releve=version("releve"),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
    )
    if wrong:
        told = text("checkup.versions-differ", versions=told, wrong=", ".join(wrong))
        return Check("Versions", Grade.DOUBTFUL, told, text("checkup.versions-todo"))
    return Check("Versions", Grade.GOOD, told)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def browser(portal: Portal) -> Check:
    """Starts the browser that a rotation without a person would, and closes it."""
    try:
        told = text("checkup.browser", browser=asyncio.run(_start(portal)))
        return Check("Navigateur", Grade.GOOD, told)
    except ReleveError as error:
        return failed("Navigateur", error)


async def _start(portal: Portal) -> str:
    choice = browsers.find(portal.browser)
    window = PortalBrowser(portal, choice, headed=False)
    await window.start()
    await window.close()
    return choice.name


def keyring(settings: Settings | None) -> Iterator[Check]:
    """Writes, reads back and deletes a made-up value; then looks for what a rotation needs."""
    try:
        keystore = open_keystore(settings).bounded(PROMPT_SECONDS)
        keystore.try_out()
    except KeyringError as error:
        yield _unreachable(error)
        return
    yield Check("Trousseau", Grade.GOOD, text("checkup.keyring", keyring=keystore.name))
    if settings:
        yield from _credentials(settings, keystore)


def _unreachable(error: KeyringError) -> Check:
    """On Windows the usual cause is the kind of session: a task "without storing the password"
    reaches no credentials.
    """
    found = failed("Trousseau", error)
    if sys.platform != "win32":
        return found
    whoami = [system_program("whoami.exe"), "/groups", "/fo", "csv", "/nh"]
    groups = subprocess.run(whoami, capture_output=True).stdout
    told = text("checkup.opened-by", told=found.text, who=logon(groups))
    return Check(found.name, found.grade, told, text("checkup.opened-by-todo", todo=found.mend))


def logon(groups: bytes) -> str:
    """Who opened a Windows session, from `whoami /groups /fo csv /nh`: « une tâche planifiée », or
    « on ne sait qui ». Its names are in the console's code page (850), which is not Python's
    (1252): only the SIDs are read, which are ASCII.
    """
    rows = csv.reader(groups.decode("ascii", "replace").splitlines())
    sids = {row[2] for row in rows if len(row) > 2}
    known = (who for sid, who in LOGONS.items() if sid in sids)
    return next(known, text("checkup.session.unknown"))


def _credentials(settings: Settings, keystore: Keystore) -> Iterator[Check]:
    login = settings.portal.login
    if settings.portal.sign_in == "person":
        yield Check("Identifiants", Grade.GOOD, text("checkup.herself"))
        return
    try:
        credentials = Credentials(keystore, login, settings.record.folder, settings.portal.origins)
        credentials.password()
        seed = credentials.seed()
        told = text("checkup.credentials-and-seed" if seed else "checkup.credentials", login=login)
        yield Check("Identifiants", Grade.GOOD, told)
    except KeyringError as error:
        yield failed("Identifiants", error)
    except ReleveError as error:
        yield failed("Identifiants", error, Grade.DOUBTFUL)


def piste(settings: Settings) -> Check:
    """Asks PISTE for a token. Optional: without it the proof is a person's."""
    if settings.piste is None:
        return Check("Preuve par l'API", Grade.GOOD, text("checkup.no-piste"))
    try:
        secret = open_keystore(settings).piste_secret(settings.piste.client_id).require()
    except ReleveError as error:
        return failed("Preuve par l'API", error, Grade.DOUBTFUL)
    with Piste(settings.piste, secret) as application:
        said = application.token()
    grade = Grade.DOUBTFUL if said.todo else Grade.GOOD
    return Check("Preuve par l'API", grade, said.said, said.todo)


@dataclass(frozen=True)
class Reached:
    """What one request to an origin told: why it failed, the server's clock less this machine's,
    the certificate's end.
    """

    origin: str
    failure: Failure = Failure.NONE
    ahead: timedelta | None = None
    until: datetime | None = None


def network_findings(settings: Settings) -> Iterator[Check]:
    """Each origin once (reachable, certificate), then this machine's clock by theirs."""
    urls = [*settings.portal.origins, settings.record.timestamp_url]
    urls += [settings.piste.token_url, settings.piste.api_url] if settings.piste else []
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(reach, dict.fromkeys(origin(url) for url in urls if url)))
    yield from (address(each) for each in found)
    yield clock([each.ahead for each in found if each.ahead is not None])


def reach(address: str) -> Reached:
    """One request for the headers alone; any HTTP answer will do."""
    try:
        with network.client() as client, client.stream("HEAD", address) as response:
            ahead = network.ahead(response)
            tls = response.extensions["network_stream"].get_extra_info("ssl_object")
            return Reached(address, ahead=ahead, until=_until(tls))
    except httpx.TransportError as error:
        return Reached(address, network.failure(error))
    except httpx.HTTPError:
        return Reached(address, Failure.UNREACHABLE)


def _until(tls: SSLObject | None) -> datetime | None:
    """The end of the certificate. Windows and macOS verify it themselves, and then Python does not
    show it.
    """
    end = (tls.getpeercert() or {}).get("notAfter") if tls else None
    return datetime.fromtimestamp(cert_time_to_seconds(end), UTC) if isinstance(end, str) else None


def address(found: Reached) -> Check:
    """How an origin is."""
    name, by = f"Adresse {found.origin}", way(found.origin)
    day = f"{found.until:%d/%m/%Y}" if found.until else ""
    if found.failure is Failure.CERTIFICATE:
        told = text("checkup.certificate", way=by)
        return Check(name, Grade.BAD, told, text("checkup.certificate-todo"))
    if found.failure:
        return Check(name, Grade.BAD, text("checkup.silent", way=by), text("checkup.silent-todo"))
    if found.until and found.until - datetime.now(UTC) < WARN_CERTIFICATE:
        told = text("checkup.ending", way=by, day=day)
        return Check(name, Grade.DOUBTFUL, told, text("checkup.ending-todo"))
    if is_loopback(found.origin) and found.origin.startswith("http:"):
        return Check(name, Grade.GOOD, text("checkup.here", way=by))
    told = text("checkup.reached-until" if day else "checkup.reached", way=by, day=day)
    return Check(name, Grade.GOOD, told)


def way(address: str) -> str:
    """How this machine goes there."""
    proxy = proxy_of(address)
    return text("checkup.proxy", proxy=proxy.server) if proxy else text("checkup.direct")


def clock(ahead: list[timedelta]) -> Check:
    """This machine's clock, by the server whose own is nearest to it."""
    if not ahead:
        told, mend = text("checkup.no-clock"), text("checkup.no-clock-todo")
        return Check("Horloge", Grade.DOUBTFUL, told, mend)
    least = min(ahead, key=abs)
    if abs(least) <= WARN_CLOCK:
        return Check("Horloge", Grade.GOOD, text("checkup.clock"))
    size = abs(least).total_seconds()
    of = (
        text("checkup.seconds", count=f"{size:.0f}")
        if size < 120
        else text("checkup.minutes", count=f"{size / 60:.0f}")
    )
    told = text("checkup.late" if least > timedelta() else "checkup.early", of=of)
    grade = Grade.BAD if abs(least) > BAD_CLOCK else Grade.DOUBTFUL
    return Check("Horloge", grade, told, text("checkup.clock-todo"))


def disk(folder: Path) -> Check:
    """Whether records can be written, and for how long."""
    place = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"0" * 4096)
            file.flush()
    except OSError as error:
        told = text("checkup.no-writing", place=place, why=why(error))
        return Check("Disque", Grade.BAD, told, text("checkup.no-writing-todo"))
    if is_synchronised(folder):
        told = text("checkup.synchronised", folder=folder)
        return Check("Disque", Grade.DOUBTFUL, told, text("checkup.synchronised-todo"))
    free = shutil.disk_usage(place).free
    told = text("checkup.free", size=f"{free / 10**9:.1f}".replace(".", ","), folder=folder)
    grade = Grade.BAD if free < BAD_DISK else Grade.DOUBTFUL if free < WARN_DISK else Grade.GOOD
    return Check("Disque", grade, told, "" if grade is Grade.GOOD else text("checkup.free-todo"))
