"""Staff: every step in every state, who is on call when, and whom a notice reaches."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final
from uuid import UUID

import pytest

from contracts.problems import ConflictError
from contracts.staff import StaffState
from contracts.vocabulary import Role, Urgency
from services.notifier.domain.contacts import Colleague, Contact, Reach, addresses, in_crisis
from services.notifier.domain.duty import Duty, Hours, is_on_call
from services.notifier.domain.staff import TABLE, Post, Step, advance, of_invitation

ALLOWED: Final = {
    "invited redeem active",
    "invited send_again invited",
    "invited withdraw withdrawn",
    "active leave left",
}
CHICAGO: Final = "America/Chicago"
NIGHTS: Final = (Hours((1, 2, 3, 4, 5), "22:00", "06:00"),)
DAYS: Final = (Hours((1,), "09:00", "17:00"),)
ROUND_THE_CLOCK: Final = (Hours((1,), "08:00", "08:00"),)
EARLY_SUNDAY: Final = (Hours((7,), "01:30", "02:30"),)


@pytest.mark.parametrize(("state", "step"), [*product(StaffState, Step)])
def test_the_table_allows_these_steps_and_no_others(state: StaffState, step: Step) -> None:
    after = TABLE.get((state, step))
    assert (after is not None) is any(f"{state} {step} " in line for line in ALLOWED)
    if after is None:
        with pytest.raises(ConflictError, match=f"who is {state} cannot"):
            advance(state, step)
    else:
        assert f"{state} {step} {advance(state, step)}" in ALLOWED


def local(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    """A moment by the clock of Chicago in winter, six hours behind UTC, in 2027."""
    return datetime(2027, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=6)


@pytest.mark.parametrize(
    ("hours", "moment", "expected"),
    [
        (DAYS, local(1, 9), True),  # a Monday
        (DAYS, local(1, 8, 59), False),
        (DAYS, local(1, 17), False),
        (DAYS, local(2, 10), False),
        (NIGHTS, local(1, 22), True),
        (NIGHTS, local(2, 5, 59), True),
        (NIGHTS, local(2, 6), False),
        (NIGHTS, local(1, 5), False),  # the night from Sunday is nobody's
        (NIGHTS, local(6, 5), True),  # the night from Friday ends on Saturday
        (NIGHTS, local(6, 23), False),
        (ROUND_THE_CLOCK, local(1, 8), True),
        (ROUND_THE_CLOCK, local(2, 7, 59), True),
        (ROUND_THE_CLOCK, local(2, 8), False),
        ((), local(1, 12), False),
    ],
)
def test_weekly_hours_are_by_the_agencys_clock_and_may_run_past_midnight(
    hours: tuple[Hours, ...], moment: datetime, *, expected: bool
) -> None:
    assert is_on_call(Duty(hours=hours), CHICAGO, moment) is expected


def minutes_on_call(first: datetime) -> int:
    """How many minutes of the twelve hours from a moment on are covered."""
    duty = Duty(hours=EARLY_SUNDAY)
    return sum(is_on_call(duty, CHICAGO, first + timedelta(minutes=n)) for n in range(12 * 60))


@pytest.mark.parametrize(
    ("midnight", "minutes"),
    [
        (local(7, 0), 60),
        (local(14, 0), 30),  # the clock goes from 02:00 to 03:00
        (local(6, 23, month=11), 90),  # 01:00 to 02:00 comes twice
    ],
)
def test_an_hour_that_a_clock_change_swallows_or_repeats_counts_as_the_clock_shows_it(
    midnight: datetime, minutes: int
) -> None:
    assert minutes_on_call(midnight) == minutes


def test_from_now_until_a_moment_somebody_is_on_call_whatever_the_hours() -> None:
    until = local(1, 12)
    duty = Duty(hours=(), on_call_until=until)
    assert is_on_call(duty, CHICAGO, until - timedelta(seconds=1))
    assert not is_on_call(duty, CHICAGO, until)


@pytest.mark.parametrize(("zone", "expected"), [("UTC", False), (None, True), ("Mars/Base", False)])
def test_hours_of_another_zone_are_by_that_clock(zone: str | None, *, expected: bool) -> None:
    duty = Duty(hours=(Hours((1,), "09:00", "10:00"),), time_zone=zone)
    assert is_on_call(duty, CHICAGO, local(1, 9)) is expected


def colleague(name: str, *, everyday: bool = True, on_call: bool = False) -> Colleague:
    return Colleague(
        staff_id=UUID(int=sum(name.encode())),
        email=f"{name}@example.org",
        name=name,
        phone=None,
        everyday=everyday,
        on_call=on_call,
    )


ANN: Final = colleague("ann")
NIA: Final = colleague("nia", on_call=True)
BOB: Final = colleague("bob", everyday=False)
DESK: Final = Contact("desk@example.org")
PAGER: Final = Contact("pager@example.org", on_call=True)


@pytest.mark.parametrize(
    ("reach", "urgency", "names"),
    [
        (Reach([ANN, NIA], [DESK, PAGER]), Urgency.CRISIS, "nia pager"),
        (Reach([ANN, BOB], [DESK, PAGER]), Urgency.CRISIS, "ann bob desk pager"),
        (Reach([ANN, NIA, BOB], [DESK]), Urgency.ROUTINE, "ann nia"),
        (Reach([BOB], [DESK, PAGER]), Urgency.URGENT, "desk"),
        (Reach([BOB], [PAGER]), Urgency.URGENT, "bob pager"),
        (Reach([ANN], [Contact("Ann@example.org")]), Urgency.CRISIS, "Ann"),
        (Reach(), Urgency.CRISIS, ""),
    ],
)
def test_a_crisis_reaches_who_is_on_call_and_all_if_nobody_is(
    reach: Reach, urgency: Urgency, names: str
) -> None:
    expected = tuple(f"{name}@example.org" for name in names.split())
    assert addresses(reach, urgency) == expected


def test_whoever_is_shown_as_on_call_is_whom_a_crisis_reaches() -> None:
    reach = Reach([ANN, NIA], [DESK, PAGER])
    shown = in_crisis(reach)
    everybody = (*(one.email for one in shown.staff), *(one.email for one in shown.contacts))
    assert everybody == addresses(reach, Urgency.CRISIS)


@pytest.mark.parametrize(
    ("post", "recipient", "reference"),
    [
        (Post(role=Role.PARTNER, agency_id="harbour"), "harbour", "harbour"),
        (Post(role=Role.OFFICER, unit_id="central"), None, "central"),
        (Post(role=Role.COORDINATOR), "coordinator", "coordinator"),
        (Post(role=Role.MANAGER), None, "manager"),
    ],
)
def test_a_post_says_whose_notices_reach_it(
    post: Post, recipient: str | None, reference: str
) -> None:
    assert (post.recipient, post.reference) == (recipient, reference)


def test_each_letter_of_invitation_is_a_notice_of_its_own() -> None:
    post = Post(role=Role.PARTNER, agency_id="harbour")
    letters = {of_invitation(UUID(int=one), post, n).notice_id for one in (1, 2) for n in (1, 2)}
    assert len(letters) == 4
