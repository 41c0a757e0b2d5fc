"""A referral as the matcher sees it: what it asks, which attempt is open, what it holds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

from contracts.questions import EligibilityCode
from contracts.vocabulary import Accommodation, Need, Sector, Urgency

Number = TypeVar("Number", int, float)

# Marks the journal's snapshots of a person who was erased.
ERASED: Final = "erased"


class Answer(StrEnum):
    """What the matcher may answer to an open attempt."""

    ROUTED = "routed"
    DEFERRED = "deferred"
    WAITLISTED = "waitlisted"
    UNPLACED = "unplaced"


# The fair order: the more urgent first, among equals whoever was submitted first, then by id.
RANK: Final = {Urgency.CRISIS: 0, Urgency.URGENT: 1, Urgency.ROUTINE: 2}
# Whoever has one of these answers is looked at again when a place frees.
WAITING: Final = (Answer.WAITLISTED, Answer.UNPLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the need; a protected need leaves all but need and urgency empty.

    ``imported``: a row of the past, submitted when it was imported.
    """

    sector: Sector
    need: Need
    urgency: Urgency
    submitted_at: datetime
    language: str | None = None
    age: int | None = None
    cell: str | None = None
    household_size: int | None = None
    accommodations: tuple[Accommodation, ...] = ()
    preferred: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    training: bool = False
    also_speaks: tuple[str, ...] = ()
    eligibility: tuple[EligibilityCode, ...] = ()
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation: for an attempt that is still open, or, with ``offer_id``, for a live offer.

    One that is ``over_capacity`` takes none of the stated places: a coordinator insisted.
    """

    program_id: str
    attempt: int
    offer_id: UUID | None = None
    over_capacity: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that accepted the referral, and when; ``over_capacity`` as it was offered."""

    program_id: str
    accepted_at: datetime
    over_capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A referral's snapshot as of ``at``; ``hand`` = the program of an attempt placed by hand."""

    referral_id: UUID
    at: datetime
    facts: Facts
    attempt: int | None = None
    hand: str | None = None
    excluded: tuple[str, ...] = ()
    live: tuple[Hold, ...] = ()
    holder: Holder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The newest snapshot of a referral with the matcher's own answer and places."""

    referral_id: UUID
    facts: Facts
    attempt: int | None = None
    hand: str | None = None
    excluded: tuple[str, ...] = ()
    holder: Holder | None = None
    holds: tuple[Hold, ...] = ()
    answered: Answer | None = None
    decision_number: int = 0

    @property
    def open(self) -> bool:
        """Whether an answer may be given: an attempt is open and was not routed yet."""
        return self.attempt is not None and self.answered is not Answer.ROUTED

    def without_held(self, of_programs: Mapping[str, Number]) -> dict[str, Number]:
        """What is said of programs, without those that hold a place for it already."""
        held = {hold.program_id for hold in self.holds}
        return {name: value for name, value in of_programs.items() if name not in held}


def learn(before: Request | None, seen: Seen) -> Request:
    """The request after a snapshot.

    A place is held if and only if its attempt is open or its offer live. A live offer holds one
    even where none was granted: a coordinator may insist.
    """
    before = before or Request(referral_id=seen.referral_id, facts=seen.facts)
    same_attempt = seen.attempt == before.attempt
    kept = before.answered if same_attempt and not _asked_anew(before, seen) else None
    return replace(
        before,
        facts=seen.facts,
        attempt=seen.attempt,
        hand=seen.hand,
        excluded=seen.excluded,
        holder=seen.holder,
        holds=_holds(before, seen),
        answered=kept,
        decision_number=before.decision_number if same_attempt else 0,
    )


def _asked_anew(before: Request, seen: Seen) -> bool:
    """Changed facts ask again, but an attempt is routed at most once."""
    changed = (seen.facts, seen.hand) != (before.facts, before.hand)
    return changed and before.answered is not Answer.ROUTED


def _holds(before: Request, seen: Seen) -> tuple[Hold, ...]:
    held = {hold.program_id: hold for hold in seen.live}
    for hold in before.holds:
        if hold.offer_id is None and hold.attempt == seen.attempt:
            held.setdefault(hold.program_id, hold)
    return tuple(sorted(held.values(), key=lambda hold: hold.program_id))


def seen_json(seen: Seen) -> dict[str, Any]:
    """A snapshot as plain JSON, for the journal."""
    return asdict(seen)


def erased_json(body: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a snapshot without the person: what it asks of places stays, and that it does."""
    seen = seen_of(body)
    facts = Facts(
        sector=seen.facts.sector,
        need=seen.facts.need,
        urgency=seen.facts.urgency,
        submitted_at=seen.facts.submitted_at,
        training=seen.facts.training,
        imported=seen.facts.imported,
    )
    return seen_json(replace(seen, facts=facts, excluded=())) | {ERASED: True}


def seen_of(data: Mapping[str, Any]) -> Seen:
    """The snapshot of its JSON."""
    holder = data["holder"]
    return Seen(
        referral_id=UUID(data["referral_id"]),
        at=datetime.fromisoformat(data["at"]),
        facts=_facts_of(data["facts"]),
        attempt=data["attempt"],
        hand=data["hand"],
        excluded=tuple(data["excluded"]),
        live=tuple(_hold_of(hold) for hold in data["live"]),
        holder=_holder_of(holder) if holder else None,
    )


def _facts_of(data: Mapping[str, Any]) -> Facts:
    words = {
        "sector": Sector(data["sector"]),
        "need": Need(data["need"]),
        "urgency": Urgency(data["urgency"]),
        "submitted_at": datetime.fromisoformat(data["submitted_at"]),
        "accommodations": tuple(map(Accommodation, data["accommodations"])),
        "preferred": tuple(data["preferred"]),
        "avoided": tuple(data["avoided"]),
        # Entries are older than the questions.
        "also_speaks": tuple(data.get("also_speaks", ())),
        "eligibility": tuple(map(EligibilityCode, data.get("eligibility", ()))),
    }
    return Facts(**{**data, **words})


def _hold_of(data: Mapping[str, Any]) -> Hold:
    # Entries are older than the word.
    beyond = data.get("over_capacity", False)
    return Hold(data["program_id"], data["attempt"], UUID(data["offer_id"]), beyond)


def _holder_of(data: Mapping[str, Any]) -> Holder:
    at = datetime.fromisoformat(data["accepted_at"])
    return Holder(data["program_id"], at, data.get("over_capacity", False))
