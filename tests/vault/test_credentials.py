"""`releve credentials`: what is stored, tested, deleted and listed; no value ever shows."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures_keyring import SESSION_KEYRING, ThrowawayKeyring
from releve.base import settings as settings_module
from releve.base.errors import ReleveError
from releve.base.secret import Secret
from releve.base.settings import Settings
from releve.vault import credentials
from releve.vault.entry import CredentialMissing, KeyringLocked
from releve.vault.slots import Slot

CANARY = " Canari-'\"<&\\%é "
ACCOUNT, SIRET = "TECH_1_12345678@cpro.fr", "21990001600011"
TOML = f"""
[portal]
login = "xt012345"
[piste]
client_id = "application"
[structures.{SIRET}]
name = "Commune d'Exemple"
technical_account = "{ACCOUNT}"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "releve.toml").write_text(TOML)
    return settings_module.load(tmp_path / "releve.toml")


def parse(*arguments: str) -> argparse.Namespace:
    """The arguments as the command line gives them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    credentials.add_arguments(parser)
    return parser.parse_args(arguments)


def pipe(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Standard input is a pipe that holds this."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


KINDS = {"portal": [], "otp": ["--otp"], "piste": ["--piste"], "current": ["--current", SIRET]}


@pytest.mark.parametrize(("kind", "options"), KINDS.items())
@pytest.mark.parametrize("as_json", [False, True])
def test_stored_tested_and_deleted(
    throwaway: ThrowawayKeyring,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    options: list[str],
    as_json: bool,
) -> None:
    """Each credential goes from a pipe to its own place, is found there, and is taken away; its
    value never shows.
    """
    value = "JBSW Y3DP ehpk 3pxp" if kind == "otp" else CANARY
    expected = "JBSWY3DPEHPK3PXP" if kind == "otp" else CANARY
    common = options + ["--json"] * as_json
    pipe(monkeypatch, value + "\r\n")
    assert 0 == credentials.run(parse("store", "--stdin", *common), settings)
    store = throwaway.keystore()
    held = store.slots(ACCOUNT).read(Slot.CURRENT)
    places = {
        "portal": store.portal_password("xt012345").get(),
        "otp": store.otp_seed("xt012345").get(),
        "piste": store.piste_secret("application").get(),
        "current": held.password if held else None,
    }
    assert {kind: Secret(expected)} == {where: found for where, found in places.items() if found}
    assert 0 == credentials.run(parse("test", *common), settings)
    assert 0 == credentials.run(parse("delete", "--yes", *common), settings)
    with pytest.raises(CredentialMissing):
        credentials.run(parse("test", *common), settings)
    shown = "".join(capsys.readouterr())
    assert shown and not any(
        form in shown for form in (value, expected, expected.strip(), json.dumps(expected)[1:-1])
    )
    if as_json:
        assert ["store", "test", "delete"] == [
            json.loads(line)["action"] for line in shown.splitlines()
        ]


def test_list_tells_what_is_there(
    throwaway: ThrowawayKeyring, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list names every credential that the settings imply, whether it is there, and since when;
    never its value.
    """
    store = throwaway.keystore()
    store.portal_password("xt012345").set(Secret(CANARY))
    store.slots(ACCOUNT).write(Slot.PENDING, Secret(CANARY), "run-2")
    assert 0 == credentials.run(parse("list", "--json"), settings)
    listed = json.loads(capsys.readouterr().out)
    present = {(row["kind"], row["user"]): row["present"] for row in listed["entries"]}
    expected = {
        ("portal", "xt012345"): True,
        ("otp", "xt012345"): False,
        ("piste", "application"): False,
    }
    assert (
        expected
        | {("pending", ACCOUNT): True, ("current", ACCOUNT): False, ("previous", ACCOUNT): False}
        == present
    )
    assert 0 == credentials.run(parse("list"), settings)
    text = capsys.readouterr().out
    assert "rotation run-2" in text and "absent" in text
    assert CANARY.strip() not in text + json.dumps(listed, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", []),
        ("\n", []),
        ("two\nlines", []),
        ("a\tb", []),
        ("18-90", ["--otp"]),
        ("A", ["--otp"]),
    ],
    ids=["nothing", "empty line", "two lines", "tab", "not base 32", "cut base 32"],
)
def test_what_cannot_be_kept_is_refused(
    throwaway: ThrowawayKeyring,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    options: list[str],
) -> None:
    """An empty, broken or impossible value is refused with code 2, and nothing is stored."""
    pipe(monkeypatch, text)
    with pytest.raises(credentials.NotASecret) as caught:
        credentials.run(parse("store", "--stdin", *options), settings)
    assert 2 == caught.value.code
    assert (None, None) == (
        throwaway.keystore().portal_password("xt012345").get(),
        throwaway.keystore().otp_seed("xt012345").get(),
    )


