"""Every figure of the outcomes, computed from the model: nothing of the suite's own counting."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from tests.journey.whole_things import ENDED, PROTECTED, Offer, Referral

OUTCOMES: Final = (
    "sheltered",
    "housed",
    "financial_help",
    "stabilised",
    "in_treatment",
    "service_completed",
    "reunited",
    "information_given",
    "not_served",
)
GOT_HELP: Final = frozenset(OUTCOMES) - {"information_given", "not_served"}

IN_TIME: Final = timedelta(minutes=30)

# What a referral adds to each count; ``told`` are the types of its events.
OF_REFERRAL: Final[Mapping[str, Callable[[Referral, frozenset[str]], bool]]] = {
    "submitted": lambda _r, _t: True,
    "offered": lambda r, _t: bool(r.offers),
    "accepted": lambda r, _t: _accepted(r),
    "first_contact": lambda r, _t: any(o.contacted_at for o in r.offers),
    "engaged": lambda r, _t: any(o.engaged_at or o.completed for o in r.offers),
    "closed": lambda r, _t: r.state == "closed",
    "reported": lambda r, _t: r.state == "closed" and bool(r.offers),
    "got_help": lambda r, _t: r.state == "closed" and r.outcome in GOT_HELP,
    "open": lambda r, _t: r.state not in ENDED,
    "withdrawn": lambda r, _t: r.state == "withdrawn",
    "waitlisted_ever": lambda _r, t: "referral.waitlisted" in t,
    "unplaced_ever": lambda _r, t: "referral.unplaced" in t,
    "held_ever": lambda _r, _t: False,  # no policy of these lives holds anything back
    "handoffs_in_person": lambda r, _t: "arrived_at" in _handoff(r),
    "handoffs_timed": lambda r, _t: _took(r) is not None,
    "handoffs_in_time": lambda r, _t: (took := _took(r)) is not None and took <= IN_TIME,
    "no_capacity": lambda r, t: not _accepted(r) and ("referral.waitlisted" in t or _no_room(r)),
}
OF_OFFER: Final[Mapping[str, Callable[[Offer, datetime], bool]]] = {
    "offers_made": lambda _o, _n: True,
    "offers_over_capacity": lambda o, _n: o.over,
    "offers_open": lambda o, _n: o.answer is None,
    "offers_accepted": lambda o, _n: o.answer == "accepted",
    "offers_declined": lambda o, _n: o.answer == "declined",
    "offers_declined_by_person": lambda o, _n: o.answer == "declined" and o.side == "person",
    "offers_lapsed": lambda o, _n: o.answer == "lapsed",
    "offers_returned": lambda o, _n: o.returned,
    "revocations": lambda o, _n: o.told_at is not None,
    "revocations_open": lambda o, _n: _silent(o),
    "revocations_overdue": lambda o, n: _silent(o) and o.due_at is not None and o.due_at <= n,
}
OF_TOWN: Final = ("said_no",)
NAMES: Final = frozenset(
    {*OF_REFERRAL, *OF_OFFER, *OF_TOWN, *(f"outcome_{outcome}" for outcome in OUTCOMES)}
)

Span = tuple[datetime | None, datetime | None]
TIMES_OF_REFERRAL: Final[Mapping[str, Callable[[Referral], Span]]] = {
    "submitted_to_offered": lambda r: (r.submitted_at, _first(o.made_at for o in r.offers)),
    "submitted_to_accepted": lambda r: (r.submitted_at, _first(o.held_at for o in r.offers)),
    "submitted_to_closed": lambda r: (r.submitted_at, r.closed_at if _closed(r) else None),
    "called_to_arrived": lambda r: _between(r, "called_at", "arrived_at"),
    "arrived_to_left": lambda r: _between(r, "arrived_at", "left_at"),
}
TIMES_OF_OFFER: Final[Mapping[str, Callable[[Offer], Span]]] = {
    "offered_to_answered": lambda o: (o.made_at, o.answered_at),
    "accepted_to_first_contact": lambda o: (o.held_at, o.contacted_at),
    "accepted_to_engaged": lambda o: (o.held_at, o.engaged_at),
    "revoked_to_acknowledged": lambda o: (o.told_at, o.said_at),
}

Told = Mapping[str, frozenset[str]]


def counted(referrals: Iterable[Referral]) -> list[Referral]:
    """Those that are in the figures: no exercise, and nothing entered in error."""
    return [r for r in referrals if not r.training and r.state != "entered_in_error"]


def counts(referrals: Iterable[Referral], told: Told, now: datetime, said_no: int) -> Counter[str]:
    """Every count; ``told`` are the types of each referral's events, by its id."""
    found: Counter[str] = Counter({"said_no": said_no})
    for referral in referrals:
        types = told[referral.id]
        found.update(name for name, holds in OF_REFERRAL.items() if holds(referral, types))
        if _closed(referral) and referral.outcome:
            found[f"outcome_{referral.outcome}"] += 1
        for offer in referral.offers:
            found.update(name for name, holds in OF_OFFER.items() if holds(offer, now))
    return found


def times(referrals: Iterable[Referral]) -> dict[str, dict[str, int | None]]:
    """How long everything took, in whole minutes: how often, the median and the p90."""
    measured: dict[str, list[int]] = {name: [] for name in (*TIMES_OF_REFERRAL, *TIMES_OF_OFFER)}
    for referral in referrals:
        spans = [(name, span(referral)) for name, span in TIMES_OF_REFERRAL.items()]
        for offer in referral.offers:
            spans += [(name, span(offer)) for name, span in TIMES_OF_OFFER.items()]
        for name, (begun, ended) in spans:
            if begun is not None and ended is not None:
                measured[name].append(int((ended - begun).total_seconds() // 60))
    return {name: _spread(sorted(minutes)) for name, minutes in measured.items()}


def _spread(minutes: list[int]) -> dict[str, Any]:
    """By nearest rank."""
    ranks = {"median": 0.5, "p90": 0.9}
    found = {n: minutes[ceil(s * len(minutes)) - 1] if minutes else None for n, s in ranks.items()}
    return {"count": len(minutes), **found}


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _accepted(referral: Referral) -> bool:
    return any(offer.held_at for offer in referral.offers)


def _no_room(referral: Referral) -> bool:
    return any(offer.reason == "no_capacity" for offer in referral.offers)


def _closed(referral: Referral) -> bool:
    return referral.state == "closed"


def _handoff(referral: Referral) -> Mapping[str, Any]:
    """Of a protected need the figures hear nothing."""
    return {} if referral.need == PROTECTED else referral.handoff


def _between(referral: Referral, begun: str, ended: str) -> Span:
    return _handoff(referral).get(begun), _handoff(referral).get(ended)


def _took(referral: Referral) -> timedelta | None:
    called, arrived = _between(referral, "called_at", "arrived_at")
    return None if called is None or arrived is None else arrived - called


def _silent(offer: Offer) -> bool:
    return offer.told_at is not None and offer.said_at is None
