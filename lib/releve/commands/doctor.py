"""`releve doctor [SIRET]`: is this machine ready, and do the passwords that it keeps agree with the
portal?
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from releve.base.disk import written
from releve.base.errors import ReleveError
from releve.base.places import project_root
from releve.base.settings import Portal, Settings, Structure, load
from releve.base.terminal import at_terminal
from releve.base.texts import text
from releve.commands import checkup
from releve.commands.checkup import Check, Grade
from releve.commands.discover import AtTerminal
from releve.commands.tell import NotAgreed, agreed, answer
from releve.decision.reconcile import Action, Verdict, reconcile
from releve.headless.run import situation_of
from releve.planning.plan import aloud
from releve.proof.asking import Prover
from releve.record.folder import unfinished
from releve.rotation.consent import hindrances
from releve.vault.keystore import open_keystore
from releve.vault.slots import Slot

SETTINGS = "Réglages"
SLOTS = {
    Slot.PENDING: "Mot de passe en attente",
    Slot.CURRENT: "Mot de passe actuel",
    Slot.PREVIOUS: "Mot de passe précédent",
}
GRADES = {Action.NOTHING: Grade.GOOD, Action.ADOPT_OR_RESET: Grade.BAD}  # of the others: doubtful


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `releve doctor`."""
    parser.add_argument(
        "siret",
        nargs="?",
        help="essayer aussi, auprès de l'API, les mots de passe gardés pour cette structure",
    )
    parser.add_argument(
        "--portal-report",
        metavar="FICHIER",
        type=Path,
        help="aller jusqu'au bouton de réinitialisation sans le presser, et décrire le portail par"
        " ses formes, sans un mot de ses pages, pour qui entretient Relève",
    )
    parser.add_argument(
        "--yes", action="store_true", help="écrire le rapport sans demander qu'on le relise"
    )


def main(args: argparse.Namespace) -> int:
    """0 when nothing is bad, 2 for bad settings, 5 otherwise; 4 when nobody agreed to the report.
    Each line is told at once.
    """
    findings = []
    for finding in _report(args) if args.portal_report else _findings(args):
        findings.append(finding)
        if not args.json:
            _tell(finding)
    bad = {finding.name for finding in findings if finding.grade is Grade.BAD}
    code = 2 if SETTINGS in bad else 5 if bad else 0
    told = {"code": code, "findings": [vars(finding) for finding in findings]}
    end = text("doctor.to-mend" if bad else "doctor.ready")
    return answer(args, told, [] if args.portal_report else [f"\n{end}"])


def _tell(finding: Check) -> None:
    word = text(f"doctor.grade.{finding.grade}")
    print(f"[{word:^7}] {finding.name} : {finding.text.rstrip('.')}.", flush=True)
    if finding.mend:
        print(f"{'':10}→ {finding.mend}", flush=True)


def _report(args: argparse.Namespace) -> Iterator[Check]:
    """A person reads it before it is written. Raises `NotAgreed`, and what stops the login."""
    from releve.portal.report import survey

    settings = load(args.settings, args.outputs)
    chosen = args.siret or next(iter(settings.structures), "")
    structure = settings.structure(chosen)
    if not (args.yes or at_terminal(sys.stdin)):
        raise NotAgreed
    prompts = AtTerminal(approve=False, reset_again=False)
    report = asyncio.run(survey(settings, structure, open_keystore(settings), prompts))
    question = text("doctor.nothing-of-yours", path=args.portal_report)
    agreed([] if args.yes else report.splitlines(), question, yes=args.yes)
    written(args.portal_report, report)
    said = text("doctor.reported", path=args.portal_report)
    yield Check("Rapport du portail", Grade.GOOD, said)


def _findings(args: argparse.Namespace) -> Iterator[Check]:
    yield checkup.versions()
    settings, found = _settings(args)
    # a wrong SIRET is told before the slow checks
    structure = settings.structure(args.siret) if settings and args.siret else None
    yield found
    yield checkup.disk(settings.record.folder if settings else project_root() / "outputs")
    yield from checkup.keyring(settings)
    yield checkup.browser(settings.portal if settings else Portal(login="?"))
    if settings:
        yield from checkup.network_findings(settings)
        yield checkup.piste(settings)
        yield from unattended(settings)
    if settings and structure:
        yield from account(settings, structure)


def unattended(settings: Settings) -> Iterator[Check]:
    """What would stop a run that nobody watches, before its first night."""
    if not settings.structures:
        return
    found = hindrances(settings)
    if not found:
        yield Check("Sans personne", Grade.GOOD, text("doctor.unattended"))
    if said := aloud(settings):
        yield Check("Sans personne", Grade.GOOD, said)
    for each in found:
        yield Check("Sans personne", Grade.DOUBTFUL, each.sentences[0], each.sentences[2])


def _settings(args: argparse.Namespace) -> tuple[Settings | None, Check]:
    try:
        settings = load(args.settings, args.outputs)
    except ReleveError as error:
        return None, checkup.failed(SETTINGS, error)
    count = len(settings.structures)
    if not count:
        told = text("doctor.no-structure", path=settings.path)
        return settings, Check(SETTINGS, Grade.DOUBTFUL, told, text("doctor.no-structure-todo"))
    path = settings.path
    told = text("doctor.structures" if count > 1 else "doctor.structure", path=path, count=count)
    return settings, Check(SETTINGS, Grade.GOOD, told)


def account(settings: Settings, structure: Structure) -> Iterator[Check]:
    """What the records, the keyring and the API say of one account, and the one thing to do."""
    try:
        for record in unfinished(settings.record.folder, structure.technical_account)[-1:]:
            situation = situation_of(settings, record)
            yield Check("Rotation en cours", Grade.DOUBTFUL, situation.truth, situation.row.todo)
        if settings.piste is None:
            yield _without_piste(settings, structure)
            return
        said = Prover(settings, structure, open_keystore(settings)).ask(*SLOTS)
    except ReleveError as error:
        yield checkup.failed(f"Compte {structure.technical_account}", error)
        return
    for slot, each in said.items():
        if each.verdict is Verdict.UNKNOWN:
            yield Check(SLOTS[slot], Grade.DOUBTFUL, each.said, each.todo)
    row = reconcile(*(said[slot].verdict for slot in SLOTS))
    minutes = settings.policy.propagation_minutes
    truth, todo = row.told(siret=structure.siret, minutes=minutes)
    mend = "" if row.action is Action.NOTHING else todo
    told = " ; ".join(
        f"{title.lower()} : {text(f'doctor.verdict.{said[slot].verdict}')}"
        for slot, title in SLOTS.items()
    )
    truth, grade = f"{truth.rstrip('.')} ({told})", GRADES.get(row.action, Grade.DOUBTFUL)
    yield Check(f"Compte {structure.technical_account}", grade, truth, mend)


def _without_piste(settings: Settings, structure: Structure) -> Check:
    held = vars(open_keystore(settings).slots(structure.technical_account).filled())
    kept = ", ".join(SLOTS[slot].lower() for slot in SLOTS if held[slot])
    told = text("doctor.untried", kept=kept or text("doctor.verdict.empty"))
    mend = text("doctor.untried-todo")
    return Check(f"Compte {structure.technical_account}", Grade.DOUBTFUL, told, mend)
