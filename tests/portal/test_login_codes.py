"""The login and its second factor on the school: through PIGP or straight on Chorus Pro, by mail,
by authenticator, by security key.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import patch

import pyotp
import pytest
from fixtures_rotation import CELLS, LOGIN, PASSWORD, Scene
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Portal, load
from releve.decision import events as ev
from releve.portal import browsers
from releve.portal import errors as e
from releve.portal.browser import PortalBrowser
from releve.portal.case import Case
from releve.portal.credentials import Credentials, StoredForOthers
from releve.portal.driver import Driver
from releve.portal.screens.second_factor import SecondFactorPage
from releve.rotation.prompts import CodeAsked, Unattended
from releve.rotation.session import Parameters, Session
from releve.school.people import DEMO_ACCOUNT, DEMO_SIRET
from releve.school.pigp import REFUSED

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("one_browser")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


class Person(Unattended):
    """Somebody at the desk: reads the code in the mailbox, or does what the test says instead."""

    interactive = True

    def __init__(self, scene: Scene, *answers: str | None) -> None:
        super().__init__(approve=True, reset_again=False)
        self.scene, self.answers = scene, list(answers)
        self.asked: list[CodeAsked] = []
        self.told = asyncio.Event()

    async def one_time_code(self, asked: CodeAsked) -> str | None:
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else mailed(self.scene)

    async def touch_key(self, login: str) -> None:
        self.asked.append(CodeAsked(login, "", "", False))
        self.told.set()


def mailed(scene: Scene) -> str:
    """The code of the latest mail."""
    found = re.search(r"est : (\d{6})", scene.world.mails[-1].body)
    assert found is not None
    return found[1]


def straight(scene: Scene, otp: str) -> None:
    """Log in on Chorus Pro itself, with that second factor."""
    scene.portal |= {"login_through": "chorus", "url": f"{scene.school.urls.chorus}/"}
    scene.faults.otp = otp


def keep_seed(scene: Scene, seed: str = "") -> None:
    """Keep the authenticator's seed in the keyring: the manager's own by default."""
    scene.keystore.otp_seed(LOGIN).set(Secret(seed or scene.world.manager.totp_seed))


@asynccontextmanager
async def login(
    scene: Scene, operator: Unattended, clock: Callable[[], float] | None = None
) -> AsyncIterator[Driver]:
    """The login alone, in a window of its own."""
    settings = load(scene.settings(), scene.outputs).portal
    browser = PortalBrowser(settings, browsers.find(), headed=False)
    await browser.start()
    try:
        async with browser.on("Authentification"):
            credentials = Credentials(scene.keystore, LOGIN, scene.outputs)
            more = {"clock": clock} if clock else {}
            case = Case(browser, DEMO_SIRET, DEMO_ACCOUNT, credentials, operator, **more)
            yield Driver(case, "gestionnaire")
    finally:
        await browser.close()


async def arrive(
    scene: Scene, operator: Unattended, clock: Callable[[], float] | None = None
) -> str:
    """Log in as far as Chorus Pro's home page; returns what was said of it."""
    async with login(scene, operator, clock) as entry:
        return f"{await entry.go('authentification')} ; {await entry.go('portail')}"


async def rotate(scene: Scene, operator: Unattended) -> ReleveError | None:
    """A whole rotation with that operator; the error that stopped it, if any."""
    given = {
        "structure": DEMO_SIRET,
        "settings": str(scene.settings()),
        "outputs": str(scene.outputs),
    }
    session = Session(Parameters.checked(given), operator)
    rotation = await session.open()
    try:
        for step in CELLS:
            await rotation.do(step)
    except ReleveError as error:
        return await session.stop(rotation, error)
    finally:
        await session.close()
    return None


