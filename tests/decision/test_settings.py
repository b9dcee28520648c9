"""Settings: what a good file gives, and how each fault is named."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import Literal

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from releve.base import origins, places, settings, siret
from releve.base.settings import Portal, SettingsError, StructureUnknown
from releve.portal.pool import with_window

SIRET = "21990001600011"
MINIMAL = f"""
[portal]
login = "xt012345"
[structures.{SIRET}]
name = "Commune d'Exemple"
technical_account = "TECH_1_12345678@cpro.fr"
"""
FULL = f"""
[portal]
url = "http://127.0.0.1:8001/portail/"
login = "xt012345"
route = "auto"
login_through = "chorus"
origins = ["https://LOCALHOST:443/portail/", "http://127.0.0.1:8001", "http://[::1]:8002/"]
browser = "/usr/bin/chromium"
headed = false
timeout_seconds = 12.5
[portal.labels]
"pigp.chorus" = "Chorus Pro"
login.identifier = ["Identifiant", "Nom d'utilisateur"]
[policy]
forbidden_characters = "/;"
validity_days = 300
warn_days = 20
max_attempts = 3
propagation_minutes = 10
blackout = ["2026-12-24/2027-01-02", "02-29/03-01"]
pause_seconds = 2
[record]
folder = "/srv/partage"
timestamp_url = "http://tsa.example/tsr"
keep_years = 10
[piste]
token_url = "http://127.0.0.1:8001/api/oauth/token"
api_url = "http://127.0.0.1:8001/cpro/"
client_id = "made-up"
[school]
corail_url = "http://127.0.0.1:8001/corail"
control_url = "http://127.0.0.1:8003/jeton"
[keyring]
backend = "un.autre.Trousseau"
[structures.{SIRET}]
name = "Commune d'Exemple"
technical_account = "TECH_1_12345678@cpro.fr"
targets = ["school", "command"]
command = ["programme", "--option"]
last_rotation = 2025-11-30
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "releve.toml"