def test_without_a_terminal_a_pipe_must_be_meant(
    throwaway: ThrowawayKeyring, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands on standard input by accident is not taken for a password."""
    pipe(monkeypatch, CANARY)
    with pytest.raises(credentials.NoTerminal, match="terminal"):
        credentials.run(parse("store"), settings)
    assert throwaway.keystore().portal_password("xt012345").get() is None


def test_the_only_copy_is_not_deleted_unasked(
    throwaway: ThrowawayKeyring, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --yes and without a terminal, a technical account's password stays."""
    throwaway.keystore().slots(ACCOUNT).adopt(Secret(CANARY), "run-1")
    pipe(monkeypatch, "oui\n")
    with pytest.raises(credentials.ErasureNotConfirmed):
        credentials.run(parse("delete", "--current", SIRET), settings)
    assert "run-1" == throwaway.keystore().slots(ACCOUNT).filled().current


def test_a_pending_password_is_deleted_on_purpose_only(
    throwaway: ThrowawayKeyring, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an unknown rotation left in `pending` goes when a person says so; nobody stores one by
    hand.
    """
    throwaway.keystore().slots(ACCOUNT).write(Slot.PENDING, Secret(CANARY), "run-1")
    pipe(monkeypatch, "oui\n")
    with pytest.raises(credentials.ErasureNotConfirmed):
        credentials.run(parse("delete", "--pending", SIRET), settings)
    with pytest.raises(credentials.NotASecret):
        credentials.run(parse("store", "--stdin", "--pending", SIRET), settings)
    assert "run-1" == throwaway.keystore().slots(ACCOUNT).filled().pending
    assert 0 == credentials.run(parse("delete", "--pending", SIRET, "--yes"), settings)
    assert throwaway.keystore().slots(ACCOUNT).filled().pending is None


def test_a_typed_current_password_keeps_the_one_before(
    throwaway: ThrowawayKeyring, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing another current password moves the old one to `previous`, and does not touch a
    pending one.
    """
    slots = throwaway.keystore().slots(ACCOUNT)
    slots.write(Slot.PENDING, Secret("pending"), "run-2")
    slots.write(Slot.CURRENT, Secret("old"), "run-1")
    pipe(monkeypatch, CANARY)
    credentials.run(parse("store", "--stdin", "--current", SIRET), settings)
    assert ("run-2", credentials.BY_HAND, "run-1") == tuple(vars(slots.filled()).values())
    assert Secret(CANARY) == slots.require(Slot.CURRENT, credentials.BY_HAND)


def test_no_piste_in_the_settings(
    throwaway: ThrowawayKeyring, settings: Settings, tmp_path: Path
) -> None:
    """A PISTE secret without a PISTE application is refused, and it is said why."""
    (tmp_path / "other.toml").write_text('[portal]\nlogin = "x"')
    with pytest.raises(credentials.NotASecret, match="piste"):
        credentials.run(parse("test", "--piste"), settings_module.load(tmp_path / "other.toml"))


@pytest.mark.parametrize("action", ["store", "test", "delete", "list"])
def test_a_locked_keyring_stops_each_action(
    throwaway: ThrowawayKeyring, settings: Settings, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """A keyring's own error reaches the operator, whatever was asked."""
    throwaway.lock()
    pipe(monkeypatch, CANARY)
    with pytest.raises(KeyringLocked):
        credentials.run(parse(action, *["--stdin"] * (action == "store")), settings)


COMMAND = f"""{SESSION_KEYRING}
import argparse, sys
from releve.base import settings
from releve.vault import credentials
from releve.base.errors import ReleveError
parser = argparse.ArgumentParser()
credentials.add_arguments(parser)
parser.add_argument("--json", action="store_true")
try:
    sys.exit(credentials.run(parser.parse_args(), settings.load()))
except ReleveError as error:
    print(error.text)
    sys.exit(error.code)
"""


def at_a_terminal(
    settings: Settings, server: ThrowawayKeyring, arguments: list[str], typed: list[str]
) -> tuple[int, str]:
    """Run the command on a terminal of its own, type each line when it asks; its exit code and all
    that was displayed.
    """
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = os.environ | server.environment | {"RELEVE_SETTINGS": str(settings.path)}
    command = [sys.executable, "-c", COMMAND, *arguments]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    for line in typed:
        asked = len(shown)
        while not shown[asked:].rstrip().endswith((b":", b"?")) and not shown[asked:].endswith(
            b") "
        ):
            shown += os.read(ours, 1024)
        os.write(ours, line.encode() + b"\n")
    while process.poll() is None or shown[-1:] != b"\n":
        try:
            shown += os.read(ours, 1024)
        except OSError:  # the other side is closed
            break
    os.close(ours)
    return process.wait(), shown.decode()


def test_typed_without_echo(throwaway: ThrowawayKeyring, settings: Settings) -> None:
    """At a terminal the password is asked for twice, nothing of it is displayed, and it is kept
    exactly.
    """
    code, shown = at_a_terminal(settings, throwaway, ["store"], [CANARY, CANARY])
    assert (0, Secret(CANARY)) == (code, throwaway.keystore().portal_password("xt012345").get()), (
        shown
    )
    assert "Canari" not in shown and "Enregistré et relu" in shown


def test_typed_differently(throwaway: ThrowawayKeyring, settings: Settings) -> None:
    """Two different entries are refused, and nothing is kept."""
    code, shown = at_a_terminal(settings, throwaway, ["store"], [CANARY, CANARY + "x"])
    assert (2, None) == (code, throwaway.keystore().portal_password("xt012345").get()), shown
    assert "diffèrent" in shown and "Canari" not in shown


@pytest.mark.parametrize(("answer", "code"), [("oui", 0), ("non", 2)])
def test_deletion_asks(
    throwaway: ThrowawayKeyring, settings: Settings, answer: str, code: int
) -> None:
    """At a terminal, a technical account's password goes only after a yes."""
    throwaway.keystore().slots(ACCOUNT).adopt(Secret("value"), "run-1")
    found, shown = at_a_terminal(settings, throwaway, ["delete", "--current", SIRET], [answer])
    assert (code, code == 0) == (
        found,
        throwaway.keystore().slots(ACCOUNT).filled().current is None,
    ), shown


def test_every_error_is_for_an_operator() -> None:
    """No error of this command can end in a traceback."""
    kinds = [
        kind
        for kind in vars(credentials).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ]
    assert kinds and all(issubclass(kind, ReleveError) for kind in kinds)
