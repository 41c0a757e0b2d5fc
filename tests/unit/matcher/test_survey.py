"""The market that a plan is made of: who is where, what is free, and who could go there."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.vocabulary import Urgency
from services.matcher.domain.asking import day_of
from services.matcher.domain.capacity import StatedBy, Statement
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Hold
from services.matcher.domain.survey import Survey, Taken, accept_of, market_of
from tests.unit.matcher.samples import NOON, program, request

POLICY = Policy()
BEDS = program("plain-beds")


def stated(available: int, maximum: int | None = None) -> Statement:
    return Statement(
        available=available,
        maximum=maximum,
        stated_at=NOON - timedelta(days=2),
        counts_from=NOON - timedelta(days=2),
        accepted_counted=True,
        stated_by=StatedBy.AGENCY,
    )


def taken(number: int, days_ago: float, until: datetime | None = None) -> Taken:
    return Taken("plain-beds", UUID(int=number), NOON - timedelta(days=days_ago), until)


def survey(**changes: Any) -> Survey:
    plain = Survey(
        now=NOON,
        catalogue=Catalogue([BEDS]),
        programs=(BEDS,),
        statements={"plain-beds": stated(3, 5)},
        free={"plain-beds": 3},
        seeking=(),
        lately=(),
        since=NOON - timedelta(days=29),
        taken=(),
    )
    return replace(plain, **changes)


def days(found: Survey) -> list[float]:
    market = market_of(found, POLICY, accept_of(found))
    return sorted(round(elapsed, 3) for _, elapsed in market.occupied)


def places(found: Survey) -> int:
    (one,) = market_of(found, POLICY, accept_of(found)).programs
    return one.places


def test_of_whom_a_statement_counts_and_no_referral_brought_its_day_is_taken() -> None:
    assert (places(survey()), days(survey())) == (5, [2.0, 2.0])


def test_whom_referrals_brought_are_there_since_they_were_accepted() -> None:
    found = survey(taken=(taken(1, 9.0), taken(2, 1.0)))
    assert days(found) == [1.0, 2.0, 9.0]


def test_a_closure_that_nobody_recorded_takes_no_place() -> None:
    many = tuple(taken(number, 10.0 + number) for number in range(1, 5))
    assert days(survey(taken=many)) == [11.0, 12.0], "the newest two of the two that are counted"


def test_without_a_maximum_there_are_the_places_that_are_known_of() -> None:
    found = survey(statements={"plain-beds": stated(3)}, taken=(taken(1, 9.0), taken(2, 1.0)))
    assert (places(found), days(found)) == (4, [1.0, 9.0])


def test_who_left_is_nowhere_and_tells_how_long_a_stay_is() -> None:
    assert days(survey(taken=(taken(1, 9.0, NOON - timedelta(days=3)),))) == [2.0, 2.0]


def test_a_program_that_is_paused_or_has_stated_nothing_is_not_open() -> None:
    paused = replace(BEDS, paused=True)
    for found in (
        survey(programs=(paused,), catalogue=Catalogue([paused])),
        survey(statements={}, free={}),
    ):
        (one,) = market_of(found, POLICY, accept_of(found)).programs
        assert not one.open


def test_who_waits_has_the_programs_that_fit_but_none_that_holds_a_place_already() -> None:
    waits = request(1, urgency=Urgency.CRISIS)
    (asked,) = market_of(survey(seeking=(waits,)), POLICY, {"plain-beds": 0.5}).queue
    value, chance = asked.options["plain-beds"]
    assert value > 0
    assert chance == 0.5
    assert (asked.arrived, asked.window, asked.served) == (day_of(NOON), 1.0, None)
    holding = replace(waits, holds=(Hold("plain-beds", 1),))
    (asked,) = market_of(survey(seeking=(holding,)), POLICY, {}).queue
    assert asked.options == {}


def test_the_past_asks_as_if_nobody_had_answered_yet_and_knows_who_was_served() -> None:
    no = request(2, excluded=("plain-beds",))
    yes = request(3, holder=None)
    found = survey(lately=(no, yes), taken=(taken(3, 1.0, NOON),))
    market = market_of(found, POLICY, accept_of(found))
    assert [(one.id, one.served, [*one.options]) for one in market.past] == [
        (str(UUID(int=2)), False, ["plain-beds"]),
        (str(UUID(int=3)), True, ["plain-beds"]),
    ]
    assert accept_of(found)["plain-beds"] == round((1 + 10 * 0.75) / 12, 4)
