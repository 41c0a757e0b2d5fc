"""Random lives of referrals: whatever is done in whatever order, the promises hold."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from contracts.events.routing import Deferred, Routed, Unplaced, Waitlisted
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.referral_api.office import (
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
)

WIDE: Final = Actor(subject="desk@wide", role=Role.PARTNER, agency_id="wide")
DESKS: Final = {"near": NEAR, "far": FAR, "wide": WIDE}
PROGRAMS: Final = ("near-beds", "far-beds", "wide-beds")
PROVIDER: Final = {"reason": "no_capacity", "side": "provider"}
PERSON: Final = {"reason": "disengaged", "side": "person"}
ANSWERS: Final = (Routed, Routed, Routed, Routed, Waitlisted, Unplaced, Deferred)
STEPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("acknowledge", {}),
    ("accept", {}),
    ("decline", PROVIDER),
    ("decline", PROVIDER),
    ("engage", {}),
    ("not-served", PROVIDER),
)
LAST_STEPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("decline", PERSON),
    ("not-served", PERSON),
    ("complete", {"outcome": "housed"}),
)
COMMANDS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("reroute", {}),
    ("place", {"program_id": "near-beds", "note": "agreed"}),
)
ENDINGS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("withdraw", {"reason": "declined"}),
    ("close", {"outcome": "not_served", **PROVIDER}),
    ("close", {"outcome": "not_served", **PERSON}),
    ("close", {"outcome": "housed"}),
    ("enter-in-error", {"note": "twice"}),
)
ENDED: Final = {"closed", "withdrawn", "entered_in_error"}
LIVES, STEPS_A_LIFE = 15, 30
EVERYTHING: Final = {
    "attempt.opened",
    "choice.refused",
    "offer.accepted",
    "offer.acknowledged",
    "offer.completed",
    "offer.declined",
    "offer.engaged",
    "offer.lapsed",
    "offer.made",
    "offer.not_served",
    "offer.rescinded",
    "referral.closed",
    "referral.corrected",
    "referral.deferred",
    "referral.entered_in_error",
    "referral.submitted",
    "referral.unplaced",
    "referral.waitlisted",
    "referral.withdrawn",
    "review.due",
}


class Life:
    """One referral, a matcher that may answer late, agencies, a coordinator, and time."""

    def __init__(self, office: Office, seed: int) -> None:
        self.office = office
        self.referral = office.submit()
        self.chance = random.Random(seed)  # noqa: S311 - a life to repeat, not a secret
        self.attempts = 1
        ((self.newest,),) = office.rows("SELECT max(version) FROM programs")
        ((paused,),) = office.rows("SELECT paused FROM programs WHERE id = 'near-beds'")
        self.paused = bool(paused)

    @property
    def seen(self) -> Any:
        """The referral as it stands."""
        return self.office.seen(self.referral)

    def live_on(self, *, ending: bool) -> None:
        """Do something that may or may not be allowed now; an end only where one is due."""
        happenings: dict[Callable[[], None], int] = {
            self.matcher_answers: 8,
            self.agency_steps: 10,
            self.time_passes: 3,
            self.coordinator_commands: 2,
            self.officer_corrects: 1,
            self.near_pauses_or_goes_on: 1,
        }
        if ending:
            happenings |= {self.somebody_ends_it: 4, self.agency_ends_it: 4}
        (happens,) = self.chance.choices([*happenings], [*happenings.values()])
        happens()

    def matcher_answers(self) -> None:
        """An answer; one to an attempt that is over changes nothing."""
        before = self.office.stream(self.referral)
        opened = before[-1][1]["snapshot"]["open_attempt"]
        attempt = self.matcher_says()
        if opened is None or opened["number"] != attempt:
            assert self.office.stream(self.referral) == before, "a late answer is ignored"

    def matcher_says(self) -> int:
        """Never an excluded program; sometimes for an attempt that is over, which is returned."""
        seen, answer = self.seen, self.chance.choice(ANSWERS)
        attempt = max(1, seen["attempt"] - self.chance.choice((0, 0, 0, 1)))
        programs = [program for program in PROGRAMS if program not in seen["excluded"]]
        some = self.chance.sample(
            programs, self.chance.randint(min(1, len(programs)), len(programs))
        )
        if answer is Routed and some:
            version = self.newest if self.chance.random() < 0.7 else 1
            self.office.route(self.referral, *some, attempt=attempt, version=version)
        elif answer is Deferred:
            until = self.office.clock.now() + timedelta(hours=1)
            self.office.propose(Deferred, self.referral, attempt, until=until)
        elif answer is not Routed:
            self.office.propose(answer, self.referral, attempt)
        return int(attempt)

    def agency_steps(self) -> None:
        """A step on any of the offers."""
        offers = self.seen["offers"]
        if offers:
            self.step(self.chance.choice(offers[-3:]), self.chance.choice(STEPS))

    def agency_ends_it(self) -> None:
        """A step on any of the offers that ends the referral, where it is allowed."""
        offers = self.seen["offers"]
        if offers:
            self.step(self.chance.choice(offers[-3:]), self.chance.choice(LAST_STEPS))

    def step(self, offer: Any, step: tuple[str, Any]) -> None:
        """Take a step; what the state does not allow is a conflict."""
        name, body = step
        path = f"/v1/offers/{offer['offer_id']}/{name}"
        answer = self.office.call(DESKS[offer["agency_id"]], "POST", path, body)
        assert answer.status_code in {200, 409}

    def coordinator_commands(self) -> None:
        """A command that goes on."""
        self.command(self.chance.choice(COMMANDS))

    def somebody_ends_it(self) -> None:
        """A command that ends it."""
        self.command(self.chance.choice(ENDINGS))

    def command(self, command: tuple[str, Any]) -> None:
        """Send a command; what the state does not allow is refused."""
        name, body = command
        path = f"/v1/referrals/{self.referral}/{name}"
        answer = self.office.call(COORDINATOR, "POST", path, body)
        assert answer.status_code in {200, 409, 422}

    def officer_corrects(self) -> None:
        """A correction with the tag of the last read."""
        path = f"/v1/referrals/{self.referral}"
        tag = self.office.call(OFFICER, "GET", path).headers["ETag"]
        body = {"urgency": self.chance.choice(["crisis", "urgent", "routine"])}
        answer = self.office.call(OFFICER, "PATCH", path, body, If_Match=tag)
        assert answer.status_code in {200, 409}

    def near_pauses_or_goes_on(self) -> None:
        """A newer entry of one program."""
        self.newest += 1
        self.paused = self.chance.random() < 0.5
        self.office.publish_program("near-beds", version=self.newest, paused=self.paused)

    def time_passes(self) -> None:
        """Timers run out."""
        before = {
            offer["program_id"] for offer in self.office.snapshot(self.referral)["live_offers"]
        }
        self.office.pass_time(hours=self.chance.choice([0.5, 3, 60]))
        now = self.office.snapshot(self.referral)
        live = {offer["program_id"] for offer in now["live_offers"]}
        left = {"near-beds"} if self.paused else set()
        assert before - live <= set(now["excluded"]) | left, "whoever lapses counts as a no"

    def check(self) -> None:
        """Every promise, after every happening."""
        now, seen = self.office.snapshot(self.referral), self.seen
        check_one_thing_moves_it(now, seen)
        check_the_last_event(now, seen)
        asked = [(offer["attempt"], offer["program_id"]) for offer in seen["offers"]]
        assert len(asked) == len(set(asked)), "asked twice in one attempt"
        assert seen["attempt"] >= self.attempts, "attempts only count up"
        self.attempts = seen["attempt"]


def check_one_thing_moves_it(now: Any, seen: Any) -> None:
    """An open attempt, live offers or a holder: one of them, and a timer with it."""
    movers = [bool(now["open_attempt"]), bool(now["live_offers"]), bool(now["holder"])]
    ended = now["state"] in ENDED
    assert sum(movers) == (0 if ended else 1)
    assert (seen["owner"] is None) == ended
    timed = bool(now["live_offers"]) or seen["review_at"] is not None
    assert timed == (not ended)


def check_the_last_event(now: Any, seen: Any) -> None:
    """The snapshot is the state as of commit; a program says no before it is excluded."""
    assert now["state"] == seen["state"]
    assert now["excluded"] == sorted(seen["excluded"])
    live = {o["offer_id"] for o in seen["offers"] if o["state"] in {"open", "acknowledged"}}
    assert {offer["offer_id"] for offer in now["live_offers"]} == live
    said_no = {o["program_id"] for o in seen["offers"] if o["side"] == "provider"}
    assert said_no <= set(seen["excluded"])
    lapsed = {o["program_id"] for o in seen["offers"] if o["state"] == "lapsed"}
    assert set(seen["excluded"]) <= said_no | lapsed


@pytest.fixture
def told(office: Office) -> Counter[str]:
    """What was published in many random lives, each held to the promises all along."""
    counted: Counter[str] = Counter()
    for seed in range(LIVES):
        life = Life(office, seed)
        for lived in range(STEPS_A_LIFE):
            life.live_on(ending=lived > STEPS_A_LIFE // 2)
            life.check()
        counted.update(office.events(life.referral))
    return counted


def test_whatever_is_done_in_whatever_order_the_promises_hold(told: Counter[str]) -> None:
    assert EVERYTHING - set(told) == set(), "the lives are too short to prove anything"
