"""The score: its terms, their sum, and the order that it makes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Accommodation, Urgency
from services.matcher.domain.directory import Hours, Place, Program, Requirement, Rule
from services.matcher.domain.eligibility import Fit, judge
from services.matcher.domain.place import cell_of, distance_km, nearest_km
from services.matcher.domain.request import Request
from services.matcher.domain.score import Scored, Weights, score
from tests.unit.matcher.samples import program, request

HERE = cell_of(41.80, -90.20)
POINTS = st.tuples(st.floats(41.0, 42.5), st.floats(-91.0, -89.5))
NIGHT = (Hours((1, 2, 3, 4, 5, 6, 7), "20:00", "08:00"),)
TWO_AT_NIGHT = datetime(2027, 6, 2, 7, tzinfo=UTC)  # in Chicago
NOON = datetime(2027, 6, 2, 17, tzinfo=UTC)


def at(latitude: float, longitude: float) -> tuple[Place, ...]:
    return (Place(latitude, longitude, cell_of(latitude, longitude)),)


def scored(candidate: Program, asked: Request, now: datetime = NOON) -> Scored:
    return score(candidate, asked, judge(candidate, asked, 1000.0), now, Weights())


PROGRAMS = st.builds(
    program,
    places=POINTS.map(lambda point: at(*point)) | st.just(()),
    languages=st.sets(st.sampled_from(["en", "so"])).map(tuple),
    interpretation=st.just("by telephone"),
    accommodations=st.just(tuple(Accommodation)),
    hours=st.sampled_from([(), NIGHT]),
    eligibility=st.sets(st.sampled_from(Rule)).map(lambda found: tuple(map(Requirement, found))),
)
REQUESTS = st.builds(
    request,
    urgency=st.sampled_from(Urgency),
    language=st.sampled_from([None, "en", "so", "es"]),
    cell=st.sampled_from([None, HERE]),
    preferred=st.sampled_from([(), ("harbour-beds",)]),
    accommodations=st.sets(st.sampled_from(Accommodation)).map(tuple),
    household_size=st.just(3),
)


@given(PROGRAMS, REQUESTS)
def test_the_terms_sum_to_the_score_and_none_is_empty(candidate: Program, asked: Request) -> None:
    found = scored(candidate, asked)
    assert found.score == pytest.approx(sum(found.terms.values()), abs=0.005)
    assert all(found.terms.values())


def test_a_place_whose_point_nobody_says_counts_as_far_and_who_has_none_comes() -> None:
    asked, somewhere = request(cell=HERE), (Place(None, None, None, "1 Quay"),)
    unknown = scored(program(places=somewhere), asked)
    far = scored(program(places=at(42.5, -89.5)), asked)
    assert (unknown.distance_km, unknown.score) == (None, -Weights().per_km * Weights().longest_km)
    assert unknown.score <= far.score
    assert scored(program(places=()), asked).score == 0.0
    assert scored(program(places=somewhere), request(cell=None)).score == 0.0
    both = scored(program(places=(*somewhere, *at(41.80, -90.20))), asked)
    assert both.distance_km == 0.0


@given(PROGRAMS, PROGRAMS, REQUESTS, st.sampled_from([NOON, TWO_AT_NIGHT]))
def test_who_has_to_be_asked_ranks_below_who_is_known_to_take_the_person(
    one: Program, other: Program, asked: Request, now: datetime
) -> None:
    fits = {judge(one, asked, 1000.0).fit, judge(other, asked, 1000.0).fit}
    if fits == {Fit.PASS, Fit.ASK}:
        pair = sorted((one, other), key=lambda p: judge(p, asked, 1000.0).fit is Fit.ASK)
        assert scored(pair[0], asked, now).score > scored(pair[1], asked, now).score


def test_the_nearest_of_its_places_counts_a_point_for_each_km() -> None:
    near, far = at(41.85, -90.20), at(42.10, -90.20)
    found = scored(program(places=far + near), request(cell=HERE))
    assert found.distance_km == distance_km(HERE, near[0].cell)
    assert found.terms == {"distance": -found.distance_km}


def test_very_far_costs_no_more_than_far() -> None:
    terms = scored(program(places=at(43.5, -90.20)), request(cell=HERE)).terms
    assert terms == {"distance": -Weights().longest_km}


def test_without_a_place_on_either_side_there_is_no_distance() -> None:
    assert scored(program(), request(cell=HERE)).distance_km is None
    assert scored(program(places=at(41.8, -90.2)), request()).distance_km is None


def test_an_interpreter_costs_points_and_the_language_itself_none() -> None:
    speaker = program(languages=("so",))
    by_telephone = program(languages=("en",), interpretation="by telephone")
    assert scored(speaker, request(language="so")).terms == {}
    assert scored(by_telephone, request(language="so")).terms == {"interpreter": -8.0}


def test_open_doors_count_in_a_crisis_only() -> None:
    night = program(hours=NIGHT)
    crisis = request(urgency=Urgency.CRISIS)
    assert scored(night, crisis, TWO_AT_NIGHT).terms == {"open_now": 15.0}
    assert scored(night, crisis, NOON).terms == {}
    assert scored(night, request(), TWO_AT_NIGHT).terms == {}


def test_what_the_person_does_not_need_is_better_kept_for_others() -> None:
    offers = program(accommodations=(Accommodation.PETS, Accommodation.WHEELCHAIR))
    asked = request(accommodations=(Accommodation.PETS,))
    assert scored(offers, asked).terms == {"spare_accommodations": -1.0}


def test_a_preferred_program_is_worth_twenty_km() -> None:
    assert scored(program(), request(preferred=("harbour-beds",))).terms == {"preferred": 20.0}


def test_distance_is_that_of_the_globe() -> None:
    london, paris = cell_of(51.5074, -0.1278), cell_of(48.8566, 2.3522)
    assert distance_km(london, paris) == pytest.approx(343.6, abs=3)
    assert distance_km(london, london) == 0.0
    assert nearest_km(london, []) is None
