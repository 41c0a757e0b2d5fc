"""The closed word lists: complete where one list leans on another, and spelt one way."""

import re
from enum import StrEnum

import pytest

from contracts import vocabulary
from contracts.vocabulary import (
    GOT_HELP,
    PROTECTED_NEEDS,
    SECTOR_OF,
    SIDES_OF,
    AgeBand,
    Need,
    Outcome,
    Reason,
    RescindReason,
    Sector,
    Side,
    age_band,
)

LISTS = [
    word
    for word in vars(vocabulary).values()
    if isinstance(word, type) and issubclass(word, StrEnum) and word is not StrEnum
]


def test_every_need_has_a_sector_and_every_sector_a_need() -> None:
    assert set(SECTOR_OF) == set(Need)
    assert set(SECTOR_OF.values()) == set(Sector)


def test_every_reason_has_a_side_and_every_side_a_reason() -> None:
    assert set(SIDES_OF) == set(Reason)
    assert all(SIDES_OF.values())
    assert set().union(*SIDES_OF.values()) == set(Side)


def test_only_unable_to_contact_may_lie_on_either_side() -> None:
    either = {reason for reason, sides in SIDES_OF.items() if len(sides) > 1}
    assert either == {Reason.UNABLE_TO_CONTACT}


def test_revoked_consent_lies_on_the_persons_side_so_that_it_ends_the_referral() -> None:
    assert SIDES_OF[Reason.CONSENT_REVOKED] == {Side.PERSON}


def test_domestic_violence_is_protected() -> None:
    assert Need.DOMESTIC_VIOLENCE_SHELTER in PROTECTED_NEEDS


def test_help_was_got_unless_it_was_information_or_nothing() -> None:
    assert set(Outcome) - GOT_HELP == {Outcome.INFORMATION_GIVEN, Outcome.NOT_SERVED}


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (None, AgeBand.UNKNOWN),
        (0, AgeBand.UNDER_18),
        (17, AgeBand.UNDER_18),
        (18, AgeBand.FROM_18_TO_24),
        (24, AgeBand.FROM_18_TO_24),
        (25, AgeBand.FROM_25_TO_44),
        (44, AgeBand.FROM_25_TO_44),
        (45, AgeBand.FROM_45_TO_64),
        (64, AgeBand.FROM_45_TO_64),
        (65, AgeBand.FROM_65),
        (120, AgeBand.FROM_65),
    ],
)
def test_the_band_of_an_age_changes_at_its_limits(age: int | None, band: AgeBand) -> None:
    assert age_band(age) is band


def test_every_band_is_the_band_of_some_age() -> None:
    assert {age_band(age) for age in [None, *range(121)]} == set(AgeBand)


def test_taking_an_offer_back_never_blames_the_person_or_the_provider() -> None:
    assert not set(RescindReason) & {Reason.NO_RESPONSE, Reason.NO_CAPACITY, Reason.DECLINED}


@pytest.mark.parametrize("words", LISTS, ids=lambda words: words.__name__)
def test_words_are_lower_case_with_underscores_and_their_lists_say_what_they_are(
    words: type[StrEnum],
) -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", word) for word in words)
    assert words.__doc__
