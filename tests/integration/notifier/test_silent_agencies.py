"""An agency that is paused because it answered nothing is told so, once, and how to resume."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from contracts.codec import decode
from contracts.events import directory
from contracts.events.directory import ProgramPublished
from contracts.events.lifecycle import OfferRescinded
from contracts.vocabulary import PauseReason, RescindReason
from services.chassis.event_log import Record
from tests.integration.notifier.conftest import COORDINATOR, Desk
from tests.integration.notifier.story import START, Story, program, record

BEDS: Final = "harbour-beds"


def entry(version: int, program_id: str = BEDS, **changes: Any) -> Record:
    """A version of a program's entry, with what it says of a pause."""
    envelope = decode(program(program_id, "America/Chicago", version).message)
    assert isinstance(envelope.event, ProgramPublished)
    return record(directory.TOPIC, program_id, version, START, replace(envelope.event, **changes))


def silent(version: int, program_id: str = BEDS, since: datetime = START) -> Record:
    """The program of an agency that fell silent."""
    because = {"paused": True, "paused_because": PauseReason.SILENCE, "paused_since": since}
    return entry(version, program_id, **because)


def told(desk: Desk) -> list[tuple[str, str, str]]:
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    return sorted((n["recipient"], n["template"], n["state"]) for n in items)


def test_the_agency_and_the_coordinator_are_told_once_whatever_it_runs(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices([silent(1), silent(1, "harbour-second"), silent(2)])
    desk.work()
    assert told(desk) == [
        ("coordinator", "agency_silent", "no_contact"),
        ("harbour", "agency_paused", "sent"),
    ]
    (letter,) = desk.mail
    assert "harbour" in letter["Subject"]
    resume = "https://handoff.example.org/v1/directory/agencies/harbour/resume"
    assert resume in letter.get_content()


def test_a_notice_of_an_agency_has_no_referral(desk: Desk) -> None:
    desk.notices([silent(1)])
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    assert [notice["referral_id"] for notice in items] == [None, None]


def test_the_next_silence_is_told_anew(desk: Desk) -> None:
    desk.contacts("harbour")
    desk.notices([silent(1)])
    desk.work()
    desk.notices([entry(2), silent(3, since=START + timedelta(days=1))])
    desk.work()
    assert len(desk.mail) == 2


@pytest.mark.parametrize("because", [None, *sorted(set(PauseReason) - {PauseReason.SILENCE})])
def test_a_pause_that_somebody_asked_for_is_no_news(
    desk: Desk, because: PauseReason | None
) -> None:
    desk.notices([entry(1, paused=True, paused_because=because, paused_since=START)])
    assert told(desk) == []


def test_what_was_not_sent_is_dropped_once_the_agency_is_back(desk: Desk) -> None:
    desk.notices([silent(1), silent(1, "lodge-beds"), entry(2)])
    assert told(desk) == [
        ("coordinator", "agency_silent", "dropped"),
        ("coordinator", "agency_silent", "pending"),
        ("harbour", "agency_paused", "dropped"),
        ("lodge", "agency_paused", "pending"),
    ]


@pytest.mark.parametrize("reason", RescindReason)
def test_of_a_pause_no_letter_is_sent_for_each_offer(desk: Desk, reason: RescindReason) -> None:
    story = Story().submitted().offered().rescinded()
    last = decode(story.records[-1].message)
    assert isinstance(last.event, OfferRescinded)
    event = replace(last.event, reason=reason)
    taken_back = record(last.topic, last.key, last.seq, last.time, event)
    desk.notices([*story.records[:-1], taken_back])
    templates = {template for _, template, _ in told(desk)}
    stopped = reason in {RescindReason.PROGRAM_PAUSED, RescindReason.PROGRAM_CLOSED}
    assert ("offer_rescinded" in templates) is not stopped
