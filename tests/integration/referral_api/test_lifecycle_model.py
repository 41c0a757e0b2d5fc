"""Random lives of referrals: whatever is done in whatever order, the promises hold."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.events.routing import Deferred, Routed, Unplaced, Waitlisted
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.integration.referral_api.office import (
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    Office,
    open_office,
)

WIDE: Final = Actor(subject="desk@wide", role=Role.PARTNER, agency_id="wide")
DESKS: Final = {"near": NEAR, "far": FAR, "wide": WIDE}
PROGRAMS: Final = ("near-beds", "far-beds", "wide-beds")
ANSWERS: Final = (Routed, Routed, Routed, Waitlisted, Unplaced, Deferred)
PROVIDER: Final = {"reason": "no_capacity", "side": "provider"}
PERSON: Final = {"reason": "disengaged", "side": "person"}
STEPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("acknowledge", {}),
    ("accept", {}),
    ("decline", PROVIDER),
    ("engage", {}),
    ("not-served", PROVIDER),
)
LAST_STEPS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("decline", PERSON),
    ("not-served", PERSON),
    ("complete", {"outcome": "housed"}),
)
COMMANDS: Final[dict[str, dict[str, str]]] = {
    "reroute": {},
    "place": {"program_id": "near-beds", "note": "agreed"},
}
CHANGES: Final = (*COMMANDS, "correct", "pause", "resume")
ENDINGS: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("withdraw", {"reason": "declined"}),
    ("close", {"outcome": "not_served", **PROVIDER}),
    ("close", {"outcome": "not_served", **PERSON}),
    ("close", {"outcome": "housed"}),
    ("enter-in-error", {"note": "twice"}),
)
# An end that comes early hides everything that could have come after it.
LONG_ENOUGH: Final = 14
ENDED: Final = {"closed", "withdrawn", "entered_in_error"}


class Lives(RuleBasedStateMachine):
    """One referral, a matcher that may answer late, agencies, a coordinator, and time."""

    furnished: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        home = Path(self._folder.name) / "home"
        shutil.copytree(self.furnished, home)
        self.office: Office = open_office(home)
        self.referral = self.office.submit()
        self.attempts = 1
        self.lived = 0

    def teardown(self) -> None:
        """Close the office."""
        self.office.service.close()
        self._folder.cleanup()

    @property
    def seen(self) -> Any:
        """The referral as it stands."""
        return self.office.seen(self.referral)

    @rule(
        answer=st.sampled_from(ANSWERS),
        late=st.sampled_from([False, False, False, True]),
        wanted=st.permutations(PROGRAMS),
        most=st.integers(1, 3),
    )
    def matcher_answers(self, *, answer: Any, late: bool, wanted: list[str], most: int) -> None:
        """Offers mostly; never to an excluded program, sometimes for an attempt that is over."""
        seen = self.seen
        attempt = max(1, seen["attempt"] - late)
        programs = [program for program in wanted if program not in seen["excluded"]][:most]
        if answer is Routed and programs:
            self.office.route(self.referral, *programs, attempt=attempt)
        elif answer is Deferred:
            until = self.office.clock.now() + timedelta(hours=1)
            self.office.propose(Deferred, self.referral, attempt, until=until)
        elif answer is not Routed:
            self.office.propose(answer, self.referral, attempt)

    @precondition(lambda self: self.seen["offers"])
    @rule(data=st.data(), step=st.sampled_from(STEPS))
    def agency_steps(self, data: st.DataObject, step: tuple[str, Any]) -> None:
        """Any step on any offer, allowed or not."""
        self.step(data.draw(st.sampled_from(self.seen["offers"])), step)

    @precondition(lambda self: self.lived > LONG_ENOUGH and self.seen["offers"])
    @rule(step=st.sampled_from(LAST_STEPS))
    def agency_ends_it(self, step: tuple[str, Any]) -> None:
        """A step of the last offer that ends the referral, where it is allowed."""
        self.step(self.seen["offers"][-1], step)

    def step(self, offer: Any, step: tuple[str, Any]) -> None:
        """Take a step; what the state does not allow is a conflict."""
        name, body = step
        path = f"/v1/offers/{offer['offer_id']}/{name}"
        answer = self.office.call(DESKS[offer["agency_id"]], "POST", path, body)
        assert answer.status_code in {200, 409}

    @precondition(lambda self: self.lived > LONG_ENOUGH)
    @rule(command=st.sampled_from(ENDINGS))
    def somebody_ends_it(self, command: tuple[str, Any]) -> None:
        """Any end, allowed or not."""
        self.coordinator_commands(command)

    @rule(change=st.sampled_from(CHANGES))
    def somebody_interferes(self, change: str) -> None:
        """A coordinator's command, a correction, an agency that pauses: allowed or not."""
        if change in COMMANDS:
            self.coordinator_commands((change, COMMANDS[change]))
        elif change == "correct":
            self.officer_corrects()
        else:
            self.near_says(paused=change == "pause")

    def coordinator_commands(self, command: tuple[str, Any]) -> None:
        """Send a command; what the state does not allow is a conflict."""
        name, body = command
        path = f"/v1/referrals/{self.referral}/{name}"
        answer = self.office.call(COORDINATOR, "POST", path, body)
        assert answer.status_code in {200, 409, 422}

    def officer_corrects(self) -> None:
        """Send a correction with the tag of the last read."""
        path = f"/v1/referrals/{self.referral}"
        tag = self.office.call(OFFICER, "GET", path).headers["ETag"]
        answer = self.office.call(OFFICER, "PATCH", path, {"urgency": "crisis"}, If_Match=tag)
        assert answer.status_code in {200, 409}

    def near_says(self, *, paused: bool) -> None:
        """Publish a newer entry of one program."""
        version = self.office.rows("SELECT max(version) FROM programs")[0][0] + 1
        self.office.publish_program("near-beds", version=version, paused=paused)

    @rule(hours=st.sampled_from([0.5, 3, 60]))
    def time_passes(self, hours: float) -> None:
        """Timers run out."""
        self.office.pass_time(hours=hours)

    @invariant()
    def the_promises_hold(self) -> None:
        """Every promise, after every rule."""
        now, seen = self.office.snapshot(self.referral), self.seen
        check_one_thing_moves_it(now, seen)
        check_the_last_event(now, seen)
        asked = [(offer["attempt"], offer["program_id"]) for offer in seen["offers"]]
        assert len(asked) == len(set(asked)), "asked twice in one attempt"
        self.lived += 1
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


def test_whatever_is_done_in_whatever_order_the_promises_hold(furnished: Path) -> None:
    class FurnishedLives(Lives):
        pass

    FurnishedLives.furnished = furnished
    run_state_machine_as_test(
        FurnishedLives, settings=settings(max_examples=25, stateful_step_count=24)
    )