def fault(file: Path, text: str) -> SettingsError:
    """The one error that a file with this text gives."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    return caught.value


def test_a_minimal_file_has_the_documented_defaults(file: Path) -> None:
    """A login and one structure suffice; everything else has the value that the documentation
    shows.
    """
    file.write_text(MINIMAL)
    loaded = settings.load(file)
    assert "https://portail.dgfip.finances.gouv.fr/portail/" == loaded.portal.url
    assert settings.Portal("xt012345") == loaded.portal
    assert ("gestionnaire", "pigp", "auto") == (
        loaded.portal.route,
        loaded.portal.login_through,
        loaded.portal.headed,
    )
    assert ("auto", 30, origins.ORIGINS) == (
        loaded.portal.browser,
        loaded.portal.timeout_seconds,
        loaded.portal.origins,
    )
    assert settings.Policy("/", 365, 30, 5, 30, (), 0) == loaded.policy
    assert Path(__file__).resolve().parents[2] / "outputs" == loaded.record.folder
    assert (None, None) == (loaded.piste, loaded.school)
    assert ("corail",) == loaded.structure(SIRET).targets


def test_every_key_is_read(file: Path) -> None:
    """A file that uses every key is read, each value with its type, origins as browsers write them.
    """
    file.write_text(FULL)
    loaded = settings.load(file)
    assert (
        "https://localhost",
        "http://127.0.0.1:8001",
        "http://[::1]:8002",
    ) == loaded.portal.origins
    assert {
        "pigp.chorus": "Chorus Pro",
        "login.identifier": ["Identifiant", "Nom d'utilisateur"],
    } == loaded.portal.labels
    assert (False, 12.5, "/usr/bin/chromium") == (
        loaded.portal.headed,
        loaded.portal.timeout_seconds,
        loaded.portal.browser,
    )
    assert (
        settings.Policy("/;", 300, 20, 3, 10, ("2026-12-24/2027-01-02", "02-29/03-01"), 2)
        == loaded.policy
    )
    assert settings.Record(Path("/srv/partage"), "http://tsa.example/tsr", 10) == loaded.record
    assert loaded.piste and "http://127.0.0.1:8001/cpro/" == loaded.piste.api_url
    assert settings.Keyring("un.autre.Trousseau") == loaded.keyring
    assert (
        settings.School("http://127.0.0.1:8001/corail", "http://127.0.0.1:8003/jeton")
        == loaded.school
    )
    expected = settings.Structure(
        SIRET,
        "Commune d'Exemple",
        "TECH_1_12345678@cpro.fr",
        ("school", "command"),
        ("programme", "--option"),
        date(2025, 11, 30),
    )
    assert {SIRET: expected} == loaded.structures


PORTAL, STRUCTURE = (
    '[portal]\nlogin = "x"\n',
    f'\n[structures.{SIRET}]\nname = "n"\ntechnical_account = "a"\n',
)
FAULTS = {
    "unknown key": (PORTAL + 'broswer = "auto"', "portal.broswer", "« browser »"),
    "unknown key, nothing like it": (PORTAL + "zzzz = 1", "portal.zzzz", "timeout_seconds"),
    "unknown table": (PORTAL + "[polyci]", "polyci", "« policy »"),
    "no portal": ("", "portal.login", "[portal]"),
    "no login": ("[portal]", "portal.login", "[portal]"),
    "empty login": ('[portal]\nlogin = " "', "portal.login", "identifiant"),
    "no name": (PORTAL + f'[structures.{SIRET}]\ntechnical_account = "a"', f"structures.{SIRET}.name", f"[structures.{SIRET}]"),
    "text for a number": (PORTAL + 'timeout_seconds = "30"', "portal.timeout_seconds", "un nombre"),
    "truth for a number": (PORTAL + "[policy]\nmax_attempts = true", "policy.max_attempts", "un nombre entier"),
    "text for a list": (PORTAL + 'origins = "https://a.fr"', "portal.origins", "une liste"),
    "number in a list": (PORTAL + "origins = [1]", "portal.origins", "un texte"),
    "value for a table": ("portal = 1", "portal", "une table"),
    "label of the wrong type": (PORTAL + "[portal.labels]\nx = 1", "portal.labels.x", "un texte"),
    "a label that nobody looks for": (PORTAL + '[portal.labels]\n"reset.buton" = "x"', "portal.labels.reset.buton", "« reset.button »"),
    "a label without words": (PORTAL + '[portal.labels]\nreset.button = ["x", " "]', "portal.labels.reset.button", "supprimez"),
    "a label without any words": (PORTAL + "[portal.labels.reset]\nbutton = []", "portal.labels.reset.button", "supprimez"),
    "text for a date": (PORTAL + STRUCTURE + 'last_rotation = "2025-11-30"', f"structures.{SIRET}.last_rotation", "sans guillemets"),
    "unknown route": (PORTAL + 'route = "direct"', "portal.route", "raccordements"),
    "unknown headed": (PORTAL + "headed = 1", "portal.headed", "auto, true, false"),
    "unknown browser": (PORTAL + 'browser = "firefox"', "portal.browser", "msedge"),
    "unknown target": (PORTAL + STRUCTURE + 'targets = ["sage"]', f"structures.{SIRET}.targets", "corail, agedi, command, school"),
    "no target": (PORTAL + STRUCTURE + "targets = []", f"structures.{SIRET}.targets", "corail"),
    "a target twice": (PORTAL + STRUCTURE + 'targets = ["corail", "corail"]', f"structures.{SIRET}.targets", "une seule fois"),
    "target without command": (PORTAL + STRUCTURE + 'targets = ["command"]', f"structures.{SIRET}.command", "command ="),
    "command without target": (PORTAL + STRUCTURE + 'command = ["x"]', f"structures.{SIRET}.command", "targets"),
    "target school without its table": (PORTAL + STRUCTURE + 'targets = ["school"]', "school.corail_url", "releve demo"),
    "SIRET too short": (PORTAL + '[structures.123]\nname = "n"\ntechnical_account = "a"', "structures.123", "Mes structures"),
    "SIRET with a wrong digit": (
        PORTAL + '[structures.21990001600012]\nname = "n"\ntechnical_account = "a"', "structures.21990001600012", "SIRET"),
    "portal outside its origins": (PORTAL + 'url = "https://faux-portail.example/"', "portal.url", "origine"),
    "http elsewhere than here": (PORTAL + 'origins = ["http://portail.example"]', "portal.origins", "https://"),
    "http here, not named": (PORTAL + 'url = "http://127.0.0.1:8000/"', "portal.url", "origine"),
    "Corail outside the origins": (PORTAL + '[school]\ncorail_url = "http://localhost:1/"', "school.corail_url", "origine"),
    "this machine without a school": (PORTAL + 'url = "http://localhost:1/"\norigins = ["http://localhost:1"]', "portal.origins", "[school]"),
    "a school elsewhere": (PORTAL + "[school]", "portal.origins", "[school]"),
    "an invisible character": (PORTAL + 'browser = "chrome\\u0007"', "portal.browser", "Retapez"),
    "PISTE over http": (PORTAL + '[piste]\nclient_id = "c"\napi_url = "http://piste.example/"', "piste.api_url", "https://"),
    "no web address": (PORTAL + 'origins = ["portail.example"]', "portal.origins", "https://"),
    "a login in an origin": (PORTAL + 'origins = ["https://u:p@portail.example"]', "portal.origins", "https://"),
    "a port that is none": (PORTAL + 'origins = ["https://portail.example:99999"]', "portal.origins", "https://"),
    "beyond the portal's limit": (PORTAL + "[policy]\nvalidity_days = 425", "policy.validity_days", "424"),
    "no attempt": (PORTAL + "[policy]\nmax_attempts = 0", "policy.max_attempts", "entre 1 et 20"),
    "negative": (PORTAL + "[policy]\nwarn_days = -1", "policy.warn_days", "entre 0 et 364"),
    "keep a negative time": (PORTAL + "[record]\nkeep_years = -1", "record.keep_years", "0"),
    "told before it is over": (PORTAL + "[policy]\nwarn_days = 365", "policy.warn_days", "entre 0 et 364"),
    "no number": (PORTAL + "timeout_seconds = nan", "portal.timeout_seconds", "entre"),
    "without an end": (PORTAL + "[policy]\npause_seconds = inf", "policy.pause_seconds", "entre"),
    "a day to come": (PORTAL + STRUCTURE + "last_rotation = 2999-01-01", f"structures.{SIRET}.last_rotation", "Corrigez"),
    "a day of another time": (PORTAL + STRUCTURE + "last_rotation = 1999-01-01", f"structures.{SIRET}.last_rotation", "Corrigez"),
    "records in a file": (PORTAL + f"[record]\nfolder = {json.dumps(__file__)}", "record.folder", "dossier"),
    "records below a file": (PORTAL + f"[record]\nfolder = {json.dumps(__file__ + '/a/b')}", "record.folder", "dossier"),
    "a time stamp from nowhere": (PORTAL + '[record]\ntimestamp_url = "tsa.example"', "record.timestamp_url", "https://"),
    "a link to nowhere": (PORTAL + '[notices]\nlink = "partage"', "notices.link", "https://"),
    "no reset at all": (PORTAL + "[policy]\nmax_resets = 0", "policy.max_resets", "entre 1"),
    "a period that is none": (PORTAL + '[policy]\nblackout = ["12-24"]', "policy.blackout", "12-24/01-02"),
    "a day that is none": (PORTAL + '[policy]\nblackout = ["2026-02-29/2026-03-01"]', "policy.blackout", "12-24/01-02"),
    "a period backwards": (PORTAL + '[policy]\nblackout = ["2027-01-02/2026-12-24"]', "policy.blackout", "12-24/01-02"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "key", "mend"), FAULTS.values(), ids=FAULTS)
def test_each_fault_names_its_file_its_key_and_its_mend(
    file: Path, text: str, key: str, mend: str
) -> None:
    """One error, exit code 2, says which file, which key, and how to mend it."""
    error = fault(file, text)
    assert (2, key) == (error.code, error.facts["key"])
    assert str(file) in error.text
    assert f"« {key} »" in error.sentences[0]
    assert mend in error.sentences[2]


@pytest.mark.parametrize(
    "key", ["password", "mot_de_passe", "client_secret", "otp_seed", "mdp", "token"]
)
@pytest.mark.parametrize("table", ["portal", "piste", f"structures.{SIRET}"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(file: Path, table: str, key: str) -> None:
    """A key that looks like a secret is refused, its value is not in the error, and the keyring is
    pointed at.
    """
    other = "" if table == "portal" else PORTAL
    error = fault(file, other + f'[{table}]\n{key} = "Canari-12345"')
    assert f"{table}.{key}" == error.facts["key"]
    assert "releve credentials store" in error.text
    assert "Canari-12345" not in error.text


def test_a_slip_in_a_key_that_sounds_secret_is_still_a_slip(file: Path) -> None:
    """`token_ur` is a misspelt `token_url`, and is told so."""
    assert "« token_url »" in fault(file, PORTAL + '[piste]\ntoken_ur = "x"').text


@pytest.mark.parametrize(
    ("text", "where"),
    [("[portal]\nlogin = \n", "ligne 2"), ('[portal]\nlogin = "Canari-12345', "fin du fichier")],
)
def test_bad_toml_names_its_line_and_repeats_nothing(file: Path, text: str, where: str) -> None:
    """A file that is not TOML is refused with its line; what stands there is not repeated."""
    error = fault(file, text)
    assert error.code == 2 and where in error.text
    assert "Canari-12345" not in error.text
    assert error.__context__ is None, "the parser's exception carries the document"


def test_a_missing_file_says_how_to_make_one(file: Path) -> None:
    """No file: its path, and where an example is."""
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    assert (2, True, True) == (
        caught.value.code,
        str(file) in caught.value.text,
        "README" in caught.value.text,
    )


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A folder, and a FIFO that nobody writes to, which would be waited for."""
    with pytest.raises(SettingsError, match="ce n'est pas un fichier"):
        settings.load(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(SettingsError, match="ce n'est pas un fichier"):
            settings.load(tmp_path / "fifo")


def test_windows_encodings(file: Path) -> None:
    """Notepad's byte order mark is accepted; another encoding than UTF-8 is refused by its name."""
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert "xt012345" == settings.load(file).portal.login
    file.write_bytes(MINIMAL.replace("Commune", "Communauté").encode("cp1252"))
    with pytest.raises(SettingsError, match="UTF-8"):
        settings.load(file)


def test_where_the_file_is_looked_for(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The path given wins over RELEVE_SETTINGS, which wins over the user's configuration folder."""
    usual, named = tmp_path / "usual", tmp_path / "named.toml"
    usual.mkdir()
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name, appauthor: usual)
    for path, login in ((usual / "releve.toml", "usual"), (named, "named"), (file, "given")):
        path.write_text(MINIMAL.replace("xt012345", login))
    monkeypatch.delenv(places.ENVIRONMENT, raising=False)
    assert "usual" == settings.load().portal.login
    monkeypatch.setenv(places.ENVIRONMENT, str(named))
    assert "named" == settings.load().portal.login
    assert "given" == settings.load(file).portal.login


def test_outputs_override_the_record_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--outputs DIR` wins, and is relative to the current folder."""
    file.write_text(FULL)
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "ici" == settings.load(file, outputs="ici").record.folder
    with pytest.raises(SettingsError, match="« --outputs »"):
        settings.load(file, outputs=file)


def test_an_unknown_structure_is_told_with_the_file(file: Path) -> None:
    """A SIRET that is not in the file is an error that names both; spaces in a SIRET are forgiven.
    """
    file.write_text(MINIMAL)
    loaded = settings.load(file)
    assert SIRET == loaded.structure("219 900 016 00011").siret
    with pytest.raises(StructureUnknown) as caught:
        loaded.structure("35600000000048")
    assert (2, True, True) == (
        caught.value.code,
        "35600000000048" in caught.value.text,
        str(file) in caught.value.text,
    )


@pytest.mark.parametrize("good", [SIRET, "35600000000048", "35600000049837"])
def test_good_sirets(good: str) -> None:
    """Luhn's checksum, or for La Poste a sum that is a multiple of 5."""
    assert siret.check(good) is None


@given(place=st.integers(0, 13), shift=st.integers(1, 9))
def test_any_single_wrong_digit_is_seen(place: int, shift: int) -> None:
    """One digit copied wrongly never passes."""
    wrong = SIRET[:place] + str((int(SIRET[place]) + shift) % 10) + SIRET[place + 1 :]
    assert siret.check(wrong)


@pytest.mark.parametrize(
    "bad", ["", "2199000160001", SIRET + "0", "2199000160001a", "٢1990001600011", "35600000000041"]
)
def test_bad_sirets(bad: str) -> None:
    """Anything but 14 plain digits with a right checksum is refused."""
    assert siret.check(bad)


@pytest.mark.parametrize(
    ("headed", "person", "screen", "shown"),
    [
        ("auto", True, True, True),
        ("auto", False, True, False),
        ("auto", True, False, False),
        (True, False, True, True),
        (True, True, False, False),
        (False, True, True, False),
    ],
)
def test_the_window_is_shown_as_the_settings_say(
    headed: Literal["auto", True, False],
    person: bool,
    screen: bool,
    shown: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`portal.headed`: for a person by default, always, or never; and never without a screen."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen:
        monkeypatch.setenv("DISPLAY", ":1")
    portal = Portal("xt012345", browser=sys.executable, headed=headed)
    assert shown == with_window(portal, interactive=person)


@pytest.mark.skipif(os.name == "nt", reason="Windows has lists of rights instead of modes")
@pytest.mark.parametrize("mode", [0o602, 0o666])
def test_settings_that_others_can_write_are_refused(file: Path, mode: int) -> None:
    """Whoever can write them chooses where the password is typed."""
    file.write_text(MINIMAL)
    file.chmod(mode)
    with pytest.raises(SettingsError, match="d'autres que vous"):
        settings.load(file)


def test_a_windows_path_in_the_wrong_quotes_is_shown_how_to_write(tmp_path: Path) -> None:
    """A path in double quotes is no TOML: \\U begins a character's number there."""
    file = tmp_path / "r.toml"
    file.write_text('[record]\nfolder = "C:\\Users\\claire"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="ligne 2") as caught:
        settings.load(file)
    assert "folder = 'C:\\Releve\\dossiers'" in caught.value.text
