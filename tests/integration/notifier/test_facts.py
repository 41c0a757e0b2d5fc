"""Answers to questions in letters and figures: who hears of one, and what it moves."""

from contracts.vocabulary import AgeBand
from tests.integration.notifier.conftest import COORDINATOR, MANAGER, Desk
from tests.integration.notifier.story import Story


def told(desk: Desk) -> list[tuple[str, str]]:
    """Recipient and template of every notice of an answer, with what became of it."""
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    return sorted((n["recipient"], n["state"]) for n in items if n["template"] == "fact_added")


def test_every_agency_with_an_offer_hears_of_an_answer_but_the_one_that_gave_it(
    desk: Desk,
) -> None:
    desk.contacts("harbour")
    desk.contacts("lodge")
    story = Story().submitted().offered().offered("lodge")
    desk.notices(story.answered("lodge").records)
    assert told(desk) == [("harbour", "pending")]
    desk.work()
    (letter,) = [mail for mail in desk.mail if "question was answered" in mail["Subject"]]
    assert f"/v1/offers/{story.live[0].offer_id}" in letter.get_content()


def test_a_letter_that_was_not_sent_ends_with_the_offer(desk: Desk) -> None:
    story = Story().submitted().offered().answered()
    desk.notices(story.records)
    assert told(desk) == [("harbour", "pending")]
    desk.notices(story.declined().records)
    assert told(desk) == [("harbour", "dropped")]


def test_an_age_that_is_learnt_later_counts_in_its_band(desk: Desk) -> None:
    story = Story().submitted().answered(age=70)
    desk.outcomes(story.records)
    summary = desk.get(MANAGER, "/v1/outcomes/summary?by=age_band")
    bands = [group["value"] for group in summary["groups"]]
    assert bands == [AgeBand.FROM_65]