@pytest.mark.long
async def test_an_authenticator_needs_no_person(scene: Scene) -> None:
    """With the seed in the keyring, the notebook itself logs in straight on Chorus Pro and gives
    the code; no file knows the seed.
    """
    straight(scene, "totp")
    keep_seed(scene)
    done = await asyncio.to_thread(scene.headless)
    assert (0, 1, 0) == (done.code, scene.resets(), scene.world.ledger.count("code_refused")), (
        done.text
    )
    assert scene.three_places_agree()
    seed = scene.world.manager.totp_seed.encode()
    assert [] == [
        path for path in scene.outputs.rglob("*") if path.is_file() and seed in path.read_bytes()
    ]
    assert [] == scene.leaks()


@pytest.mark.parametrize("otp", ["email", "totp", "key"])
async def test_without_a_seed_a_headless_run_stops_before_anything(scene: Scene, otp: str) -> None:
    """Exit code 4, no reset, and nothing was typed at the second factor."""
    straight(scene, otp)
    stopped = await scene.walk()
    assert ("KeyNeeded" if otp == "key" else "CodeNeeded", 4, 0) == (
        stopped.error,
        stopped.code,
        scene.resets(),
    ), stopped.text
    assert None is stopped.last(ev.ResetIntended)
    assert 0 == scene.world.ledger.count("code_refused")
    kept = Credentials(scene.keystore, LOGIN, scene.outputs)
    assert ("key" if otp == "key" else "code") == kept.person_needed()
    keep_seed(scene)
    assert ("key" if otp == "key" else "") == kept.person_needed()


@pytest.mark.long
async def test_a_walkthrough_finishes_what_a_code_by_mail_had_stopped(scene: Scene) -> None:
    """The same rotation goes on once a person reads the code in the mailbox; one reset in all."""
    straight(scene, "email")
    stopped = await scene.walk()
    assert 4 == stopped.code
    person = Person(scene)
    assert None is await rotate(scene, person)
    assert (1, 1) == (scene.resets(), len(list(scene.outputs.glob("*_*_*_*"))))
    assert scene.three_places_agree()
    assert "envoyé à l'adresse" in person.asked[0].note


async def test_a_code_after_pigp_is_given_too(scene: Scene) -> None:
    """Whether PIGP is enough for the portal is not known: a code that is asked for after it is
    given.
    """
    scene.faults.otp, scene.faults.otp_after_pigp = "totp", True
    keep_seed(scene)
    assert "code à usage unique calculé" in await arrive(scene, Unattended(True, False))


async def test_a_person_hears_what_was_wrong_and_may_have_another_code_sent(scene: Scene) -> None:
    """A wrong code is told with the portal's words; "send another" sends one, and that one is good.
    """
    straight(scene, "email")
    person = Person(scene, "000000", None)
    assert "saisi par une personne" in await arrive(scene, person)
    assert ["", "Code incorrect.", ""] == [each.problem for each in person.asked]
    assert all(each.can_resend for each in person.asked)
    assert len(scene.world.mails) >= 2


async def test_an_expired_code_is_replaced(scene: Scene) -> None:
    """A code that comes too late is told as expired, and another one can be had."""
    straight(scene, "email")
    scene.faults.otp_seconds = -1
    person = Person(scene)
    answer = person.one_time_code

    async def in_time_after_the_first(asked: CodeAsked) -> str | None:
        if asked.problem:
            scene.faults.otp_seconds = 300
            person.answers.append(None)
        return await answer(asked)

    with patch.object(person, "one_time_code", in_time_after_the_first):
        assert "saisi par une personne" in await arrive(scene, person)
    assert ["", "Ce code a expiré. Demandez-en un nouveau.", ""] == [
        each.problem for each in person.asked
    ]


