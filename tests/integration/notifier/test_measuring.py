"""Events in, figures out: counted right, moved by corrections, and rebuilt to identical rows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.topics import Consumer
from contracts.vocabulary import EntryDoor, Need, Origin, Outcome, Sector, Side, Urgency
from tests.integration.notifier.conftest import ADMIN, COORDINATOR, HARBOUR, MANAGER, Desk
from tests.integration.notifier.story import FACTS, Story, said_no

FIGURES = ("progress", "rollup_counts", "rollup_times")


def counts(desk: Desk, by: str | None = None, value: str | None = None) -> dict[str, int]:
    """The counts above zero, whole or of one group."""
    answer = desk.get(MANAGER, f"/v1/outcomes/summary{f'?by={by}' if by else ''}")
    found = answer["total"]
    if value:
        found = next((g for g in answer["groups"] if g["value"] == value), {"counts": {}})
    return {name: n for name, n in found["counts"].items() if n}


def helped(name: str = "robin", agency: str = "harbour") -> Story:
    """Offered after 10 minutes, accepted after 30, reached after 50, engaged, helped after 110."""
    story = Story(name).submitted().wait(minutes=10).offered(agency).wait(minutes=20).accepted()
    story.wait(minutes=20).contacted().wait(minutes=30).engaged()
    return story.wait(minutes=30, seconds=59).completed()


def test_a_referral_that_is_helped_counts_at_every_stage(desk: Desk) -> None:
    desk.outcomes(helped().records)
    funnel = desk.get(MANAGER, "/v1/outcomes/funnel")
    assert [(s["stage"], s["count"], s["share"]) for s in funnel["stages"]] == [
        ("submitted", 1, 1.0),
        ("offered", 1, 1.0),
        ("accepted", 1, 1.0),
        ("first_contact", 1, 1.0),
        ("engaged", 1, 1.0),
        ("closed", 1, 1.0),
        ("got_help", 1, 1.0),
    ]
    assert all(s["definition"] for s in funnel["stages"] + funnel["beside"])
    assert counts(desk)["outcome_sheltered"] == 1


def test_offers_beyond_stated_capacity_are_counted_among_those_made(desk: Desk) -> None:
    desk.outcomes(Story("one").submitted().offered().records)
    desk.outcomes(Story("two").submitted().offered(over_capacity=True).accepted().records)
    told = counts(desk)
    assert (told["offers_made"], told["offers_over_capacity"], told["offers_accepted"]) == (2, 1, 1)
    definitions = desk.get(MANAGER, "/v1/outcomes/summary")["definitions"]["counts"]
    assert "insisted" in definitions["offers_over_capacity"]


def test_times_are_exact_to_the_minute(desk: Desk) -> None:
    desk.outcomes(helped().records)
    times = desk.get(MANAGER, "/v1/outcomes/summary")["total"]["times"]
    assert {name: spread["median"] for name, spread in times.items()} == {
        "submitted_to_offered": 10,
        "offered_to_answered": 20,
        "submitted_to_accepted": 30,
        "accepted_to_first_contact": 20,
        "accepted_to_engaged": 50,
        "submitted_to_closed": 110,
        "called_to_arrived": None,
        "arrived_to_left": None,
        "revoked_to_acknowledged": None,
    }


def test_median_and_p90_are_those_of_the_sorted_list(desk: Desk) -> None:
    for number, minutes in enumerate((1, 2, 3, 4, 5, 6, 7, 8, 9, 100)):
        story = Story(f"r{number}").submitted().wait(minutes=minutes).offered()
        desk.outcomes(story.records)
    spread = desk.get(MANAGER, "/v1/outcomes/summary")["total"]["times"]["submitted_to_offered"]
    assert spread == {"count": 10, "median": 5, "p90": 9}


def test_rates_come_with_their_sums_and_formulas(desk: Desk) -> None:
    desk.outcomes(helped("one").records)
    desk.outcomes(Story("two").submitted().offered().declined().offered().lapsed().records)
    desk.outcomes(Story("three").submitted().offered().rescinded().withdrawn().records)
    answer = desk.get(MANAGER, "/v1/outcomes/summary")
    rates = answer["total"]["rates"]
    assert rates["acceptance"] == {"numerator": 1, "denominator": 3, "value": 0.3333}
    assert rates["got_help"] == {"numerator": 1, "denominator": 3, "value": 0.3333}
    assert rates["unmet_need"] == {"numerator": 1, "denominator": 3, "value": 0.3333}
    assert rates["withdrawal"]["numerator"] == 1
    defined = answer["definitions"]
    assert set(defined["rates"]) == set(rates)
    assert set(defined["counts"]) == set(answer["total"]["counts"])
    assert set(defined["times"]) == set(answer["total"]["times"])
    assert defined["rates"]["acceptance"]["formula"] == (
        "offers_accepted / (offers_accepted + offers_declined + offers_lapsed)"
    )


def test_nothing_counted_is_no_rate_and_no_time(desk: Desk) -> None:
    total = desk.get(MANAGER, "/v1/outcomes/summary")["total"]
    assert set(total["counts"].values()) == {0}
    assert total["rates"]["acceptance"]["value"] is None
    assert total["times"]["submitted_to_offered"] == {"count": 0, "median": None, "p90": None}


def test_an_offer_counts_for_its_agency_and_the_referral_for_the_last_that_accepted(
    desk: Desk,
) -> None:
    story = Story().submitted().offered("first").declined().offered("second").accepted()
    desk.outcomes(story.given_back().offered("third").records)
    assert counts(desk, "agency", "first") == {"offers_made": 1, "offers_declined": 1}
    assert counts(desk, "agency", "third") == {"offers_made": 1, "offers_open": 1}
    second = counts(desk, "agency", "second")
    assert second["offers_accepted"] == second["offers_returned"] == second["submitted"] == 1


def test_what_no_agency_was_offered_counts_for_none(desk: Desk) -> None:
    desk.outcomes(Story().submitted().unplaced().records)
    assert counts(desk, "agency", "none") == {"submitted": 1, "open": 1, "unplaced_ever": 1}


def test_a_correction_moves_what_was_counted(desk: Desk) -> None:
    story = Story().submitted().offered()
    desk.outcomes(story.records)
    assert counts(desk, "sector", "housing")["submitted"] == 1
    youth = {"sector": Sector.YOUTH, "need": Need.YOUTH_SHELTER, "age": 15, "language": None}
    desk.outcomes(story.corrected(**youth).records)
    answer = desk.get(MANAGER, "/v1/outcomes/summary?by=sector")
    assert [g["value"] for g in answer["groups"]] == ["youth"]
    assert counts(desk, "age_band", "under_18")["submitted"] == 1
    assert counts(desk, "language", "unknown")["submitted"] == 1


def test_what_is_entered_in_error_leaves_every_figure(desk: Desk) -> None:
    desk.outcomes(helped().in_error().records)
    assert desk.rows("rollup_counts") == desk.rows("rollup_times") == []


def test_training_is_in_no_figure(desk: Desk) -> None:
    facts = replace(FACTS, training=True)
    desk.outcomes(Story(facts=facts).submitted().offered().accepted().completed().records)
    desk.outcomes([said_no(1, training=True)])
    assert desk.rows("rollup_counts") == desk.rows("rollup_times") == []


def test_records_of_the_past_stand_in_the_month_in_which_they_occurred(desk: Desk) -> None:
    story = Story(facts=replace(FACTS, origin=Origin.IMPORTED))
    story.snapshot = replace(story.snapshot, occurred_at=datetime(2021, 5, 1, tzinfo=UTC))
    desk.outcomes(story.submitted().offered().accepted().records)
    for month, number in (("2021-05", 1), ("2027-03", 0)):
        path = f"/v1/outcomes/summary?from={month}&to={month}"
        assert desk.get(MANAGER, path)["total"]["counts"]["accepted"] == number


def test_a_record_of_the_past_is_counted_and_not_timed(desk: Desk) -> None:
    facts = replace(FACTS, origin=Origin.IMPORTED)
    desk.outcomes(Story(facts=facts).submitted().offered().accepted().records)
    assert counts(desk)["accepted"] == 1
    assert desk.rows("rollup_times") == []


def test_a_no_is_a_tally_and_never_a_referral(desk: Desk) -> None:
    desk.outcomes([said_no(1), said_no(2)])
    desk.outcomes(Story().submitted().records)
    assert counts(desk)["said_no"] == 2
    for by in ("sector", "agency", "urgency", "entry_door", "language", "age_band"):
        groups = desk.get(MANAGER, f"/v1/outcomes/summary?by={by}")["groups"]
        assert sum(g["counts"]["said_no"] for g in groups) == 2, by
        assert sum(g["counts"]["submitted"] for g in groups) == 1, by
    assert desk.get(MANAGER, "/v1/outcomes/summary")["total"]["rates"]["said_no"]["value"] == 0.6667


def test_a_protected_referral_is_unknown_but_for_sector_and_urgency(desk: Desk) -> None:
    facts = replace(FACTS, entry_door=None, language=None, age=None)
    desk.outcomes(Story(facts=facts).submitted().records)
    for by, value in (("entry_door", "unknown"), ("language", "unknown"), ("age_band", "unknown")):
        assert counts(desk, by, value)["submitted"] == 1
    assert counts(desk, "urgency", "urgent")["submitted"] == 1


def test_an_end_on_the_persons_side_is_reported_and_no_return(desk: Desk) -> None:
    story = Story().submitted().offered().accepted().given_back(Side.PERSON)
    desk.outcomes(story.records)
    assert "offers_returned" not in counts(desk)


def test_information_is_an_outcome_and_no_help(desk: Desk) -> None:
    story = Story().submitted().offered().accepted().completed(Outcome.INFORMATION_GIVEN)
    desk.outcomes(story.records)
    found = counts(desk)
    assert found["closed"] == found["reported"] == found["outcome_information_given"] == 1
    assert "got_help" not in found


def test_figures_stand_in_the_month_of_submission(desk: Desk) -> None:
    desk.outcomes(Story("march").wait(days=30, hours=8).submitted().records)
    late = Story("april", now=Story().now.replace(month=4)).submitted().wait(days=40).offered()
    desk.outcomes(late.records)

    def offered(query: str) -> int:
        answer = desk.get(MANAGER, f"/v1/outcomes/summary?{query}")
        found: int = answer["total"]["counts"]["offered"]
        return found

    assert offered("from=2027-04&to=2027-04") == 1
    assert offered("from=2027-05") == offered("to=2027-03") == 0
    assert offered("from=2027-03") == offered("to=2027-12") == offered("") == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2027-13", "from"),
        ("from=march", "from"),
        ("to=2027-3", "to"),
        ("from=2027-03%0A", "from"),
        ("from=2027-04&to=2027-03", "from"),
        ("by=need", "by"),
        ("colour=red", "colour"),
    ],
)
def test_a_period_that_cannot_be_is_refused_by_name(desk: Desk, query: str, field: str) -> None:
    refused = desk.call(MANAGER, "GET", f"/v1/outcomes/summary?{query}")
    assert (refused.status_code, set(refused.json["errors"])) == (422, {field})


def test_figures_are_for_those_who_answer_for_them(desk: Desk) -> None:
    for path in ("/v1/outcomes/summary", "/v1/outcomes/funnel"):
        assert desk.call(HARBOUR, "GET", path).status_code == 403
        for who in (MANAGER, COORDINATOR, ADMIN):
            assert desk.call(who, "GET", path).status_code == 200
    assert desk.call(MANAGER, "POST", "/v1/outcomes/rebuild", {}).status_code == 403


def test_events_read_again_change_no_figure(desk: Desk) -> None:
    records = [*helped().records, said_no(1)]
    desk.outcomes(records)
    before = [desk.rows(table) for table in FIGURES]
    assert desk.outcomes(records) == 0
    assert [desk.rows(table) for table in FIGURES] == before


def test_figures_are_emptied_and_made_again_identical(desk: Desk) -> None:
    records = [*helped("one").records, *Story("two").submitted().offered().lapsed().records]
    records.append(said_no(1))
    desk.outcomes(records)
    before = [desk.rows(table) for table in FIGURES]
    assert desk.call(ADMIN, "POST", "/v1/outcomes/rebuild", {}).status_code == 202
    assert [desk.rows(table) for table in FIGURES] == [[], [], []]
    assert desk.outcomes(records) == len(records)
    assert [desk.rows(table) for table in FIGURES] == before


def test_what_arrives_between_emptying_and_republishing_waits_its_turn(desk: Desk) -> None:
    story = Story().submitted().offered()
    desk.outcomes(story.records)
    desk.call(ADMIN, "POST", "/v1/outcomes/rebuild", {})
    story.accepted()
    assert desk.outcomes(story.records[-1:]) == 0
    assert desk.outcomes(story.records) == 3
    assert counts(desk)["accepted"] == 1


def test_a_rebuild_leaves_the_notices_alone(desk: Desk) -> None:
    records = Story().submitted().offered().records
    desk.notices(records)
    desk.call(ADMIN, "POST", "/v1/outcomes/rebuild", {})
    assert desk.read(Consumer.NOTICES, records) == 0
    assert len(desk.rows("notices")) == 1


def test_the_facts_of_a_group_are_the_only_facts_it_shows(desk: Desk) -> None:
    facts: Any = replace(FACTS, urgency=Urgency.CRISIS, entry_door=EntryDoor.ARREST_DIVERSION)
    story = Story(facts=facts).submitted()
    desk.outcomes(story.records)
    for path in ("/v1/outcomes/summary?by=agency", "/v1/outcomes/funnel"):
        text = desk.call(MANAGER, "GET", path).text
        assert str(story.referral_id) not in text
        assert story.snapshot.reference not in text
