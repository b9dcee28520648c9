"""Mutants of the guards: each removes or loosens one, and each must be killed by the tests that it
names. With `--long` each is tried, in a copy of the tree; else it is only seen that its place is
still there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from releve.base.settings import project_root
from twin import Twin, TwinDriver

ROOT = project_root()
PATIENCE = 600  # seconds for the tests of one mutant


@dataclass(frozen=True)
class Mutant:
    """In `file`, `old` becomes `new`; the `tests` must fail."""

    file: str
    old: str
    new: str
    tests: str


MUTANTS = [
    # decision: the journal, who vouches, what comes next
    Mutant(
        "decision/journal.py",
        "            os.fsync(file.fileno())\n",
        "",
        "test_journal.py -k on_the_disk",
    ),
    Mutant(
        "decision/journal.py",
        "        fsync_folder(self.path.parent)\n",
        "",
        "test_journal.py -k on_the_disk",
    ),
    Mutant(
        "decision/journal.py",
        "            if not hmac.compare_digest(given, before):\n                return False\n",
        "",
        "test_trust.py -k changed_journal",
    ),
    Mutant(
        "decision/journal.py",
        'before = _digest(b"".join(lines[:start]))',
        "before = _digest(lines[start])",
        "test_trust.py -k another_machine",
    ),
    Mutant(
        "decision/journal.py",
        "    if key is None or not lines:\n        return False\n",
        "    if key is None or not lines:\n        return True\n",
        "test_trust.py -k forged_rotation_resets",
    ),
    Mutant(
        "decision/journal.py",
        "            raise JournalShared(folder=self.path.parent)\n",
        "            return\n",
        "test_journal.py -k never_cut",
    ),
    Mutant(
        "decision/journal.py",
        "                self._check_cut()\n                file.truncate(self._whole)\n",
        "                self._check_cut()\n",
        "test_journal.py -k torn",
    ),
    # vault: the slots, the keys
    Mutant(
        "vault/slots.py",
        "        if held is not None and held.run != replacing:\n"
        "            self._check_owner(slot, held, run)\n",
        "",
        "test_keystore.py -k TestThrowaway and another_runs",
    ),
    Mutant(
        "vault/slots.py",
        "            self._put(Slot.PREVIOUS, current)\n",
        "            pass\n",
        "test_keystore.py -k TestThrowaway and (adopting or turns)",
    ),
    Mutant(
        "vault/slots.py",
        "        self._make_current(pending)\n        self.clear(Slot.PENDING, run)\n",
        "        self.clear(Slot.PENDING, run)\n        self._make_current(pending)\n",
        "test_keystore.py -k killed_anywhere",
    ),
    Mutant(
        "vault/slots.py",
        "        if held.run != run:\n            raise SlotHeld",
        "        if False:\n            raise SlotHeld",
        "test_keystore.py -k TestThrowaway and another_runs",
    ),
    Mutant(
        "vault/keys.py",
        '        _rotation(keystore, run).set_text(f"{key.hex()} {attempt}")\n',
        "        pass\n",
        "test_trust.py -k put_back",
    ),
    Mutant(
        "vault/keys.py",
        "        _rotation(keystore, run).delete()\n",
        "        pass\n",
        "test_seal_kills.py -k a_seal",
    ),
    Mutant(
        "vault/keys.py",
        "        return frozenset({*kept, *([short(own)] if own else [])})",
        "        return frozenset()",
        "test_trust.py -k stranger",
    ),
    Mutant(
        "vault/keys.py",
        "    if not isinstance(found, Ed25519PublicKey):\n"
        '        raise ValueError("no Ed25519 key")\n    return',
        "    return",
        "test_trust.py -k kind_of_key",
    ),
    # record: the register
    Mutant(
        "record/register.py",
        "                os.fsync(file.fileno())\n",
        "",
        "test_seal_kills.py --long -k a_seal",
    ),
    Mutant(
        "record/register.py",
        "        disk.fsync_folder(self.path.parent)\n",
        "",
        "test_seal_kills.py --long -k a_seal",
    ),
    Mutant(
        "record/register.py",
        "        self._check(lines)\n        if self",
        "        if self",
        "test_register.py -k damaged",
    ),
    Mutant(
        "record/register.py",
        '            if entry.get("record") and self.find(entry["record"], entry["kind"]):\n'
        "                continue\n",
        "",
        "test_register.py -k once",
    ),
    Mutant(
        "record/register.py",
        '            if key.keyid != keyid:\n                raise ValueError("another key")\n',
        "",
        "test_trust.py -k another_s_name",
    ),
    Mutant(
        "record/register.py",
        '            raise ValueError("another signature") from error\n',
        "            pass\n",
        "test_verify.py -k each_change or every_byte",
    ),
    Mutant(
        "record/register.py",
        "                if vouched or trusting:\n",
        "                if True:\n",
        "test_trust.py -k stranger_registers",
    ),
    Mutant(
        "record/register.py",
        "            file.truncate(before)\n            try",
        "            try",
        "test_register.py -k torn",
    ),
    Mutant(
        "record/register.py",
        "        self._remember(head)\n",
        "",
        "test_verify.py -k untouched or each_change",
    ),
    Mutant(
        "record/seal.py",
        "(*all_records(settings.record.folder), *_half_gone(register, named))",
        "all_records(settings.record.folder)",
        "test_seal_kills.py -k went_first",
    ),
    # record: the files
    Mutant(
        "base/disk.py",
        "            os.fsync(descriptor)\n        patiently",
        "        patiently",
        "test_seal_kills.py --long -k a_seal",
    ),
    Mutant(
        "base/disk.py",
        "        fsync_folder(path.parent)\n    except OSError:",
        "    except OSError:",
        "test_seal_kills.py --long -k a_seal",
    ),
    Mutant(
        "base/disk.py",
        "    fsync_folder(path.parent)  # also of one that a killed process had just made\n",
        "",
        "test_crash.py --long -k death and incident",
    ),
    Mutant("base/disk.py", 'getattr(os, "O_NOFOLLOW", 0)', "0", "test_trust.py -k fifo or link"),
    # record: the seal
    Mutant(
        "record/seal.py",
        "        if found := search.search(folder.path):\n"
        "            raise _put_aside(folder, found, entry, register)\n",
        "",
        "test_seal.py -k any_file",
    ),
    Mutant(
        "record/seal.py",
        "        if not vouched(folder, keystore):\n            raise NotVouched",
        "        if False:\n            raise NotVouched",
        "test_trust.py -k invented_record",
    ),
    Mutant(
        "record/seal.py",
        '        if keys.own_keyid(keystore) != purged.get("signer"):\n',
        "        if False:\n",
        "test_seal_kills.py -k nobody",
    ),
    Mutant(
        "commands/purge.py",
        '            register.append({"kind": "purge", "record": folder.path.name})\n'
        "            destroy(folder)\n",
        "            destroy(folder)\n"
        '            register.append({"kind": "purge", "record": folder.path.name})\n',
        "test_seal_kills.py --long -k purge",
    ),
    Mutant(
        "commands/purge.py",
        '    if any(fault.kind != "purged" for fault in verdict.faults):\n'
        "        raise NotIntact\n",
        "",
        "test_verify.py -k purge",
    ),
    # record: the check
    Mutant(
        "record/verify.py",
        "            if disk.sha256(folder.path / each) != said[each]:\n",
        "            if False:\n",
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/verify.py",
        "            sealed.envelope.verify([key], 1)\n",
        "",
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/verify.py",
        '        if wrong:\n            yield Finding("untrue"',
        '        if False:\n            yield Finding("untrue"',
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/verify.py",
        '            if disk.sha256(folder.path / STATEMENT) != line.entry["statement"]:\n',
        "            if False:\n",
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/chain.py",
        "not _over(sealed, line, chain.years)",
        "False",
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/chain.py",
        'if entry["previous"] != previous or entry["n"] != expected:',
        "if False:",
        "test_verify.py --long -k each_change or purge or every_byte",
    ),
    Mutant(
        "record/timestamp.py",
        "        and found.tst_info.nonce == asked.nonce\n",
        "",
        "test_timestamp.py -k something_else",
    ),
    # record: nothing twice, nothing of a stranger's
    Mutant(
        "record/history.py",
        "datetime.now(UTC) - done < SAME_DAY",
        "datetime.now(UTC) - done < SAME_DAY * 0",
        "test_guards.py -k second_start",
    ),
    Mutant(
        "record/history.py",
        "        raise SucceededTomorrow",
        "        SucceededTomorrow",
        "test_trust.py -k in_the_future",
    ),
    Mutant(
        "record/vouching.py",
        "    if start is not None and not vouched(folder, keystore):\n",
        "    if False:\n",
        "test_trust.py -k forged_rotation_resets",
    ),
    Mutant(
        "record/vouching.py",
        "    if later > told:\n",
        "    if False:\n",
        "test_trust.py -k put_back",
    ),
    Mutant("record/lock.py", "folded(account)", "account", "test_trust.py -k spelling"),
    Mutant(
        "rotation/session.py",
        "        if not await self.operator.adopts(claim):\n",
        "        if False:\n",
        "test_trust.py -k asked_first or forged_rotation_resets",
    ),
    Mutant(
        "commands/resume.py",
        "        if says_yes(vouching.claim(entries)):\n",
        "        if True:\n",
        "test_trust.py -k resume_asks",
    ),
    Mutant(
        "planning/alarm.py",
        "        if vouches(each):\n",
        "        if True:\n",
        "test_alarm.py -k planted",
    ),
    Mutant(
        "planning/alarm.py",
        "    return journal in read_sealed(content).statement[\"subject\"]\n",
        "    return True\n",
        "test_alarm.py -k sealed_here",
    ),
    # the click, and typing
    Mutant(
        "rotation/reset.py",
        "        if await self._read() != secret:\n            raise CandidateChanged\n",
        "",
        "test_guards.py -k candidate",
    ),
    Mutant(
        "rotation/reset.py",
        "        await self._keep(secret, attempt)\n"
        "        await self._submit(attempt, secret, capture)\n",
        "        await self._submit(attempt, secret, capture)\n"
        "        await self._keep(secret, attempt)\n",
        "test_crash.py --long -k death and mot and vu",
    ),
    Mutant(
        "portal/type.js", "if (method !== 'post') return", "if (false) return", "test_typing.py"
    ),
    Mutant("portal/type.js", "if (action) return", "if (false) return", "test_typing.py"),
    Mutant(
        "portal/type.js",
        "if (own !== null && allowed(own)) return",
        "if (false) return",
        "test_typing.py",
    ),
    Mutant(
        "portal/type.js",
        "if (!origins.includes(at)) return",
        "if (false) return",
        "test_typing.py",
    ),
    Mutant("portal/hold.js", " document.head.append(policy);", "", "test_typing.py"),
    Mutant(
        "portal/typing.py",
        "            await self._context.route(self._elsewhere, self._abort)\n",
        "            pass\n",
        "test_typing.py",
    ),
    Mutant(
        "portal/screens/confirmation.py",
        "            await self.browser.hold()\n",
        "",
        "test_typing.py -k new_password",
    ),
    Mutant(
        "portal/typing.py",
        "        if self.closed:\n            await",
        "        if False:\n            await",
        "test_typing.py",
    ),
    Mutant("portal/typing.py", "    if loud:\n", "    if False:\n", "test_typing.py"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.file}: {mutant.old[:40]}")
def test_each_guard_is_where_its_mutant_says(mutant: Mutant) -> None:
    """Once, so that the list stays the tree's."""
    assert 1 == (ROOT / "lib/releve" / mutant.file).read_text(encoding="utf-8").count(mutant.old)


