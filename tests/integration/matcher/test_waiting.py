"""Whoever waits is proposed again when a place frees, in the fair order, and sees its position."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import event

from contracts.events.snapshot import Snapshot
from contracts.vocabulary import Urgency
from tests.integration.matcher.desk import (
    COORDINATOR,
    Desk,
    attempt,
    ended,
    held,
    offered,
    partner,
    submitted,
    tables,
)
from tests.ports.samples import NOON

HARBOUR, LODGE = partner("harbour"), partner("lodge")
PROGRAMS: Final = ("harbour-beds", "lodge-beds")
ORDER: Final = ["urgency: crisis, urgent, routine", "submitted_at", "referral_id"]


def lapses(desk: Desk, first: Snapshot) -> None:
    desk.hear(attempt(first, 2, excluded=("harbour-beds",)))


def is_rescinded(desk: Desk, first: Snapshot) -> None:
    desk.hear(ended(first))


def states_anew(desk: Desk, first: Snapshot) -> None:
    desk.hear(held(first, "harbour-beds", desk.clock.now()))
    desk.clock.advance(timedelta(minutes=5))
    assert desk.state("harbour-beds", 1).status_code == 200


def pauses_and_resumes(desk: Desk, first: Snapshot) -> None:
    assert first.live_offers
    for step in ("pause", "resume"):
        path = f"/v1/directory/agencies/harbour/{step}"
        body = {"reason": "away"} if step == "pause" else {}
        assert desk.call(HARBOUR, "POST", path, body).status_code == 200
        desk.decide()
    desk.hear(ended(first))


def has_a_new_neighbour(desk: Desk, first: Snapshot) -> None:
    assert first.live_offers
    assert desk.bring(tables(harbour=1, lodge=1)).status_code == 200


@pytest.mark.parametrize(
    "it",
    [
        lapses,
        is_rescinded,
        states_anew,
        pauses_and_resumes,
        has_a_new_neighbour,
    ],
)
@pytest.mark.parametrize("waits", ["Waitlisted", "Unplaced"])
def test_whoever_waits_is_proposed_again_when_a_place_frees(
    desk: Desk, it: Callable[[Desk, Snapshot], None], waits: str
) -> None:
    """Also for one that no program would have taken before: it was placed by hand, and full."""
    desk.opened(harbour=1)
    first, second = submitted(), submitted()
    if waits == "Unplaced":
        second = attempt(second, 1, by_hand="harbour-beds")
    desk.hear(first)
    desk.decide()
    first = offered(first, "harbour-beds")
    desk.hear(first, second)
    desk.decide()
    assert desk.kinds(second) == [waits]
    it(desk, first)
    desk.decide()
    if waits == "Unplaced" and it is has_a_new_neighbour:
        assert desk.kinds(second) == ["Unplaced"]  # named by hand: no other program will do
    else:
        assert desk.kinds(second)[-1] == "Routed"


def test_a_closed_referral_frees_nothing_until_the_next_statement(desk: Desk) -> None:
    desk.opened(harbour=1)
    first, second = submitted(), submitted()
    desk.hear(held(first, "harbour-beds", desk.clock.now()), second)
    desk.decide()
    assert desk.kinds(second) == ["Waitlisted"]
    desk.hear(ended(first))
    desk.decide()
    assert desk.kinds(second) == ["Waitlisted"]
    desk.clock.advance(timedelta(minutes=5))
    desk.state("harbour-beds", 1)
    desk.decide()
    assert desk.kinds(second) == ["Waitlisted", "Routed"]


def queue(desk: Desk, who: Any = COORDINATOR, query: str = "") -> Any:
    answer = desk.call(who, "GET", f"/v1/queue{query}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def positions(desk: Desk, snapshot: Snapshot) -> dict[str, int]:
    shown = desk.call(COORDINATOR, "GET", f"/v1/queue/{snapshot.referral_id}").get_json()
    assert shown["order"] == ORDER
    assert shown["waiting"] is bool(shown["positions"])
    assert all(one["ahead"] == one["position"] - 1 for one in shown["positions"])
    return {one["program_id"]: one["position"] for one in shown["positions"]}


def waiting(desk: Desk) -> dict[str, Snapshot]:
    """A full town in which four wait, heard of in no order; the last of them for one only."""
    desk.opened(harbour=0, lodge=0)
    found = {
        "late": submitted(submitted_at=NOON - timedelta(hours=1)),
        "early": submitted(submitted_at=NOON - timedelta(hours=2)),
        "routine": submitted(urgency=Urgency.ROUTINE, submitted_at=NOON - timedelta(days=9)),
        "crisis": submitted(urgency=Urgency.CRISIS),
    }
    found["crisis"] = replace(found["crisis"], excluded=("lodge-beds",))
    desk.hear(*found.values())
    desk.decide()
    return found


def test_each_who_waits_has_a_position_in_every_queue_it_stands_in(desk: Desk) -> None:
    found = waiting(desk)
    assert {name: positions(desk, snapshot) for name, snapshot in found.items()} == {
        "crisis": {"harbour-beds": 1},
        "early": {"harbour-beds": 2, "lodge-beds": 1},
        "late": {"harbour-beds": 3, "lodge-beds": 2},
        "routine": {"harbour-beds": 4, "lodge-beds": 3},
    }


def test_positions_move_up_when_somebody_leaves_or_is_proposed(desk: Desk) -> None:
    found = waiting(desk)
    desk.hear(ended(found["early"]))
    assert positions(desk, found["late"]) == {"harbour-beds": 2, "lodge-beds": 1}
    desk.state("lodge-beds", 1)
    desk.decide()
    assert positions(desk, found["late"]) == {}
    assert positions(desk, found["routine"]) == {"harbour-beds": 2, "lodge-beds": 1}


def test_a_correction_changes_the_place_in_the_queue(desk: Desk) -> None:
    found = waiting(desk)
    routine = found["routine"]
    crisis = replace(routine.facts, urgency=Urgency.CRISIS)
    desk.hear(attempt(replace(routine, facts=crisis), 2))
    desk.decide()
    assert positions(desk, routine) == {"harbour-beds": 1, "lodge-beds": 1}


def test_a_program_that_pauses_has_no_queue(desk: Desk) -> None:
    found = waiting(desk)
    desk.call(LODGE, "POST", "/v1/programs/lodge-beds/pause", {})
    desk.decide()
    assert positions(desk, found["early"]) == {"harbour-beds": 2}
    assert [one["program_id"] for one in queue(desk)["items"]] == ["harbour-beds"]


def test_a_referral_that_nobody_heard_of_is_not_found_and_one_that_waits_not_has_no_position(
    desk: Desk,
) -> None:
    desk.opened(harbour=1)
    assert desk.call(COORDINATOR, "GET", f"/v1/queue/{uuid4()}").status_code == 404
    routed = submitted()
    desk.hear(routed)
    desk.decide()
    assert positions(desk, routed) == {}


def test_the_queues_are_listed_by_program_and_by_sector(desk: Desk) -> None:
    waiting(desk)
    alone = submitted(submitted_at=NOON)
    desk.hear(replace(alone, excluded=PROGRAMS))
    desk.decide()
    shown = queue(desk)
    assert shown["order"] == ORDER
    assert [(q["program_id"], q["agency_id"], q["waiting"]) for q in shown["items"]] == [
        ("harbour-beds", "harbour", 4),
        ("lodge-beds", "lodge", 3),
    ]
    assert shown["items"][0]["by_urgency"] == {"crisis": 1, "urgent": 2, "routine": 1}
    sectors = {one.pop("sector"): one for one in shown["sectors"]}
    assert sectors["housing"] == {"for_a_place": 4, "for_a_program": 1, "held": 0}
    assert sectors["youth"] == {"for_a_place": 0, "for_a_program": 0, "held": 0}
    youth = queue(desk, query="?sector=youth")
    assert (youth["items"], len(youth["sectors"])) == ([], 1)


def test_queues_come_in_pages(desk: Desk) -> None:
    waiting(desk)
    first = queue(desk, query="?limit=1")
    second = queue(desk, query=f"?limit=1&after={first['next']}")
    assert [q["program_id"] for q in first["items"] + second["items"]] == list(PROGRAMS)
    assert second["next"] is None
    assert desk.call(COORDINATOR, "GET", "/v1/queue?after=nonsense").status_code == 422


def test_an_agency_sees_how_many_wait_for_its_own_programs_and_no_more(desk: Desk) -> None:
    waiting(desk)
    shown = queue(desk, LODGE)
    assert shown["items"] == [
        {
            "program_id": "lodge-beds",
            "agency_id": "lodge",
            "name": "Lodge beds",
            "sector": "housing",
            "waiting": 3,
            "by_urgency": None,
        }
    ]
    assert shown["sectors"] is None


def test_no_answer_of_the_queue_names_a_time(desk: Desk) -> None:
    found = waiting(desk)
    path = f"/v1/queue/{found['late'].referral_id}"
    for text in (desk.call(COORDINATOR, "GET", p).text for p in ("/v1/queue", path)):
        assert "2027" not in text
        assert not [word for word in ("estimate", "minutes", "days", "until") if word in text]


def test_a_position_costs_the_same_however_many_wait(desk: Desk) -> None:
    desk.opened(harbour=0)
    counts = []
    for _ in range(2):
        desk.hear(*[submitted() for _ in range(20)])
        last = submitted(urgency=Urgency.ROUTINE)
        desk.hear(last)
        desk.decide()
        with counted(desk) as statements:
            positions(desk, last)
        counts.append(len(statements))
    assert counts[0] == counts[1]


@contextmanager
def counted(desk: Desk) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    made: list[str] = []

    def note(*args: Any) -> None:
        made.append(args[2])

    event.listen(desk.wired.database.engine, "before_cursor_execute", note)
    yield made
    event.remove(desk.wired.database.engine, "before_cursor_execute", note)
