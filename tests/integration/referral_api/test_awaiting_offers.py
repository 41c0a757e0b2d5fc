"""Awaiting an offer over HTTP: answered the moment it is made, by half of the threads at most."""

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import count
from typing import Any

import pytest

from contracts.events.routing import Unplaced, Waitlisted
from services.chassis import waiters
from tests.integration.referral_api.office import COLLEAGUE, COORDINATOR, NEAR, OFFICER, Office

SOON_S = 20.0
# Of the sixteen that the office has.
HALF = 8


@pytest.fixture(autouse=True)
def _only_when_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by himself."""
    monkeypatch.setattr(waiters, "LOOK_S", 60.0)


@pytest.fixture
def pool(office: Office) -> Iterator[ThreadPoolExecutor]:
    """Threads that send requests; the process listens no more when it is left."""
    with ThreadPoolExecutor(HALF + 1) as made:
        yield made
    assert office.service.waiters is not None
    office.service.waiters.stop()


def test_half_of_the_threads_wait_until_the_offer_is_made_and_no_more(
    office: Office, pool: ThreadPoolExecutor
) -> None:
    referral = office.submit(urgency="crisis")
    path = f"/v1/referrals/{referral}?wait=30"

    def read() -> Any:
        return office.ok(OFFICER, "GET", path)

    asked = {pool.submit(read) for _ in range(HALF + 1)}
    done, waiting = wait(asked, SOON_S, FIRST_COMPLETED)
    assert [future.result()["receiver"] for future in done] == [None]
    assert len(waiting) == HALF
    office.route(referral, "near-beds")
    told = [future.result(SOON_S)["receiver"]["program_id"] for future in waiting]
    assert told == ["near-beds"] * HALF


def test_who_waits_does_not_learn_that_no_program_was_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes when the time is over, whatever the matcher has said."""
    waits: list[float] = []
    assert office.service.waiters is not None

    def wait_out(_: object, found: Any, seconds: float) -> None:
        assert found() is False
        waits.append(seconds)

    referral = office.submit(urgency="crisis")
    office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}")
    monkeypatch.setattr(waiters.Waiters, "wait", wait_out)
    plain = office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")
    assert waits == []
    for said in (Waitlisted, Unplaced):
        office.propose(said, referral)
        assert office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=10") == plain
    assert waits == [10, 10]


def test_what_needs_no_waiting_is_answered_at_once(office: Office) -> None:
    referral, _ = office.offered("near-beds", urgency="crisis")
    assert office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=30")["receiver"]
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    over = office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=30")
    assert (over["status"], over["receiver"]) == ("closed", None)


def test_the_time_of_a_wait_is_not_counted_as_the_servers(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count()
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(waiters.Waiters, "wait", lambda *_: [next(clock) for _ in range(100)])
    referral = office.submit(urgency="crisis")
    office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=30")
    counted = office.service.app.config["HANDOFF_REQUESTS"].families()
    (seconds,) = [
        sample.value
        for family in counted
        for sample in family.samples
        if sample.name == "handoff_http_seconds_sum"
        and sample.labels["route"] == "GET /v1/referrals/<uuid:referral_id>"
    ]
    assert seconds < 100


def test_for_somebody_elses_referral_nobody_waits(office: Office) -> None:
    referral = office.submit(urgency="crisis")
    assert office.refused(COLLEAGUE, "GET", f"/v1/referrals/{referral}?wait=30") == 404


@pytest.mark.parametrize("wait_s", ["0", "31", "-1", "1.5", "soon", "", "\uff11"])
def test_a_wait_out_of_bounds_is_refused_and_named(front_door: Office, wait_s: str) -> None:
    referral = front_door.submit()
    answer = front_door.call(OFFICER, "GET", f"/v1/referrals/{referral}?wait={wait_s}")
    assert answer.content_type == "application/problem+json"
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["wait"])
    assert front_door.rows("SELECT count(*) FROM refused_attempts") == [(0,)]


def test_an_officer_whose_person_is_in_no_crisis_learns_nothing_by_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait that came back, after one that had ended at once, would tell of somebody's no."""
    told: list[bool] = []
    assert office.service.waiters is not None
    monkeypatch.setattr(
        type(office.service.waiters), "wait", lambda _, found, __: told.append(found())
    )
    referral, offers = office.offered("near-beds", urgency="routine")
    office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=1")
    office.step(NEAR, offers[0], "decline", {"reason": "no_capacity", "side": "provider"})
    office.ok(OFFICER, "GET", f"/v1/referrals/{referral}?wait=1")
    assert office.seen(referral)["state"] == "routing"
    assert told == [True, True]
