"""The figures once more, by going through every history from the beginning: slow and plain.

It follows the definitions that ``GET /v1/outcomes/summary`` gives in words, and shares no code with
what counts in the suite.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.chassis.tables import history

TOPIC: Final = "referral.lifecycle"
OVER: Final = {"closed", "withdrawn", "entered_in_error"}
NO_HELP: Final = {"information_given", "not_served"}
YOUNGER_THAN: Final = {18: "under_18", 25: "18_to_24", 45: "25_to_44", 65: "45_to_64"}
DIMENSIONS: Final = ("sector", "agency", "urgency", "entry_door", "language", "age_band")


@dataclass(slots=True)
class Told:
    """One event of a history."""

    what: str
    at: datetime
    data: dict[str, Any]


@dataclass(slots=True)
class Tale:
    """All that was told of one referral, or of one of its offers."""

    told: list[Told] = field(default_factory=list)

    def first(self, *what: str) -> Told | None:
        """The first event of these kinds."""
        return next((each for each in self.told if each.what in what), None)

    def at(self, *what: str) -> datetime | None:
        """When the first of these kinds was told."""
        found = self.first(*what)
        return found.at if found else None


def tales(session: Session) -> list[Tale]:
    """Every referral's, but those of exercises, and what was entered in error."""
    rows = session.execute(
        select(history).where(history.c.topic == TOPIC).order_by(history.c.key, history.c.seq)
    )
    found: dict[str, Tale] = defaultdict(Tale)
    for row in rows.mappings():
        kind = row["type"].removeprefix("handoff.").rpartition(".")[0]
        found[row["key"]].told.append(Told(kind, row["at"], dict(row["payload"])))
    return [each for each in found.values() if _counts(each.told[-1].data["snapshot"])]


