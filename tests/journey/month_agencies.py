"""Sixty agencies of a played month: what each is for, and of which habit."""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from services.chassis.actor import Actor
from tests.journey.directory import program
from tests.journey.town import partner

PLACES: Final = 9
# How many agencies serve each need, and of which habit they are: sixty of both.
NEEDS: Final = {
    "emergency_shelter": 18,
    "counselling": 14,
    "crisis_stabilisation": 8,
    "youth_mentoring": 7,
    "family_mediation": 1,
    "domestic_violence_shelter": 6,
    "substance_use_treatment": 6,
}
# Who serves this need never has a place.
FULL_UP: Final = "family_mediation"
NO_ROOM: Final = {"reason": "no_capacity", "side": "provider"}
HABITS: Final = {
    "prompt": 25,
    "slow": 10,
    "full": 7,
    "fickle": 6,
    "silent": 6,
    "closing": 3,
    "pausing": 2,
    "malicious": 1,
}


@dataclass(slots=True)
class Agency:
    """An agency with one program, and how it deals with what it is offered."""

    number: int
    need: str
    habit: str

    @property
    def name(self) -> str:
        """Its id."""
        return f"{self.habit}-{self.number}"

    @property
    def program(self) -> str:
        """Its program's id."""
        return f"{self.name}-desk"

    @property
    def desk(self) -> Actor:
        """Who works there."""
        return partner(self.name)

    @property
    def places(self) -> int:
        """The most that it ever has."""
        return 0 if self.need == FULL_UP else PLACES

    def visits(self, turn: int) -> bool:
        """Whether it looks at its offers now."""
        if self.habit == "silent":
            return False
        return self.habit != "slow" or turn % 3 == self.number % 3


def agencies() -> list[Agency]:
    """Sixty, every habit among every need."""
    habits = [habit for habit, count in HABITS.items() for _ in range(count)]
    needs = [need for need, count in NEEDS.items() for _ in range(count)]
    Random(60).shuffle(habits)  # noqa: S311 - a play, not a secret
    return [Agency(n, need, habit) for n, (need, habit) in enumerate(zip(needs, habits))]  # noqa: B905


def programs() -> list[dict[str, Any]]:
    """The directory of the month: a program for each agency, and one for exercises."""
    made = [
        program(f"{a.name}/desk", need=a.need, available=a.places, latitude=41.8 + a.number / 2000)
        for a in agencies()
    ]
    return [*made, program("school/desk", training=True, available=1000)]


def forbidden(offer: dict[str, Any]) -> list[tuple[str, str, object]]:
    """What no agency may ask about an offer of another: method, path and body."""
    one, referral = f"/v1/offers/{offer['offer_id']}", f"/v1/referrals/{offer['referral_id']}"
    return [
        ("GET", one, None),
        ("GET", f"{one}/person", None),
        ("POST", f"{one}/accept", {}),
        ("POST", f"{one}/decline", NO_ROOM),
        ("GET", referral, None),
        ("GET", f"{referral}/history", None),
        ("POST", f"{referral}/withdraw", {"reason": "declined"}),
        ("GET", f"/v1/programs/{offer['program_id']}/capacity", None),
        ("GET", "/v1/worklist", None),
        ("GET", "/v1/outcomes/summary", None),
        ("POST", f"/v1/directory/agencies/{offer['agency_id']}/pause", {"reason": "full"}),
    ]
