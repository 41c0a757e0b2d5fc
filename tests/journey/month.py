"""A month in a city: officers, sixty agencies of different habits, a coordinator, and time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from string import ascii_lowercase
from typing import Any, Final
from uuid import UUID

from services.chassis.actor import Actor
from tests.journey.directory import CENTRE
from tests.journey.month_agencies import FULL_UP, NEEDS, NO_ROOM, Agency, agencies, forbidden
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, TRAINEE, Town, submission

DAYS: Final = 30
ROUNDS_A_DAY: Final = 1
ROUNDS: Final = DAYS * ROUNDS_A_DAY
INTRUDES_EVERY: Final = 10
# Nobody in the city serves the first of these needs, and who serves the other is always full.
DRAWN: Final = NEEDS | {"psychiatric_care": 4, FULL_UP: 4}
URGENCIES: Final = {"routine": 5, "urgent": 4, "crisis": 1}
LANGUAGES: Final = {"en": 8, "es": 3, None: 1}
GUARDED: Final = {
    "scope": "all_stated",
    "given_by": "guardian",
    "method": "spoken",
    "representative_name": "a parent",
}
OUTCOME_OF: Final = {
    "emergency_shelter": "sheltered",
    "counselling": "service_completed",
    "crisis_stabilisation": "stabilised",
    "youth_mentoring": "service_completed",
    "domestic_violence_shelter": "sheltered",
    "substance_use_treatment": "in_treatment",
}
PERSONS_NO: Final = {"reason": "declined", "side": "person"}


@dataclass(slots=True)
class Month:
    """Plays so many referrals through a town."""

    town: Town
    referrals: int
    agencies: Sequence[Agency] = field(default_factory=agencies)
    submitted: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    intrusions: list[str] = field(default_factory=list)
    rng: Random = field(default_factory=lambda: Random(30))  # noqa: S311 - a play, not a secret
    _plans: dict[int, list[Callable[[], object]]] = field(default_factory=dict)
    _turn: int = 0

    def play(self) -> None:
        """Every round of the month, and a week in which nobody new is met."""
        for self._turn in range(ROUNDS + 7 * ROUNDS_A_DAY):
            self._begin()
            if self._turn < ROUNDS:
                self._meet()
            for act in self._plans.pop(self._turn, []):
                act()
            self._answer()
            if self._turn % ROUNDS_A_DAY == 0:
                self._tidy()
            self.town.settle()

    def _begin(self) -> None:
        """The clock moves on; agencies open, close and rest."""
        self.town.pass_time(hours=24 / ROUNDS_A_DAY)
        for agency in self.agencies:
            self._live(agency)

    def _live(self, agency: Agency) -> None:
        path = f"/v1/directory/agencies/{agency.name}"
        day, first = divmod(self._turn, ROUNDS_A_DAY)
        if first != agency.number % ROUNDS_A_DAY:
            return
        if agency.habit == "closing" and day == 8 + agency.number % 12:
            self.town.post(ADMIN, f"{path}/close", {})
        if agency.habit == "pausing" and day % 7 in {0, 2}:
            step = "pause" if day % 7 == 0 else "resume"
            body = {"reason": "short_of_staff"} if step == "pause" else {}
            self._try(f"{step}d", agency.desk, f"{path}/{step}", body)
        if agency.habit != "silent" and day % 7 == 3:
            places = self.rng.randint(0, agency.places)
            self.town.state_places(agency.desk, agency.program, places)

    def _meet(self) -> None:
        """The officers' share of this round."""
        upto = self.referrals * (self._turn + 1) // ROUNDS
        for number in range(self.referrals * self._turn // ROUNDS, upto):
            who = TRAINEE if number % 50 == 49 else OFFICER
            if number % 20 == 19:
                self._tally(who)
            receipt = self.town.post(who, "/v1/referrals", self._body(), **self._key())
            self.submitted.add(receipt["referral_id"])
            if self.rng.random() < 0.04:
                self._later(1, self._taken_back(who, receipt["referral_id"]))
        self.town.settle()

    def _tally(self, who: Actor) -> None:
        body = {"need": "counselling", "entry_door": "community"}
        self.town.post(who, "/v1/tallies", body, **self._key())
        self.done["said no"] += who is OFFICER

    def _key(self) -> dict[str, str]:
        return {"Idempotency_Key": str(UUID(int=self.rng.getrandbits(128), version=4))}

    def _body(self) -> dict[str, Any]:
        need = self._drawn(DRAWN)
        young = need == "youth_mentoring"
        person = {
            "language": self._drawn(LANGUAGES),
            "age": self.rng.randint(13, 17) if young else self.rng.choice([None, 19, 33, 58, 71]),
        }
        known = {name: value for name, value in person.items() if value is not None}
        place = {
            "latitude": CENTRE["latitude"] + self.rng.uniform(-0.05, 0.05),
            "longitude": CENTRE["longitude"] + self.rng.uniform(-0.05, 0.05),
        }
        body = submission(need=need, urgency=self._drawn(URGENCIES), place=place)
        # Whatever a submission says of itself of age and language goes: some are not known.
        kept = {n: v for n, v in body["person"].items() if n not in {"language", "age"}}
        body["person"] = kept | known | {"name": self._name(), "where_to_find": self._name()}
        return body | ({"consent": GUARDED} if young else {})

    def _name(self) -> str:
        """One that nobody else has: alike persons of one town would be taken for one."""
        return "".join(self.rng.choices(ascii_lowercase, k=12)).title()

    def _taken_back(self, who: Actor, referral: str) -> Callable[[], object]:
        path = f"/v1/referrals/{referral}/withdraw"
        return lambda: self._try("withdrawn", who, path, {"reason": "self_resolved"})

    def _answer(self) -> None:
        """Each agency that visits deals with what is open; all learn of it from one look."""
        by_name = {agency.name: agency for agency in self.agencies}
        for offer in list(self.town.items(COORDINATOR, "/v1/offers?state=open")):
            agency = by_name.get(offer["agency_id"])
            if agency is not None and agency.visits(self._turn):
                self._deal(agency, offer)
        for agency in self.agencies:
            if agency.habit == "malicious" and self._turn % INTRUDES_EVERY == 1:
                self._intrude(agency)

    def _deal(self, agency: Agency, offer: dict[str, Any]) -> None:
        path, draw = f"/v1/offers/{offer['offer_id']}", self.rng.random()
        if agency.habit == "full" and draw < 0.6:
            self._try("declined", agency.desk, f"{path}/decline", NO_ROOM)
        elif draw > 0.96:
            self._try("declined", agency.desk, f"{path}/decline", PERSONS_NO)
        elif self._try("accepted", agency.desk, f"{path}/accept", {}):
            self._take_in(agency, path, offer["need"], offer["referral_id"])

    def _take_in(self, agency: Agency, path: str, need: str, referral: str) -> None:
        """What follows an acceptance, in the rounds to come; some are forgotten for good."""
        desk, draw = agency.desk, self.rng.random()
        if draw < 0.05:
            return
        contact = {"mode": "visit", "reached": draw < 0.8}
        self._later(1, lambda: self._try("contacted", desk, f"{path}/contacts", contact))
        if agency.habit == "fickle" and draw < 0.5:
            self._later(2, lambda: self._try("given back", desk, f"{path}/decline", NO_ROOM))
            return
        if 0.05 <= draw < 0.09:
            self._revoke_later(agency, path, referral)
            return
        if draw < 0.12:
            body = {"reason": "disengaged", "side": "person"}
            self._later(3, lambda: self._try("not served", desk, f"{path}/not-served", body))
            return
        self._later(2, lambda: self._try("engaged", desk, f"{path}/engage", {}))
        ended = {"outcome": OUTCOME_OF[need] if draw < 0.9 else "information_given"}
        stay = self.rng.randint(3, 20)
        self._later(stay, lambda: self._try("completed", desk, f"{path}/complete", ended))

    def _revoke_later(self, agency: Agency, path: str, referral: str) -> None:
        """The person takes the consent back; not every agency says that it has heard."""
        revoke, note = f"/v1/referrals/{referral}/revoke-consent", {"note": "said so"}
        self._later(2, lambda: self._try("revoked", COORDINATOR, revoke, note))
        self.done["to be revoked"] += 1
        if self.done["to be revoked"] % 4 != 1:  # a quarter is not, in the shortest month too
            said = f"{path}/acknowledge-revocation"
            self._later(4, lambda: self._try("honoured", agency.desk, said, {}))

    def _tidy(self) -> None:
        """The coordinator's day: what nobody can take is tried once more, and at last closed."""
        for item in list(self.town.items(COORDINATOR, "/v1/worklist")):
            path = f"/v1/referrals/{item['referral']['referral_id']}"
            if "reroute" in item["can"] and self.rng.random() < 0.3:
                self._try("rerouted", COORDINATOR, f"{path}/reroute", {})
            elif "close" in item["can"] and self.rng.random() < 0.2:
                body = {"outcome": "not_served"} | NO_ROOM
                self._try("closed by hand", COORDINATOR, f"{path}/close", body)

    def _intrude(self, agency: Agency) -> None:
        """All that an agency may not do to the others; what succeeds is remembered."""
        board = list(self.town.items(COORDINATOR, "/v1/offers"))[-5:]
        for offer in board:
            if offer["agency_id"] == agency.name:
                continue
            for method, path, body in forbidden(offer):
                answer = self.town.call(agency.desk, method, path, body)
                self.done["intrusions"] += 1
                if answer.status_code not in {403, 404}:
                    self.intrusions.append(f"{method} {path}: {answer.status_code}")

    def _later(self, rounds: int, act: Callable[[], object]) -> None:
        self._plans.setdefault(self._turn + rounds, []).append(act)

    def _try(self, what: str, who: Actor, path: str, body: object) -> bool:
        """Whether a step was still to be taken; what something else overtook answers 404 or 409."""
        answer = self.town.call(who, "POST", path, body)
        assert answer.status_code in {200, 201, 404, 409}, f"{path}: {answer.text}"
        self.done[what if answer.is_success else f"{what}: overtaken"] += 1
        return answer.is_success

    def _drawn(self, weights: dict[Any, int]) -> Any:
        return self.rng.choices(list(weights), list(weights.values()))[0]
