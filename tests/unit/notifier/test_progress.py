"""The fold: facts are the newest, stages the first, and figures follow from it alone."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bodies.notifier import DIMENSIONS
from contracts.vocabulary import (
    AgeBand,
    EntryDoor,
    Origin,
    Outcome,
    Reason,
    ReferralState,
    Sector,
    Side,
    Urgency,
)
from services.notifier.domain.contributions import (
    Contributions,
    contributions,
    difference,
    month_of,
    of_tally,
)
from services.notifier.domain.figures import nearest_rank, shares, spread
from services.notifier.domain.measures import (
    BESIDE,
    COUNTS,
    FUNNEL,
    RATES,
    TIMES,
    Dimension,
    Interval,
    Measure,
)
from services.notifier.domain.progress import OfferStep, Progress, Step, fold
from services.notifier.domain.referral import Referral

START: Final = datetime(2027, 3, 1, 15, tzinfo=UTC)
REFERRAL: Final = Referral(
    referral_id=UUID(int=9),
    reference="7QK4-M2XD",
    state=ReferralState.ROUTING,
    submitted_at=START,
    sector=Sector.HOUSING,
    urgency=Urgency.URGENT,
    entry_door=EntryDoor.COMMUNITY,
    language="es",
    age_band=AgeBand.FROM_25_TO_44,
)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def step(kind: OfferStep, at: float, offer: int = 1, **more: Any) -> Step:
    agency = f"agency-{offer}"
    return Step(kind=kind, at=minute(at), offer_id=UUID(int=offer), agency_id=agency, **more)


def folded(*steps: Step, state: ReferralState = ReferralState.OFFERED) -> Progress:
    progress = fold(None, REFERRAL, START)
    for one in steps:
        progress = fold(progress, replace(REFERRAL, state=state), one.at, one)
    return progress


def counted(progress: Progress) -> dict[str, int]:
    cells = contributions(progress).counts
    return {cell.measure: n for cell, n in cells.items() if cell.dimension == "all"}


def timed(progress: Progress) -> dict[str, int]:
    cells = contributions(progress).times
    return {cell.interval: cell.minutes for cell in cells if cell.dimension == "all"}


def test_the_first_of_each_stage_counts() -> None:
    progress = folded(
        step(OfferStep.MADE, 10),
        step(OfferStep.ACCEPTED, 20),
        step(OfferStep.CONTACTED, 30),
        step(OfferStep.CONTACTED, 40),
        step(OfferStep.ENGAGED, 50),
        step(OfferStep.ENGAGED, 60),
    )
    assert timed(progress) == {
        "submitted_to_offered": 10,
        "offered_to_answered": 10,
        "submitted_to_accepted": 20,
        "accepted_to_first_contact": 10,
        "accepted_to_engaged": 30,
    }


def test_a_contact_dated_before_the_acceptance_takes_no_time() -> None:
    progress = folded(
        step(OfferStep.MADE, 0), step(OfferStep.ACCEPTED, 20), step(OfferStep.CONTACTED, 15)
    )
    assert timed(progress)["accepted_to_first_contact"] == 0


def test_minutes_are_rounded_down() -> None:
    assert timed(folded(step(OfferStep.MADE, 9.99)))["submitted_to_offered"] == 9


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (OfferStep.ACCEPTED, {}, {"offers_accepted"}),
        (OfferStep.LAPSED, {}, {"offers_lapsed"}),
        (OfferStep.RESCINDED, {}, set()),
        (OfferStep.DECLINED, {"side": Side.PROVIDER}, {"offers_declined"}),
        (
            OfferStep.DECLINED,
            {"side": Side.PERSON},
            {"offers_declined", "offers_declined_by_person"},
        ),
        (OfferStep.ACKNOWLEDGED, {}, {"offers_open"}),
    ],
)
def test_an_offer_is_answered_once(
    kind: OfferStep, more: dict[str, Any], expected: set[str]
) -> None:
    found = counted(folded(step(OfferStep.MADE, 0), step(kind, 5, **more)))
    assert {name for name in found if name.startswith("offers_")} == {"offers_made"} | expected


@pytest.mark.parametrize("kind", [OfferStep.DECLINED, OfferStep.NOT_SERVED])
@pytest.mark.parametrize("side", Side)
def test_what_comes_back_after_acceptance_stays_accepted(kind: OfferStep, side: Side) -> None:
    found = counted(
        folded(step(OfferStep.MADE, 0), step(OfferStep.ACCEPTED, 1), step(kind, 2, side=side))
    )
    assert found["offers_accepted"] == 1
    assert "offers_declined" not in found
    assert ("offers_returned" in found) == (side is Side.PROVIDER)


def test_no_capacity_counts_until_somebody_accepts() -> None:
    full = step(OfferStep.DECLINED, 1, reason=Reason.NO_CAPACITY, side=Side.PROVIDER)
    declined = folded(step(OfferStep.MADE, 0), full)
    assert counted(declined)["no_capacity"] == 1
    later = folded(
        *(step(OfferStep.MADE, 0), full),
        *(step(OfferStep.MADE, 2, offer=2), step(OfferStep.ACCEPTED, 3, offer=2)),
    )
    assert "no_capacity" not in counted(later)


def test_what_was_once_waitlisted_or_unplaced_remains_so() -> None:
    progress = folded(step(OfferStep.MADE, 0), state=ReferralState.WAITLISTED)
    progress = fold(progress, replace(REFERRAL, state=ReferralState.UNPLACED), minute(1))
    found = counted(fold(progress, replace(REFERRAL, state=ReferralState.OFFERED), minute(2)))
    assert found["waitlisted_ever"] == found["unplaced_ever"] == found["open"] == 1


def test_the_outcome_counts_when_the_referral_is_closed() -> None:
    referral = replace(REFERRAL, state=ReferralState.ACCEPTED)
    progress = fold(None, referral, START, step(OfferStep.COMPLETED, 5), Outcome.HOUSED)
    assert "got_help" not in counted(progress)
    closed = fold(progress, replace(REFERRAL, state=ReferralState.CLOSED), minute(7))
    assert counted(closed)["got_help"] == counted(closed)["outcome_housed"] == 1
    assert timed(closed)["submitted_to_closed"] == 7


def test_completion_without_a_recorded_beginning_is_engaged_and_not_timed() -> None:
    progress = folded(
        step(OfferStep.MADE, 0), step(OfferStep.ACCEPTED, 1), step(OfferStep.COMPLETED, 9)
    )
    assert counted(progress)["engaged"] == 1
    assert "accepted_to_engaged" not in timed(progress)


@pytest.mark.parametrize(
    "referral",
    [replace(REFERRAL, training=True), replace(REFERRAL, state=ReferralState.ENTERED_IN_ERROR)],
)
def test_training_and_errors_contribute_nothing(referral: Referral) -> None:
    progress = fold(folded(step(OfferStep.MADE, 0)), referral, minute(1))
    assert contributions(progress) == Contributions()


def test_every_dimension_sums_to_the_whole() -> None:
    progress = folded(
        step(OfferStep.MADE, 0),
        step(OfferStep.LAPSED, 1),
        step(OfferStep.MADE, 2, offer=2),
        step(OfferStep.ACCEPTED, 3, offer=2),
    )
    tally = of_tally(START, Sector.HOUSING, EntryDoor.COMMUNITY)
    for found in (contributions(progress), tally):
        totals = {
            dimension: Counter(
                {
                    measure: sum(
                        n for c, n in found.counts.items() if c[0] == dimension and c[3] == measure
                    )
                    for measure in COUNTS
                }
            )
            for dimension in Dimension
        }
        assert all(total == totals[Dimension.ALL] for total in totals.values())


def test_a_difference_turns_the_old_cells_into_the_new() -> None:
    old = contributions(folded(step(OfferStep.MADE, 0)))
    new = contributions(folded(step(OfferStep.MADE, 0), step(OfferStep.LAPSED, 5)))
    change = difference(old, new)
    assert 0 not in change.counts.values()
    assert min(change.counts.values()) < 0
    again = Counter(old.counts)
    again.update(change.counts)
    assert {cell: n for cell, n in again.items() if n} == new.counts
    assert difference(new, new) == Contributions()


def test_a_month_is_that_of_utc() -> None:
    evening = datetime.fromisoformat("2027-03-31T20:00:00-05:00")
    assert month_of(evening) == "2027-04"


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([0.5, 0.9]))
def test_nearest_rank_is_that_of_the_sorted_list(values: list[int], share: float) -> None:
    rank = -(-len(values) * int(share * 10) // 10)
    assert nearest_rank(Counter(values), share) == sorted(values)[rank - 1]


def test_nothing_has_no_median() -> None:
    assert spread({}).median is None
    assert shares({})["acceptance"].value is None


def test_every_figure_is_defined_and_every_formula_speaks_of_defined_counts() -> None:
    assert set(Measure) <= set(COUNTS)
    assert {f"outcome_{outcome}" for outcome in Outcome} <= set(COUNTS)
    assert set(Interval) == set(TIMES)
    for rate in RATES.values():
        assert {*rate.numerator, *rate.denominator} <= set(COUNTS)
    assert {*FUNNEL, *BESIDE} <= set(COUNTS)
    assert all(text.strip() for text in [*COUNTS.values(), *TIMES.values()])


def test_the_contract_names_the_dimensions() -> None:
    assert {*DIMENSIONS, "all"} == set(Dimension)


def test_a_row_of_the_past_counts_in_the_month_in_which_it_occurred() -> None:
    past = replace(REFERRAL, origin=Origin.IMPORTED, occurred_at=datetime(2021, 5, 1, tzinfo=UTC))
    for referral, month in ((past, "2021-05"), (REFERRAL, "2027-03")):
        counted = contributions(fold(None, referral, START))
        assert {cell.month for cell in counted.counts} == {month}
