"""What is done to one referral at the same time: one wins, nobody waits for ever, nothing tears."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from services.chassis.actor import Actor
from services.referral_api.store import referrals
from tests.integration.referral_api.office import (
    COORDINATOR,
    FAR,
    NEAR,
    OFFICER,
    TRAINEE,
    Office,
    submission,
)
from tests.ports.at_once import at_once
from tests.ports.postgres_copies import POSTGRES

THREADS = 4
on_postgres = pytest.mark.parametrize("office", [POSTGRES], indirect=True)


def both(office: Office, *calls: tuple[Actor, str, dict[str, str]]) -> list[int]:
    """The statuses of two steps that are taken at once."""

    def take(turn: int) -> int:
        who, path, body = calls[turn]
        return int(office.call(who, "POST", path, body).status_code)

    return at_once(take, 1, len(calls))


def test_of_two_agencies_that_accept_at_once_one_has_the_referral(office: Office) -> None:
    for _ in range(3):
        referral, (near, far) = office.offered("near-beds", "far-beds")
        accepts: list[tuple[Actor, str, dict[str, str]]] = [
            (NEAR, f"/v1/offers/{near}/accept", {}),
            (FAR, f"/v1/offers/{far}/accept", {}),
        ]
        assert sorted(both(office, *accepts)) == [200, 409]
        states = Counter(offer["state"] for offer in office.seen(referral)["offers"])
        assert states == {"accepted": 1, "rescinded": 1}


def test_a_withdrawal_beside_an_acceptance_leaves_the_referral_of_one_mind(office: Office) -> None:
    for _ in range(3):
        referral, (offer,) = office.offered("near-beds")
        withdrawal = (OFFICER, f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
        withdrawn, _ = both(office, withdrawal, (NEAR, f"/v1/offers/{offer}/accept", {}))
        assert withdrawn == 200  # after an acceptance, too
        seen = office.seen(referral)
        assert (seen["state"], seen["offers"][0]["state"]) == ("withdrawn", "rescinded")


def test_an_audit_that_is_read_while_it_grows_is_whole(office: Office) -> None:
    referral = office.submit()
    path = f"/v1/referrals/{referral}"

    def work(turn: int) -> bool:
        if turn % THREADS == 0:
            office.ok(COORDINATOR, "GET", f"{path}/notes")
            return True
        return bool(office.ok(COORDINATOR, "GET", f"{path}/audit")["verified"])

    assert all(at_once(lambda n: work(n // 6), 6, THREADS))


def test_submissions_and_tallies_of_a_unit_go_on_side_by_side(office: Office) -> None:
    tally = {"need": "counselling", "entry_door": "community"}

    def work(turn: int) -> int:
        who = OFFICER if turn % 2 else TRAINEE
        path, body = ("/v1/tallies", tally) if turn % 3 else ("/v1/referrals", submission())
        return int(office.call(who, "POST", path, body, Idempotency_Key=f"k{turn}").status_code)

    assert set(at_once(work, 4, THREADS)) == {201}


@on_postgres
def test_a_timer_passes_by_a_referral_that_somebody_holds_and_comes_back(office: Office) -> None:
    busy, _ = office.offered("near-beds")
    free, _ = office.offered("near-beds")
    office.clock.advance(timedelta(hours=4))
    (lapses,) = [job for job in office.service.jobs if job.name == "lapses"]
    with ThreadPoolExecutor(1) as pool, office.transaction() as session:
        assert len(referrals.lock(session, [UUID(busy)])) == 1
        assert pool.submit(lapses.tick).result() == 1
    assert office.seen(free)["state"] == "routing"
    assert office.seen(busy)["state"] == "offered"
    assert office.service.due(lapses.name) == 1
    assert lapses.tick() == 1


@on_postgres
def test_the_words_that_no_column_can_hold_are_refused(office: Office) -> None:
    for path in (f"/v1/referrals/{'x' * 300}/withdraw", f"/v1/units/{'x' * 300}"):
        for method in ("POST", "PUT"):
            answer = office.call(COORDINATOR, method, path, {}, Idempotency_Key="one")
            assert 400 <= answer.status_code < 500, answer.text
