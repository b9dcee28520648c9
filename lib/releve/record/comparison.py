"""Whether portal, keyring and targets had one and the same password, as the journal tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from releve.decision import events as ev


def sameness(entries: Sequence[ev.Entry]) -> dict[str, Any]:
    """For the password that counts, each place and how it compared ("equal", "different", ""), and
    whether all are equal (None: that cannot be told, or no password was kept).
    """
    told: list[tuple[str, ev.PendingStored | ev.TargetEntered | ev.PromotionDone]] = []
    for entry in entries:
        match entry.event:
            case ev.PendingStored() as event:
                told = [("keyring", event)]
            case ev.TargetEntered() as event:
                told.append((event.target, event))
            case ev.PromotionDone() as event:
                told.append(("keyring (current)", event))
    first = next((event.commitment for _, event in told if event.commitment), "")
    places = {place: event.compared or _older(event, first) for place, event in told}
    found = set(places.values())
    equal = False if "different" in found else True if found == {"equal"} else None
    return {"places": places, "equal": equal}


def _older(event: ev.PendingStored | ev.TargetEntered | ev.PromotionDone, first: str) -> str:
    """The comparison of version 0.1's keyed hashes ("KEY:HASH") with what the portal showed."""
    made = event.kept if isinstance(event, ev.PendingStored) else event.commitment
    if not (made and first) or made.split(":")[0] != first.split(":")[0]:
        return ""
    return "equal" if made == first else "different"
