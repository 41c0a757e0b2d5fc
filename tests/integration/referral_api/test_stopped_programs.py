"""A program that pauses or closes: its open offers go elsewhere in bulk, its people to a human."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from sqlalchemy import event

from contracts.vocabulary import Attention
from services.referral_api import jobs
from tests.integration.referral_api.many import multiply
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, Office

OPEN_OFFERS: Final = "SELECT count(*) FROM offers WHERE state IN ('open', 'acknowledged')"
TAKEN_BACK: Final = "SELECT count(*) FROM history WHERE type = 'handoff.offer.rescinded.v1'"
MOST_EACH: Final = 14
ATTENTIONS: Final = "SELECT why FROM attentions ORDER BY why"


def job(office: Office, name: str) -> Any:
    return next(job for job in office.service.jobs if job.name == name)


@contextmanager
def counted(office: Office) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    made: list[str] = []

    def note(*args: Any) -> None:
        made.append(args[2])

    engine = office.service.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield made
    event.remove(engine, "before_cursor_execute", note)


def test_a_paused_program_loses_its_offers_and_is_not_counted_as_saying_no(office: Office) -> None:
    opened, (first,) = office.offered("near-beds")
    seen, (second,) = office.offered("near-beds")
    office.step(NEAR, second, "acknowledge")
    office.publish_program("near-beds", version=2, paused=True)
    assert office.service.due("stranded") == 2
    office.run_jobs()
    for referral, offer in ((opened, first), (seen, second)):
        told = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
        assert (told["state"], told["rescinded_for"]) == ("rescinded", "program_paused")
        assert office.events(referral)[-2:] == ["offer.rescinded", "attempt.opened"]
        assert office.snapshot(referral)["excluded"] == []
        assert office.snapshot(referral)["open_attempt"]["number"] == 2
    assert office.service.due("stranded") == 0


def test_after_it_resumed_the_program_may_be_asked_again(office: Office) -> None:
    referral, _ = office.offered("near-beds")
    office.publish_program("near-beds", version=2, paused=True)
    office.run_jobs()
    office.publish_program("near-beds", version=3)
    office.route(referral, "near-beds", version=3)
    office.run_jobs()
    (live,) = office.snapshot(referral)["live_offers"]
    assert (live["program_id"], live["attempt"]) == ("near-beds", 2)


def test_an_offer_made_by_a_newer_entry_than_the_copy_stays(office: Office) -> None:
    """The matcher saw that the program is back; this service's copy is only late."""
    office.publish_program("near-beds", version=2, paused=True)
    referral = office.submit()
    office.route(referral, "near-beds", version=3)
    office.run_jobs()
    assert office.seen(referral)["state"] == "offered"
    office.publish_program("near-beds", version=4, paused=True)
    office.run_jobs()
    assert office.seen(referral)["state"] == "routing"


def test_the_other_live_offer_stays_and_no_attempt_opens(office: Office) -> None:
    referral, (_, far) = office.offered("near-beds", "far-beds")
    office.publish_program("near-beds", version=2, paused=True)
    office.run_jobs()
    assert office.events(referral)[-1] == "offer.rescinded"
    assert [o["offer_id"] for o in office.snapshot(referral)["live_offers"]] == [far]
    office.step(FAR, far, "accept")
    assert office.seen(referral)["state"] == "accepted"


def test_a_pause_leaves_accepted_people_where_they_are(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    before = office.stream(referral)
    office.publish_program("near-beds", version=2, paused=True)
    office.run_jobs()
    assert office.stream(referral) == before
    assert office.rows(ATTENTIONS) == []


def test_a_closed_program_gives_its_people_to_the_coordinator_once(office: Office) -> None:
    held, (offer,) = office.offered("near-beds")
    office.step(NEAR, offer, "accept")
    _, (asked,) = office.offered("near-beds", person={"name": "Ada Byrne"})
    office.publish_program("near-beds", version=2, active=False)
    assert office.service.due("left") == 1
    office.run_jobs()
    office.run_jobs()
    assert office.rows(ATTENTIONS) == [(Attention.AGENCY_CLOSED.value,)]
    assert office.seen(held)["state"] == "accepted"
    assert office.ok(NEAR, "GET", f"/v1/offers/{asked}")["rescinded_for"] == "program_closed"
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{held}/audit")["items"]
    assert [entry["action"] for entry in audit].count("referral.holder_closed") == 1


def test_an_offer_that_was_accepted_in_time_is_not_taken_back(office: Office) -> None:
    referral, (offer,) = office.offered("near-beds")
    office.publish_program("near-beds", version=2, paused=True)
    office.step(NEAR, offer, "accept")
    office.run_jobs()
    assert office.seen(referral)["state"] == "accepted"


def test_five_hundred_offers_move_in_batches_and_one_that_dies_takes_none_with_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine, each batch is whole here.
    monkeypatch.setattr(jobs, "LONGEST_HOLD_S", 600.0)
    first, _ = office.offered("near-beds")
    office.run_jobs()  # it is compared with others, which is no part of this
    multiply(office, first, 499)
    office.publish_program("near-beds", version=2, paused=True)
    stranded = job(office, "stranded")
    assert office.service.due(stranded.name) == 500
    with counted(office) as early:
        assert stranded.tick() == 100
    die_in_the_middle(office, stranded)
    assert office.service.due(stranded.name) == 400
    with counted(office) as late:
        assert stranded.tick() == 100
    # A batch costs the same wherever it stands: so many statements for each of its referrals.
    assert len(late) <= len(early) < 100 * MOST_EACH
    office.run_jobs()
    assert office.service.due(stranded.name) == 0
    assert office.rows(OPEN_OFFERS) == [(0,)]
    assert office.rows(TAKEN_BACK) == [(500,)]


def die_in_the_middle(office: Office, stranded: Any) -> None:
    """The process goes in the middle of a batch; nothing of the batch stays."""
    engine, published = office.service.database.engine, []

    def die(*args: Any) -> None:
        published.extend([args[2]] if "INTO outbox" in args[2] else [])
        if len(published) == 50:
            raise KilledError

    event.listen(engine, "before_cursor_execute", die)
    try:
        with pytest.raises(KilledError):
            stranded.tick()
    finally:
        event.remove(engine, "before_cursor_execute", die)


class KilledError(BaseException):
    """No error that anybody handles: the process is gone."""