class Time:
    """A clock that only waiting moves."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waited.append(seconds)


@pytest.fixture
def time(scene: Scene) -> Time:
    """One clock for the portal and for this machine."""
    clock = Time()
    scene.world.clock = lambda: datetime.fromtimestamp(clock(), UTC)
    return clock


async def arrive_at(scene: Scene, clock: Time) -> str:
    """Log in by that clock, which waiting moves; the portal's Date header, which is real, is not
    looked at.
    """
    with (
        patch.object(PortalBrowser, "skew", lambda self, now: None),
        patch.object(SecondFactorPage, "_sleep", clock.sleep),
    ):
        return await arrive(scene, Unattended(True, False), clock)


async def test_a_code_is_never_given_twice(scene: Scene, time: Time) -> None:
    """A second login within the same 30 seconds, by another process, waits for the next code."""
    straight(scene, "totp")
    keep_seed(scene)
    await arrive_at(scene, time)
    time.now += 7
    await arrive_at(scene, time)
    assert ([23.0], 0) == (time.waited, scene.world.ledger.count("code_refused"))


async def test_a_code_that_was_spent_elsewhere_is_followed_by_the_next(
    scene: Scene, time: Time
) -> None:
    """The portal says that somebody else gave it: Relève waits for the next code, and tries no more
    than that.
    """
    straight(scene, "totp")
    keep_seed(scene)
    scene.world.manager.last_totp_step = int(NOON) // 30
    assert "calculé" in await arrive_at(scene, time)
    assert ([30.0], 1) == (time.waited, scene.world.ledger.count("code_refused"))


async def test_a_wrong_seed_is_tried_once(scene: Scene) -> None:
    """A code that the portal calls wrong is not followed by another: a person is needed, and is
    told why.
    """
    straight(scene, "totp")
    keep_seed(scene, "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    stopped = await scene.walk()
    assert ("CodeRefused", 4, 0) == (stopped.error, stopped.code, scene.resets())
    assert 1 == scene.world.ledger.count("code_refused")
    assert "« Code incorrect »" in stopped.text


@pytest.mark.one_in(2)
@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_is_wrong_is_said_and_made_up_for(scene: Scene, minutes: int) -> None:
    """The portal's own time makes the code; the operator reads by how much this machine's clock is
    off.
    """
    import time as clock

    straight(scene, "totp")
    keep_seed(scene)
    said = await arrive(scene, Unattended(True, False), lambda: clock.time() + 60 * minutes)
    assert f"{'avance' if minutes > 0 else 'retarde'} de 10 min" in said
    assert 0 == scene.world.ledger.count("code_refused")


async def test_a_security_key_is_touched_in_the_visible_window(scene: Scene) -> None:
    """The person is told, and the login goes on by itself once the key is touched."""
    straight(scene, "key")
    person = Person(scene)
    async with login(scene, person) as entry:
        entry.browser.headed = True  # as the operator's own window is
        await entry.go("authentification")
        entering = asyncio.create_task(entry.go("portail"))
        await person.told.wait()
        await entry.browser.page.get_by_role(
            "button", name="J'ai touché ma clé de sécurité"
        ).click()
        assert "clé de sécurité touchée" in await entering
    assert [LOGIN] == [asked.login for asked in person.asked]


async def test_a_key_that_nobody_touches_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is wrong with the page: the text tells what was waited for, and the step may be done
    again.
    """
    straight(scene, "key")
    monkeypatch.setattr("releve.portal.screens.second_factor.KEY_SECONDS", 0.5)
    async with login(scene, Person(scene)) as entry:
        entry.browser.headed = True
        await entry.go("authentification")
        with pytest.raises(e.KeyNotTouched):
            await entry.go("portail")


async def test_a_login_form_that_is_shown_again_is_a_refusal(scene: Scene) -> None:
    """Whatever the portal's words: the same password is not tried again at the next run, nor at the
    one after it.
    """
    scene.faults.renamed_labels, scene.portal["timeout_seconds"] = {REFUSED: "Accès impossible."}, 2
    scene.world.manager.password = "Un-autre-mot-de-passe"
    for error in (e.PasswordRefused, e.AlreadyRefused):
        with pytest.raises(error):
            await arrive(scene, Unattended(True, False))
    assert 1 == scene.logins()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("through", ["pigp", "chorus"])
