"""The warm handoff: what an officer may record of it, when, and what must hold together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from contracts.problems import InvalidError
from contracts.vocabulary import HandoffKind

MOMENTS: Final = ("called_at", "arrived_at", "left_at")
# Which moments a kind can have: nobody arrives by telephone, and a cold handoff is an address.
MOMENTS_OF: Final[Mapping[HandoffKind, frozenset[str]]] = {
    HandoffKind.IN_PERSON: frozenset(MOMENTS),
    HandoffKind.PHONE: frozenset({"called_at"}),
    HandoffKind.COLD: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """How the person was handed over, and when: called, arrived with them, left them."""

    kind: HandoffKind | None = None
    called_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


def recorded(before: Handoff, said: Mapping[str, Any], span: tuple[datetime, datetime]) -> Handoff:
    """The record with what is said now in place of what was said before; None takes back.

    ``span`` = from when such a thing can have been, to now. Raises InvalidError naming the field.
    """
    after = replace(before, **said)
    if after.kind is None:
        raise InvalidError("kind", f"say how: {', '.join(HandoffKind)}")
    for moment in MOMENTS:
        _check_moment(after, moment, span)
    _check_order(after)
    return after


def earliest(occurred_at: datetime | None, submitted_at: datetime, shift: timedelta) -> datetime:
    """From when a handoff can have been: the encounter's start, or a shift before submission."""
    return submitted_at - shift if occurred_at is None else occurred_at


def _check_moment(record: Handoff, moment: str, span: tuple[datetime, datetime]) -> None:
    at, (first, now) = getattr(record, moment), span
    if at is None or record.kind is None:
        return
    if moment not in MOMENTS_OF[record.kind]:
        has = ", ".join(sorted(MOMENTS_OF[record.kind])) or "no times"
        raise InvalidError(moment, f"a handoff that is {record.kind} has {has}; send null here")
    if at > now:
        raise InvalidError(moment, "must not be in the future")
    if at < first:
        raise InvalidError(moment, "must not lie before the encounter")


def _check_order(record: Handoff) -> None:
    """Whoever leaves has arrived, and nobody arrives before they called."""
    if record.left_at is not None and record.arrived_at is None:
        raise InvalidError("left_at", "say when they arrived, too")
    told = [(name, getattr(record, name)) for name in MOMENTS]
    known = [(name, at) for name, at in told if at is not None]
    for (before, earlier), (name, later) in pairwise(known):
        if later < earlier:
            raise InvalidError(name, f"must not lie before {before}")
