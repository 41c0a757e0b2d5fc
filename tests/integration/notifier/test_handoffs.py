"""Handoffs measured: the warm rate, arrivals in time, outcomes by kind, and what erasure leaves."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from contracts.topics import Service
from contracts.vocabulary import HandoffKind, Outcome
from services.chassis import migrations
from services.chassis.database import Database
from services.notifier.usecases.rebuild import rebuild
from tests.integration.notifier.conftest import MANAGER, Desk
from tests.integration.notifier.story import Story
from tests.integration.notifier.test_rebuild import FIGURES

IN_PERSON: Final = HandoffKind.IN_PERSON
COUNTED: Final = "VALUES (:dimension, '2027-03', :value, 'submitted', 7)"
TIMED: Final = "VALUES (:dimension, '2027-03', :value, 'submitted_to_offered', 30, 3)"


def summary(desk: Desk, by: str = "handoff") -> Any:
    return desk.get(MANAGER, f"/v1/outcomes/summary?by={by}")


def by_kind(desk: Desk, count: str) -> dict[str, int]:
    """One count of each kind that has any."""
    groups = summary(desk)["groups"]
    return {g["value"]: g["counts"][count] for g in groups if g["counts"][count]}


def came(name: str, minutes: float, *, called: bool = True) -> Story:
    """Somebody who arrived so many minutes after the call, and got help."""
    story = Story(name).submitted().offered().wait(minutes=minutes)
    call = story.now - timedelta(minutes=minutes) if called else None
    story.handed_over(IN_PERSON, called_at=call, arrived_at=story.now)
    return story.accepted().completed()


def test_handoffs_in_person_are_a_share_of_all_that_was_submitted(desk: Desk) -> None:
    desk.outcomes(came("prompt", 30).records)
    desk.outcomes(came("late", 31).records)
    desk.outcomes(came("uncalled", 5, called=False).records)
    desk.outcomes(Story("phoned").submitted().handed_over(HandoffKind.PHONE).records)
    desk.outcomes(Story("cold").submitted().handed_over(HandoffKind.COLD).records)
    desk.outcomes(Story("untold").submitted().records)
    answer = summary(desk)
    rates = answer["total"]["rates"]
    assert rates["warm_handoff"] == {"numerator": 3, "denominator": 6, "value": 0.5}
    assert rates["arrival_in_time"] == {"numerator": 1, "denominator": 2, "value": 0.5}
    took = answer["total"]["times"]["called_to_arrived"]
    assert took == {"count": 2, "median": 30, "p90": 31}
    assert "30 minutes" in answer["definitions"]["counts"]["handoffs_in_time"]
    assert by_kind(desk, "submitted") == {"in_person": 3, "phone": 1, "cold": 1, "unknown": 1}
    assert by_kind(desk, "got_help") == {"in_person": 3}


def test_nobody_came_in_person_before_they_arrived(desk: Desk) -> None:
    story = Story().submitted()
    story.handed_over(IN_PERSON, called_at=story.now)
    desk.outcomes(story.records)
    assert by_kind(desk, "submitted") == {"unknown": 1}
    assert summary(desk)["total"]["counts"]["handoffs_in_person"] == 0


def test_a_record_that_is_mended_counts_as_it_stands(desk: Desk) -> None:
    story = came("mended", 20)
    desk.outcomes(story.handed_over(HandoffKind.PHONE, called_at=story.now).records)
    assert by_kind(desk, "submitted") == {"phone": 1}
    assert summary(desk)["total"]["counts"]["handoffs_in_time"] == 0


def test_of_a_protected_need_no_figure_tells_how_the_person_came(desk: Desk) -> None:
    desk.outcomes(Story().submitted().handed_over(IN_PERSON).handed_over().records)
    assert by_kind(desk, "submitted") == {"unknown": 1}


def test_an_erasure_makes_the_kind_unknown_keeps_the_totals_and_is_rebuilt_identical(
    desk: Desk,
) -> None:
    story = came("erased", 20)
    desk.outcomes(story.records)
    story.erased("harbour")
    desk.outcomes(story.records[-1:])
    assert by_kind(desk, "got_help") == {"unknown": 1}
    assert summary(desk)["total"]["counts"]["handoffs_in_time"] == 1
    assert by_kind(desk, f"outcome_{Outcome.SHELTERED}") == {"unknown": 1}
    live = [desk.rows(name) for name in FIGURES]
    with desk.service.database.transaction() as session:
        rebuild(session)
    desk.outcomes(story.records)
    assert [desk.rows(name) for name in FIGURES] == live


def test_what_leaves_every_figure_is_no_unmet_need_either(desk: Desk) -> None:
    """As a duplicate does, that ends entered in error, though it had found no room."""
    desk.outcomes(Story("older").submitted().records)
    desk.outcomes(Story("newer").submitted().waitlisted().in_error().records)
    rates = summary(desk)["total"]["rates"]
    assert rates["unmet_need"] == {"numerator": 0, "denominator": 1, "value": 0.0}


def test_figures_of_before_are_told_by_a_handoff_that_nobody_knows(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'notifier.sqlite'}")
    migrations.upgrade(database, Service.NOTIFIER, "notifier_0005")
    with database.transaction() as session:
        for dimension, value in (("all", "all"), ("sector", "housing")):
            cell = {"dimension": dimension, "value": value}
            session.execute(text(f"INSERT INTO rollup_counts {COUNTED}"), cell)
            session.execute(text(f"INSERT INTO rollup_times {TIMED}"), cell)
    migrations.upgrade(database, Service.NOTIFIER)
    told = "FROM rollup_{} WHERE dimension = 'handoff'"
    with database.transaction() as session:
        counts = session.execute(text(f"SELECT value, measure, count {told.format('counts')}"))
        assert [tuple(row) for row in counts] == [("unknown", "submitted", 7)]
        times = session.execute(text(f"SELECT value, minutes, count {told.format('times')}"))
        assert [tuple(row) for row in times] == [("unknown", 30, 3)]
    database.close()