def figures(all_tales: list[Tale], dimension: str | None) -> dict[str, dict[str, Any]]:
    """The counts and times of each value of a dimension; of the whole for None."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    times: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for tale in all_tales:
        for value, names, spans in _shares(tale, dimension):
            counts[value].update(names)
            for name, begun, ended in spans:
                if begun and ended:
                    times[value][name].append(int((ended - begun).total_seconds() // 60))
    return {
        value: {"counts": dict(found), "times": {n: _spread(m) for n, m in times[value].items()}}
        for value, found in counts.items()
    }


Span = tuple[str, datetime | None, datetime | None]


def _shares(tale: Tale, dimension: str | None) -> Iterator[tuple[str, list[str], list[Span]]]:
    """What a referral and each of its offers add, and to which value."""
    offers = _offers(tale)
    whole = "all" if dimension is None else _value(tale, offers, dimension)
    yield whole, list(_of_referral(tale, offers)), _times_of_referral(tale)
    for offer in offers:
        agency = str(offer.told[0].data["agency_id"])
        value = agency if dimension == "agency" else whole
        yield value, list(_of_offer(offer)), _times_of_offer(offer)


def _offers(tale: Tale) -> list[Tale]:
    found: dict[str, Tale] = {}
    for each in tale.told:
        if each.what == "offer.made":
            found[each.data["offer_id"]] = Tale()
        if each.data.get("offer_id") in found:
            found[each.data["offer_id"]].told.append(each)
    return list(found.values())


def _value(tale: Tale, offers: list[Tale], dimension: str) -> str:
    facts = tale.told[-1].data["snapshot"]["facts"]
    if dimension == "age_band":
        return _band(facts["age"])
    if dimension != "agency":
        return str(facts[dimension] or "unknown")
    if accepted := [each for each in tale.told if each.what == "offer.accepted"]:
        return str(accepted[-1].data["agency_id"])
    return str(offers[-1].told[0].data["agency_id"]) if offers else "none"


def _of_referral(tale: Tale, offers: list[Tale]) -> Iterator[str]:
    yield "submitted"
    state = tale.told[-1].data["snapshot"]["state"]
    heard = {each.what for each in tale.told}
    accepted = "offer.accepted" in heard
    declines = [each.data for each in tale.told if each.what == "offer.declined"]
    full = "referral.waitlisted" in heard or any(d["reason"] == "no_capacity" for d in declines)
    holds = {
        "offered": bool(offers),
        "accepted": accepted,
        "first_contact": "contact.attempted" in heard,
        "engaged": bool(heard & {"offer.engaged", "offer.completed"}),
        "closed": state == "closed",
        "reported": state == "closed" and bool(offers),
        "open": state not in OVER,
        "withdrawn": state == "withdrawn",
        "waitlisted_ever": "referral.waitlisted" in heard,
        "unplaced_ever": "referral.unplaced" in heard,
        "held_ever": any(t.what == "referral.deferred" and t.data.get("held") for t in tale.told),
        "no_capacity": full and not accepted,
    }
    yield from (name for name, holding in holds.items() if holding)
    if state == "closed":
        outcome = [each.data["outcome"] for each in tale.told if "outcome" in each.data][-1]
        yield f"outcome_{outcome}"
        if outcome not in NO_HELP:
            yield "got_help"


def _of_offer(offer: Tale) -> Iterator[str]:
    yield "offers_made"
    answer = offer.first("offer.accepted", "offer.declined", "offer.lapsed", "offer.rescinded")
    if answer is None:
        yield "offers_open"
    elif answer.what != "offer.rescinded":
        yield from _of_answer(answer)
    given_back = [e for e in offer.told if e.what in {"offer.declined", "offer.not_served"}]
    if any(e is not answer and e.data["side"] == "provider" for e in given_back):
        yield "offers_returned"
    if offer.first("revocation.issued"):
        yield from _of_revocation(offer)


def _of_answer(answer: Told) -> Iterator[str]:
    yield answer.what.replace("offer.", "offers_")
    if answer.what == "offer.declined" and answer.data["side"] == "person":
        yield "offers_declined_by_person"


def _of_revocation(offer: Tale) -> Iterator[str]:
    yield "revocations"
    if not offer.first("revocation.acknowledged"):
        yield "revocations_open"
        if offer.first("revocation.overdue"):
            yield "revocations_overdue"


def _times_of_referral(tale: Tale) -> list[Span]:
    begun = tale.told[0].at
    return [
        ("submitted_to_offered", begun, tale.at("offer.made")),
        ("submitted_to_accepted", begun, tale.at("offer.accepted")),
        ("submitted_to_closed", begun, tale.at("referral.closed")),
    ]


def _times_of_offer(offer: Tale) -> list[Span]:
    made, held = offer.told[0].at, offer.at("offer.accepted")
    answer = offer.first("offer.accepted", "offer.declined", "offer.lapsed", "offer.rescinded")
    spoke = answer is not None and answer.what in {"offer.accepted", "offer.declined"}
    issued = offer.at("revocation.issued")
    return [
        ("offered_to_answered", made, answer.at if answer and spoke else None),
        ("accepted_to_first_contact", held, offer.at("contact.attempted")),
        ("accepted_to_engaged", held, offer.at("offer.engaged")),
        ("revoked_to_acknowledged", issued, offer.at("revocation.acknowledged")),
    ]


def _spread(minutes: list[int]) -> dict[str, int]:
    ranked = sorted(minutes)
    return {
        "count": len(ranked),
        "median": ranked[ceil(len(ranked) / 2) - 1],
        "p90": ranked[ceil(len(ranked) * 9 / 10) - 1],
    }


def _counts(snapshot: dict[str, Any]) -> bool:
    return not snapshot["facts"]["training"] and snapshot["state"] != "entered_in_error"


def _band(age: int | None) -> str:
    if age is None:
        return "unknown"
    return next((band for limit, band in YOUNGER_THAN.items() if age < limit), "65_and_over")
