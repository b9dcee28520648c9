"""What a run over many accounts is about to reset, by a digest that a person can agree to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from releve.base.errors import PersonNeeded
from releve.base.settings import Policy, Settings, Structure
from releve.record.history import Past

FIRST, USUAL = 3, 25
"""How many resets a run makes without an agreed plan: in a folder that has no success yet, else."""

UNPROVEN = (
    "Sans personne à l'écran, un mot de passe est renouvelé même si rien ne pourra prouver qu'il"
    " fonctionne : les réglages y renoncent (« policy.unproven »)."
)


def aloud(settings: Settings) -> str:
    """What every list says where the proof is declared unneeded; "" elsewhere."""
    return UNPROVEN if settings.policy.unproven else ""


@dataclass(frozen=True)
class Plan:
    """The resets of one run, one structure an account, in their order."""

    structures: tuple[Structure, ...]

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the accounts, of who renews each, and of where
        each password goes, the program that takes it included.
        """
        told = sorted(
            (each.technical_account, each.siret, each.targets, each.command, each.login)
            for each in self.structures
        )
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, object]:
        """As printed by `--json`."""
        named = [
            {"structure": each.siret, "name": each.name, "account": each.technical_account}
            for each in self.structures
        ]
        return {"plan": self.digest, "resets": named}


def limit(policy: Policy, past: Iterable[Past]) -> int:
    """The most resets that a run makes without an agreed plan."""
    if policy.max_resets is not None:
        return policy.max_resets
    return USUAL if any(each.outcome == "succeeded" for each in past) else FIRST


class PlanNeeded(PersonNeeded):
    """Too many resets for nobody to have looked at the list. `plan` is what would be done."""


    def __init__(self, plan: Plan, why: str) -> None:
        super().__init__(why=why, digest=plan.digest)
        self.plan = plan


def plan_needed(
    policy: Policy, past: Iterable[Past], resets: Sequence[Structure]
) -> PlanNeeded | None:
    """The stop of a run that would make so many resets without an agreed plan; None when it may."""
    most = limit(policy, past)
    if len(resets) <= most:
        return None
    plan = Plan(tuple(resets))
    return PlanNeeded(plan, f"{len(resets)} réinitialisations, et {most} au plus sans plan")
