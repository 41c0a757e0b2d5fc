"""Events in, letters out: who is told, once, of what still holds."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.vocabulary import Need, Origin, Owner, Side, Urgency
from tests.integration.notifier.conftest import COORDINATOR, Desk
from tests.integration.notifier.story import FACTS, START, Story, program


def told(desk: Desk) -> list[tuple[str, str, str]]:
    """Recipient, template and state of every notice, oldest first."""
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    return sorted((n["recipient"], n["template"], n["state"]) for n in items)


def urgent(urgency: Urgency) -> Any:
    """The usual facts with another urgency."""
    return replace(FACTS, urgency=urgency)


def test_an_offer_is_told_to_its_agency_in_its_time_zone(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices([program("harbour-beds", "America/Chicago")])
    story = Story().submitted().offered()
    desk.notices(story.records)
    desk.work()
    assert told(desk) == [("harbour", "offer_made", "sent")]
    (letter,) = desk.mail
    assert letter["To"] == "desk@harbour.example.org"
    assert "7QK4-M2XD (urgent)" in letter["Subject"]
    text = letter.get_content()
    assert "13:00 on Mon 1 Mar 2027 (America/Chicago)" in text
    assert f"https://handoff.example.org/v1/offers/{story.live[0].offer_id}" in text


def test_nothing_is_sent_inside_the_consumers_transaction(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices(Story().submitted().offered().records)
    assert told(desk) == [("harbour", "offer_made", "pending")]
    assert desk.mail == []


def test_an_agency_without_contacts_is_shown_and_told_once_it_names_somebody(desk: Desk) -> None:
    desk.notices(Story().submitted().offered().records)
    desk.work()
    assert told(desk) == [("harbour", "offer_made", "no_contact")]
    assert desk.service.flow().due == 0
    desk.contacts("harbour")
    desk.work()
    assert told(desk) == [("harbour", "offer_made", "sent")]
    assert len(desk.mail) == 1


def test_an_offer_that_ended_before_it_was_told_is_not_told(desk: Desk) -> None:
    desk.notices(Story().submitted().offered().declined().records)
    desk.contacts("harbour")
    desk.work()
    assert told(desk) == [("harbour", "offer_made", "dropped")]
    assert desk.mail == []


def test_an_offer_taken_back_and_one_that_lapsed_are_told(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices(Story("one").submitted().offered().rescinded().records)
    desk.notices(Story("two").submitted().offered().lapsed().records)
    desk.work()
    sent = [notice for notice in told(desk) if notice[2] == "sent"]
    assert sent == [("harbour", "offer_lapsed", "sent"), ("harbour", "offer_rescinded", "sent")]


def test_an_answer_that_a_coordinator_recorded_is_told_to_the_agency(desk: Desk) -> None:
    desk.contacts("harbour")
    own = Story("own").submitted().offered().accepted()
    recorded = Story("recorded").submitted().offered().accepted(on_behalf=True)
    desk.notices(own.records + recorded.records)
    desk.work()
    mine = [notice for notice in told(desk) if notice[1] == "answer_recorded"]
    assert mine == [("harbour", "answer_recorded", "sent")]
    (letter,) = [mail for mail in desk.mail if "Recorded for your agency" in mail["Subject"]]
    assert "counts as your agency's own answer" in letter.get_content()
    desk.notices(recorded.records)
    assert [n for n in told(desk) if n[1] == "answer_recorded"] == mine


def test_a_crisis_that_lapses_is_told_to_the_coordinator_too(desk: Desk) -> None:
    desk.contacts("coordinator")
    calm = Story("calm").submitted().offered().lapsed()
    crisis = Story("crisis", urgent(Urgency.CRISIS)).submitted().offered().lapsed()
    desk.notices(calm.records + crisis.records)
    desk.work()
    mine = [notice for notice in told(desk) if notice[0] == "coordinator"]
    assert mine == [("coordinator", "crisis_lapsed", "sent")]


def test_unplaced_and_given_back_referrals_are_told_to_the_coordinator(desk: Desk) -> None:
    desk.contacts("coordinator")
    desk.notices(Story("one").submitted().unplaced().records)
    back = Story("two").submitted().offered().accepted()
    desk.notices(back.given_back().records)
    ended = Story("three").submitted().offered().accepted()
    desk.notices(ended.given_back(Side.PERSON).records)
    desk.work()
    mine = [template for who, template, _ in told(desk) if who == "coordinator"]
    assert mine == ["referral_returned", "referral_unplaced"]
    assert len(desk.mail) == 2


def test_a_review_is_told_to_its_owner_each_time(desk: Desk) -> None:
    desk.contacts("coordinator")
    desk.contacts("harbour")
    waiting = Story("one").submitted().unplaced().review()
    desk.notices(waiting.records)
    desk.work()
    desk.notices(waiting.wait(hours=2).review().records)
    held = Story("two").submitted().offered().accepted().review(Owner.AGENCY)
    desk.notices(held.records)
    desk.work()
    reviews = [notice for notice in told(desk) if notice[1] == "review_due"]
    assert reviews == [
        ("coordinator", "review_due", "sent"),
        ("coordinator", "review_due", "sent"),
        ("harbour", "review_due", "sent"),
    ]


def test_of_reviews_that_nobody_could_be_told_only_the_newest_waits(desk: Desk) -> None:
    waiting = Story().submitted().waitlisted().review()
    desk.notices(waiting.records)
    desk.work()
    desk.notices(waiting.wait(hours=2).review().records)
    desk.work()
    assert [state for _, _, state in told(desk)] == ["dropped", "no_contact"]
    desk.notices(waiting.withdrawn().records)
    assert [state for _, _, state in told(desk)] == ["dropped", "dropped"]


def test_an_unanswered_offer_is_brought_to_mind_at_half_time(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices(Story().submitted().offered().records)
    desk.work()
    desk.clock.set(START + timedelta(hours=2, seconds=-1))
    assert desk.work() == 0
    desk.clock.set(START + timedelta(hours=2))
    assert desk.service.flow().due == 1
    desk.work()
    assert told(desk)[1] == ("harbour", "offer_reminder", "sent")
    assert any("Still unanswered" in letter["Subject"] for letter in desk.mail)
    assert desk.rows("reminders") == []


def test_an_answered_offer_is_not_brought_to_mind(desk: Desk) -> None:
    desk.notices(Story().submitted().offered().accepted().records)
    assert desk.rows("reminders") == []


def test_a_record_of_the_past_notifies_nobody(desk: Desk) -> None:
    past = Story(facts=replace(FACTS, origin=Origin.IMPORTED)).submitted().offered()
    desk.notices(past.lapsed().unplaced().review().records)
    desk.clock.advance(timedelta(days=2))
    assert desk.work() == 0
    assert told(desk) == []


def test_training_is_told_and_says_so(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices(Story(facts=replace(FACTS, training=True)).submitted().offered().records)
    desk.work()
    (letter,) = desk.mail
    assert letter["Subject"].startswith("[training]")


def test_topics_read_again_change_nothing_and_send_nothing(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.contacts("coordinator")
    directory = [program("harbour-beds", "America/Chicago")]
    story = Story().submitted().offered().lapsed().unplaced().review().offered()
    desk.notices(directory + story.records)
    desk.work()
    tables = ("notices", "reminders", "programs", "contacts")
    before, letters = [desk.rows(table) for table in tables], len(desk.mail)
    assert desk.notices(directory + story.records) == 0
    assert desk.work() == 0
    assert [desk.rows(table) for table in tables] == before
    assert len(desk.mail) == letters


def test_of_a_programs_entries_the_newest_counts(desk: Desk) -> None:
    newer, older = program("harbour-beds", "America/Chicago", 2), program("harbour-beds", "UTC")
    desk.notices([newer, older])
    assert [row[3] for row in desk.rows("programs")] == ["America/Chicago"]


def test_a_letter_says_no_need_and_no_fact_of_the_person(desk: Desk) -> None:
    protected = replace(
        FACTS,
        need=Need.DOMESTIC_VIOLENCE_SHELTER,
        urgency=Urgency.CRISIS,
        age=97,
        language="tlh",
        cell="8726414b5ffffff",
    )
    desk.contacts("harbour")
    desk.contacts("coordinator")
    story = Story(facts=protected).submitted().offered().lapsed().unplaced()
    desk.notices(story.review().records)
    desk.work()
    desk.notices(story.offered().records)
    desk.clock.advance(timedelta(hours=3))
    desk.work()
    assert len(desk.mail) == 6
    canaries = {"domestic", "violence", "shelter", protected.need, "97", "tlh", "8726414b5ffffff"}
    for letter in desk.mail:
        text = f"{letter['Subject']} {letter.get_content()}".lower()
        assert not canaries & set(re.findall(r"\w+", text))
