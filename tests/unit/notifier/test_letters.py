"""Texts: every template speaks of what it may, and of nothing else."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from contracts.vocabulary import Need, Sector, Urgency
from services.notifier.channels import letters
from services.notifier.channels.letters import Letter, Subject, as_message, local, write
from services.notifier.domain.contacts import Contact, Reach, addresses
from services.notifier.domain.notices import Template

NOW: Final = datetime(2027, 3, 1, 15, tzinfo=UTC)
SUBJECT: Final = Subject(
    template=Template.OFFER_MADE,
    reference="7QK4-M2XD",
    sector=Sector.MENTAL_HEALTH,
    urgency=Urgency.CRISIS,
    training=False,
    deadline_at=NOW,
    time_zone="America/Los_Angeles",
    link="https://handoff.example.org/v1/offers/1",
)
# Of no referral: they name no sector, and are of no exercise.
ABOUT_STAFF: Final = frozenset({Template.INVITATION, Template.AGENCY_UNREACHABLE})


def letter(subject: Subject) -> Letter:
    return write(subject, UUID(int=7), ("desk@example.org",), NOW)


@pytest.mark.parametrize("template", Template)
def test_every_template_has_a_text_with_reference_and_link(template: Template) -> None:
    written = letter(replace(SUBJECT, template=template))
    assert SUBJECT.reference in written.subject
    assert "\n" not in written.subject
    assert SUBJECT.link in written.body
    assert ("mental health" in written.body) is (template not in ABOUT_STAFF)
    assert "{" not in written.subject + written.body
    assert all(len(line) <= 100 for line in written.body.splitlines())


@pytest.mark.parametrize("template", Template)
def test_every_text_says_training_in_training(template: Template) -> None:
    written = letter(replace(SUBJECT, template=template, training=True))
    assert written.subject.startswith("[training] ") is (template not in ABOUT_STAFF)


def test_no_text_is_without_a_template() -> None:
    texts = Path(letters.__file__).parent / "texts"
    assert {path.stem for path in texts.iterdir()} == set(Template)


def test_a_letter_can_name_no_need_and_no_fact_of_a_person() -> None:
    """What a text may speak of is this list; a field added to it has to be defended here."""
    assert {field.name for field in fields(Subject)} == {
        "template",
        "reference",
        "sector",
        "urgency",
        "training",
        "deadline_at",
        "time_zone",
        "link",
        "code",
    }
    spoken = " ".join(
        path.read_text() for path in (Path(letters.__file__).parent / "texts").iterdir()
    )
    used = set(re.findall(r"{{ *(\w+)", spoken))
    assert used == {"reference", "sector", "urgency", "deadline", "link", "code"}
    assert not {need.value for need in Need} & set(re.findall(r"\w+", spoken))


def test_a_deadline_is_told_in_the_agencys_time() -> None:
    assert "07:00 on Mon 1 Mar 2027 (America/Los_Angeles)" in letter(SUBJECT).subject


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd", "a\0b", "x" * 300])
def test_a_time_zone_that_nobody_knows_is_told_as_utc(zone: str) -> None:
    assert local(NOW, zone) == "15:00 on Mon 1 Mar 2027 (UTC)"


def test_a_letter_is_plain_text_that_says_it_is_automatic() -> None:
    message = as_message(letter(SUBJECT), "Handoff <post@example.org>")
    assert message.get_content_type() == "text/plain"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{UUID(int=7)}@example.org>"


DAY: Final = Contact("day@example.org")
NIGHT: Final = Contact("night@example.org", on_call=True)


@pytest.mark.parametrize(
    ("contacts", "urgency", "expected"),
    [
        ([DAY, NIGHT], Urgency.CRISIS, ("day@example.org", "night@example.org")),
        ([DAY, NIGHT], Urgency.URGENT, ("day@example.org",)),
        ([NIGHT], Urgency.ROUTINE, ("night@example.org",)),
        ([], Urgency.CRISIS, ()),
    ],
)
def test_those_on_call_are_written_to_in_a_crisis_or_where_nobody_else_is(
    contacts: list[Contact], urgency: Urgency, expected: tuple[str, ...]
) -> None:
    assert addresses(Reach(contacts=contacts), urgency) == expected
