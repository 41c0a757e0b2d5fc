"""Programs, offers and referrals, as the model of the whole suite has them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

LIVE: Final = ("open", "acknowledged")
HELD: Final = ("accepted", "engaged")
SEEKING: Final = ("routing", "waitlisted", "unplaced")
ENDED: Final = ("closed", "withdrawn", "entered_in_error")
RANK: Final = {"crisis": 0, "urgent": 1, "routine": 2}
SECTOR_OF: Final = {
    "emergency_shelter": "housing",
    "domestic_violence_shelter": "housing",
    "counselling": "mental_health",
}
PROTECTED: Final = "domestic_violence_shelter"


@dataclass(slots=True)
class Program:
    """A program with its stated places."""

    id: str
    need: str
    available: int
    counts_from: datetime
    training: bool = False
    oldest: int | None = None
    version: int = 1

    @property
    def agency(self) -> str:
        """Its agency's id, which the ids of the model's programs begin with."""
        return self.id.partition("-")[0]


@dataclass(slots=True)
class Offer:
    """An offer, with what the figures ask of it."""

    id: str
    program: Program
    made_at: datetime
    deadline: datetime
    over: bool
    state: str = "open"
    answer: str | None = None
    answered_at: datetime | None = None
    reason: str | None = None
    side: str | None = None
    contacted_at: datetime | None = None
    engaged_at: datetime | None = None
    completed: bool = False
    returned: bool = False
    told_at: datetime | None = None
    due_at: datetime | None = None
    said_at: datetime | None = None

    @property
    def held_at(self) -> datetime | None:
        """When its agency took the person; None where it did not."""
        return self.answered_at if self.answer == "accepted" else None

    def __str__(self) -> str:
        return f"the {self.state} offer to {self.program.id} until {self.deadline:%d %H:%M}"


@dataclass(slots=True)
class Referral:
    """A referral as everybody together must see it."""

    id: str
    need: str
    urgency: str
    submitted_at: datetime
    door: str
    training: bool
    avoided: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    consent: str = "given"
    ends_at: datetime | None = None
    state: str = "routing"
    hand: str | None = None
    insisted: bool = False
    waited: bool = False
    version: int = 1
    outcome: str | None = None
    closed_at: datetime | None = None
    erased: bool = False
    revoked_at: datetime | None = None
    reads: int = 0
    age: int | None = None
    # Its age before the holder of a protected need asked, once it has: a correction goes back.
    before: list[int | None] = field(default_factory=list)
    handoff: dict[str, Any] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)

    @property
    def unended(self) -> Offer | None:
        """The one offer that is live or held."""
        return next((o for o in self.offers if o.state in (*LIVE, *HELD)), None)

    @property
    def order(self) -> tuple[int, datetime, str]:
        """The fair order: the more urgent first, then whoever was submitted first."""
        return RANK[self.urgency], self.submitted_at, self.id

    def __str__(self) -> str:
        number = f"{self.submitted_at:%H:%M:%S}"
        return f"the {self.state} {self.urgency} {self.need} of {number} (by hand: {self.hand})"

    def standing(self, now: datetime) -> str:
        """Where the consent stands, noticed or not."""
        over = self.consent == "given" and self.ends_at is not None and self.ends_at <= now
        return "expired" if over else self.consent

    def end(self, state: str, now: datetime, outcome: str | None = None) -> None:
        """Nothing goes on after this; a live offer is taken back."""
        self.rescind()
        self.state, self.outcome = state, outcome or self.outcome
        self.closed_at = now if state == "closed" else self.closed_at

    def seek(self, hand: str | None = None) -> None:
        """Ask the matcher anew."""
        self.rescind()
        self.state, self.hand = "routing", hand
        self.insisted = self.waited = False

    def rescind(self) -> None:
        """Take back the offer that has not ended."""
        if offer := self.unended:
            offer.state = "rescinded"
            offer.answer = offer.answer or "rescinded"