async def test_a_refused_password_is_never_tried_twice(scene: Scene, through: str) -> None:
    """Three refusals lock the account: a second run types nothing, until a person stores the
    password again.
    """
    if through == "chorus":
        straight(scene, "")
    scene.world.manager.password = "Un-autre-mot-de-passe"
    first, second = await scene.walk(), await scene.walk()
    assert ("PasswordRefused", "AlreadyRefused") == (first.error, second.error)
    assert 1 == scene.logins()
    stored = scene.releve("credentials", "store", "--stdin", stdin="Un-autre-mot-de-passe\n")
    assert 0 == stored.returncode, stored.stderr
    assert 0 == (await scene.walk()).code


async def test_a_password_goes_nowhere_but_where_it_was_stored_for(scene: Scene) -> None:
    """Settings that allow one more origin are no order to type it there: a person stores it anew
    first.
    """
    stored = scene.releve("credentials", "store", "--stdin", stdin=f"{PASSWORD}\n")
    assert 0 == stored.returncode, stored.stderr
    scene.portal["origins"] = [*scene.origins, "http://127.0.0.1:9"]
    stopped = await scene.walk(until="authentification")
    assert ("StoredForOthers", StoredForOthers.code) == (stopped.error, stopped.code)
    assert "http://127.0.0.1:9" in stopped.text
    assert 0 == scene.logins(), "nothing was typed"
    stored = scene.releve("credentials", "store", "--stdin", stdin=f"{PASSWORD}\n")
    assert 0 == stored.returncode, stored.stderr
    assert "" == (await scene.walk(until="authentification")).error
    assert 1 == scene.logins()


async def test_the_first_use_binds_a_password_too(scene: Scene) -> None:
    """One that another program put in the keyring: to the origins of that day, all or some of them
    later.
    """

    def given(*origins: str) -> str:
        return Credentials(scene.keystore, LOGIN, scene.outputs, origins).password().reveal()

    assert PASSWORD == given("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert PASSWORD == given("http://127.0.0.1:2")
    with pytest.raises(StoredForOthers):
        given("http://127.0.0.1:2", "http://127.0.0.1:3")


async def test_two_at_once_try_a_refused_password_once(scene: Scene) -> None:
    """Two programs with one login: the second waits for what the first is told, and types nothing.
    """
    scene.world.manager.password = "Un-autre-mot-de-passe"
    both = await asyncio.gather(
        *(arrive(scene, Unattended(True, False)) for _ in range(2)), return_exceptions=True
    )
    assert ["AlreadyRefused", "PasswordRefused"] == sorted(type(each).__name__ for each in both)
    assert 1 == scene.logins()


async def test_two_at_once_never_give_one_code(scene: Scene, time: Time) -> None:
    """The second takes the code of the next half minute."""
    keep_seed(scene)
    totp, logins = pyotp.TOTP(scene.world.manager.totp_seed), []
    with patch.object(SecondFactorPage, "_sleep", time.sleep):
        for _ in range(2):
            credentials = Credentials(scene.keystore, LOGIN, scene.outputs)
            logins.append(
                SecondFactorPage(
                    Case(
                        SimpleNamespace(words=None, settings=Portal(LOGIN)),  # type: ignore[arg-type]
                        "",
                        "",
                        credentials,
                        Unattended(True, False),
                        time,
                    )
                )
            )
        codes = await asyncio.gather(*(each._fresh_code(totp, 0) for each in logins))
    assert {totp.at(int(NOON)), totp.at(int(NOON) + 30)} == {*codes}


async def test_no_code_is_typed_on_an_unknown_origin(scene: Scene) -> None:
    """The page that asks for the code must stand on an origin of the settings, as the login page
    must.
    """
    scene.faults.otp, scene.faults.otp_after_pigp = "totp", True
    scene.portal["origins"] = [each for each in scene.origins if each != scene.school.urls.idp]
    keep_seed(scene)
    with pytest.raises(e.OriginRefused):
        await arrive(scene, Unattended(True, False))
    assert None is Credentials(scene.keystore, LOGIN, scene.outputs)._last_step.get(), (
        "no code was made"
    )