def test_a_candidate_that_changes_before_the_click_is_not_submitted(
    shm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored is what is submitted, or nothing is."""
    ready = TwinDriver.ready

    async def changes(driver: TwinDriver) -> None:
        await ready(driver)
        driver._shown = "w7-un-autre-mot-de-passe"

    monkeypatch.setattr(TwinDriver, "ready", changes)
    twin = Twin.new(shm / "twin", sees_first=True)
    ended = twin.run()
    assert ("CandidateChanged", 0) == (ended.error, twin.resets())


def test_a_second_start_on_the_same_day_resets_nothing(shm: Path) -> None:
    """Whatever the scheduler does."""
    twin = Twin.new(shm / "twin")
    assert [0, 3] == [twin.whole(), twin.whole()]
    assert 1 == twin.resets()


def copied(copy: Path) -> Path:
    """A copy of the tree, whose tests import its own library."""
    for name in ("lib", "notebooks", "tests"):
        kept = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, copy / name, ignore=kept)
    for name in ("README.md", "requirements.txt", ".ruff.toml", ".gitattributes"):
        shutil.copy2(ROOT / name, copy / name)
    return copy


def _module(name: str) -> str:
    """Where the tests' module of that name is."""
    return str(next((ROOT / "tests").rglob(name)).relative_to(ROOT))


def tried(tests: str, copy: Path) -> tuple[int, str]:
    """The exit code of these tests in the copy, and the end of what they say."""
    names, _, expression = tests.partition(" -k ")
    quiet = ["-o", "addopts=", "-p", "no:cacheprovider", "-x", "-q", f"--timeout={PATIENCE}"]
    chosen = ["-k", expression] if expression else []
    given = [name if name.startswith("-") else _module(name) for name in names.split()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *given, *chosen],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy / "lib"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
    )
    return done.returncode, done.stdout[-600:]


def killed(mutant: Mutant, copy: Path) -> bool:
    """Whether its tests fail with it."""
    path = copy / "lib/releve" / mutant.file
    genuine = path.read_text(encoding="utf-8")
    path.write_text(genuine.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return 1 == tried(mutant.tests, copy)[0]
    finally:
        path.write_text(genuine, encoding="utf-8")


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
def test_every_mutant_is_killed(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """By the tests that it names, which pass without it."""
    copy = copied(tmp_path / "copy")
    for tests in sorted({mutant.tests for mutant in MUTANTS}):
        assert (0, "") == (tried(tests, copy)[0], ""), tests
    lived = [f"{each.file}: {each.old!r}" for each in MUTANTS if not killed(each, copy)]
    score = f"{len(MUTANTS) - len(lived)} of {len(MUTANTS)}"
    record_property("table", f"mutants of the guards: {score} killed")
    assert [] == lived
