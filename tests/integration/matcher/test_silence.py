"""An agency that lets offer after offer lapse is paused; any word of its counts anew."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.events.lifecycle import (
    OfferAccepted,
    OfferAcknowledged,
    OfferDeclined,
    OfferEvent,
    OfferLapsed,
)
from contracts.vocabulary import Origin, Reason, Side
from services.chassis import audit
from tests.integration.matcher.desk import COORDINATOR, Desk, ended, partner, submitted
from tests.ports.samples import NOON

HARBOUR: Final = partner("harbour")
BEDS: Final = "/v1/programs/harbour-beds"
NO: Final = {"reason": Reason.NO_CAPACITY, "side": Side.PROVIDER}
MINUTE: Final = timedelta(minutes=1)


def happens(desk: Desk, kind: type[OfferEvent], agency: str = "harbour", **more: Any) -> UUID:
    """One event of an offer to the agency, of a referral of its own."""
    of_offer = {name: more.pop(name) for name in ("reason", "side") if name in more}
    snapshot = ended(submitted(**more))
    event = kind(
        snapshot=snapshot,
        offer_id=uuid4(),
        program_id=f"{agency}-beds",
        agency_id=agency,
        **of_offer,
    )
    desk.hear_event(event, snapshot.referral_id, 1)
    return snapshot.referral_id


def seen(desk: Desk) -> tuple[int, str | None]:
    """The lapses in a row of the agency, and why it is paused."""
    shown = desk.call(COORDINATOR, "GET", BEDS).get_json()
    return shown["lapses_in_a_row"], shown["paused_because"]


def test_the_third_lapse_in_a_row_pauses_the_whole_agency(desk: Desk) -> None:
    desk.opened(harbour=3, lodge=3)
    for count in (1, 2):
        happens(desk, OfferLapsed)
        assert seen(desk) == (count, None)
    happens(desk, OfferLapsed)
    assert seen(desk) == (3, "silence")
    assert not desk.call(COORDINATOR, "GET", "/v1/programs/lodge-beds").get_json()["paused"]
    with desk.wired.database.transaction() as session:
        (entry,) = audit.entries(session, "agency:harbour")
    assert (entry["actor"], entry["action"]) == ("matcher", "agency.paused")
    assert entry["detail"] == {"because": "silence", "until": None, "lapses": 3}


@pytest.mark.parametrize(
    ("kind", "more"),
    [(OfferAcknowledged, {}), (OfferAccepted, {}), (OfferDeclined, NO)],
    ids=["acknowledged", "accepted", "declined"],
)
def test_any_answer_between_them_counts_anew(
    desk: Desk, kind: type[OfferEvent], more: dict[str, Any]
) -> None:
    desk.opened(harbour=3)
    for _ in range(2):
        happens(desk, OfferLapsed)
    desk.clock.advance(MINUTE)
    happens(desk, kind, **more)
    assert seen(desk) == (0, None)
    desk.clock.advance(MINUTE)
    for _ in range(2):
        happens(desk, OfferLapsed)
    assert seen(desk) == (2, None)


def test_the_silence_of_one_agency_is_not_anothers(desk: Desk) -> None:
    desk.opened(harbour=3, lodge=3)
    for agency in ("harbour", "lodge", "harbour"):
        happens(desk, OfferLapsed, agency)
    happens(desk, OfferAccepted, "lodge")
    assert seen(desk) == (2, None)


@pytest.mark.parametrize("fact", [{"training": True}, {"origin": Origin.IMPORTED}])
def test_exercises_and_rows_of_the_past_do_not_count(desk: Desk, fact: dict[str, Any]) -> None:
    desk.opened(harbour=3)
    for _ in range(4):
        happens(desk, OfferLapsed, **fact)
    assert seen(desk) == (0, None)
    happens(desk, OfferLapsed)
    happens(desk, OfferAccepted, **fact)
    assert seen(desk) == (1, None)


def test_an_answer_that_is_heard_late_forgives_no_lapse_that_came_after_it(desk: Desk) -> None:
    desk.opened(harbour=3)
    desk.clock.advance(2 * MINUTE)
    happens(desk, OfferLapsed)
    desk.clock.moment = NOON + MINUTE
    happens(desk, OfferAccepted)
    happens(desk, OfferLapsed)
    assert seen(desk) == (1, None)


@pytest.mark.parametrize("who", [HARBOUR, COORDINATOR], ids=["agency", "coordinator"])
def test_who_resumes_is_there_and_the_count_begins_anew(desk: Desk, who: Any) -> None:
    desk.opened(harbour=3)
    for _ in range(3):
        happens(desk, OfferLapsed)
    desk.clock.advance(MINUTE)
    answer = desk.call(who, "POST", "/v1/directory/agencies/harbour/resume", {})
    assert answer.status_code == 200, answer.text
    assert seen(desk) == (0, None)
    desk.clock.advance(MINUTE)
    happens(desk, OfferLapsed)
    assert seen(desk) == (1, None)


def test_a_lapse_that_is_told_twice_counts_once(desk: Desk) -> None:
    desk.opened(harbour=3)
    snapshot, offer_id = ended(submitted()), uuid4()
    lapse = OfferLapsed(
        snapshot=snapshot, offer_id=offer_id, program_id="harbour-beds", agency_id="harbour"
    )
    for seq in (1, 1, 2, 3):
        desk.hear_event(lapse, snapshot.referral_id, seq)
    assert seen(desk) == (1, None)


def test_a_pause_that_the_agency_asked_for_stays_its_own(desk: Desk) -> None:
    desk.opened(harbour=3)
    desk.call(HARBOUR, "POST", "/v1/directory/agencies/harbour/pause", {"reason": "full"})
    for _ in range(4):
        happens(desk, OfferLapsed)
    assert seen(desk) == (4, "full")
