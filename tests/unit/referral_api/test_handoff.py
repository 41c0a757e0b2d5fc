"""What an officer may record of a handoff: which moments a kind has, in which order, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.problems import InvalidError
from contracts.vocabulary import HandoffKind
from services.referral_api.domain.handoff import MOMENTS_OF, Handoff, earliest, recorded

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)
FIRST = NOW - timedelta(hours=3)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


MET = Handoff(kind=HandoffKind.IN_PERSON, called_at=ago(60), arrived_at=ago(30), left_at=ago(10))


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (Handoff(), {"kind": HandoffKind.COLD}, Handoff(kind=HandoffKind.COLD)),
        (
            Handoff(kind=HandoffKind.IN_PERSON, called_at=ago(60)),
            {"arrived_at": ago(30), "left_at": ago(10)},
            MET,
        ),
        (
            MET,
            {"kind": HandoffKind.PHONE, "arrived_at": None, "left_at": None},
            Handoff(kind=HandoffKind.PHONE, called_at=ago(60)),
        ),
        (MET, {}, MET),
        (
            Handoff(),
            {"kind": HandoffKind.IN_PERSON, "arrived_at": NOW},
            Handoff(kind=HandoffKind.IN_PERSON, arrived_at=NOW),
        ),
    ],
)
def test_what_is_said_now_stands_in_place_of_what_was_said_before(
    before: Handoff, said: dict[str, Any], after: Handoff
) -> None:
    assert recorded(before, said, (FIRST, NOW)) == after


@pytest.mark.parametrize(
    ("before", "said", "field"),
    [
        (Handoff(), {}, "kind"),
        (Handoff(), {"called_at": ago(5)}, "kind"),
        (MET, {"kind": None}, "kind"),
        (MET, {"kind": HandoffKind.PHONE}, "arrived_at"),
        (MET, {"kind": HandoffKind.COLD}, "called_at"),
        (MET, {"called_at": ago(20)}, "arrived_at"),
        (MET, {"left_at": ago(40)}, "left_at"),
        (MET, {"arrived_at": None}, "left_at"),
        (MET, {"left_at": NOW + timedelta(seconds=1)}, "left_at"),
        (MET, {"called_at": FIRST - timedelta(seconds=1)}, "called_at"),
    ],
)
def test_what_cannot_have_been_names_the_field(
    before: Handoff, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        recorded(before, said, (FIRST, NOW))
    assert list(refused.value.errors) == [field]


def test_every_kind_says_which_moments_it_has() -> None:
    assert set(MOMENTS_OF) == set(HandoffKind)


def test_a_handoff_may_be_as_old_as_its_encounter() -> None:
    shift = timedelta(hours=12)
    assert earliest(FIRST, NOW, shift) == FIRST
    assert earliest(None, NOW, shift) == NOW - shift
