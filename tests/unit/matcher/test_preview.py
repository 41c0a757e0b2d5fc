"""Previews say what a decision would find, and say what nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import Accommodation, Need, Urgency
from services.matcher.domain.board import board_of, decide
from services.matcher.domain.directory import Hours, Place, Program, Requirement, Rule
from services.matcher.domain.place import cell_of
from services.matcher.domain.policy import Policy
from services.matcher.domain.preview import Preview, Unclear, preview
from services.matcher.domain.request import Facts
from tests.unit.matcher.samples import NOON, ZONE, facts, program, request

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
ALWAYS = (Hours(EVERY_DAY, "00:00", "00:00"),)
NIGHT = (Hours(EVERY_DAY, "20:00", "08:00"),)
OFFICE = (Hours((1, 2, 3, 4, 5), "09:00", "17:00"),)
HERE, NEAR, FAR = (Place(41.8 + d, -90.2, cell_of(41.8 + d, -90.2), f"{d} St") for d in (0, 1, 2))


def previewed(
    programs: list[Program], free: dict[str, int], at: datetime = NOON, **known: Any
) -> Preview:
    return preview(board_of(programs, free, ()), facts(**known), at, Policy(), 10)


def names(shown: Any) -> list[str]:
    return [one.program.id for one in shown]


def test_open_with_a_place_comes_first_and_what_is_unclear_is_to_be_called() -> None:
    programs = [
        program("open-beds", hours=ALWAYS),
        program("full-beds", hours=ALWAYS),
        program("closed-beds", hours=OFFICE),
        program("untold-beds", hours=ALWAYS),
        program("unknown-beds"),
        program("silent-beds"),
        program("taken-beds"),
        program("paused-beds", hours=ALWAYS, paused=True),
    ]
    free = {"open-beds": 1, "full-beds": 0, "closed-beds": 1, "unknown-beds": 2, "taken-beds": -1}
    found = previewed(programs, free | {"paused-beds": 3})
    assert names(found.open) == ["open-beds"]
    assert {one.program.id: one.unclear for one in found.ask} == {
        "untold-beds": (Unclear.PLACES,),
        "unknown-beds": (Unclear.HOURS,),
        "silent-beds": (Unclear.HOURS, Unclear.PLACES),
    }
    assert found.full == 1
    assert found.opens_first is None


def test_where_none_is_open_the_first_that_opens_is_told_and_no_full_one() -> None:
    night = datetime(2027, 3, 2, 2, tzinfo=ZoneInfo(ZONE))
    programs = [
        program("office-beds", hours=OFFICE),
        program("early-beds", hours=(Hours(EVERY_DAY, "06:00", "12:00"),)),
        program("full-beds", hours=(Hours(EVERY_DAY, "03:00", "12:00"),)),
    ]
    found = previewed(programs, {"office-beds": 1, "early-beds": 1, "full-beds": 0}, night)
    assert found.open == ()
    assert found.opens_first is not None
    assert found.opens_first.shown.program.id == "early-beds"
    assert found.opens_first.at == night + timedelta(hours=4)


def test_the_hours_of_a_program_are_of_its_own_zone() -> None:
    programs = [
        program("chicago-beds", hours=NIGHT),
        program("london-beds", hours=NIGHT, time_zone="Europe/London"),
    ]
    free = dict.fromkeys(["chicago-beds", "london-beds"], 1)
    evening = datetime(2027, 3, 1, 20, 30, tzinfo=UTC)
    assert names(previewed(programs, free, evening).open) == ["london-beds"]
    assert names(previewed(programs, free, evening + timedelta(hours=12)).open) == ["chicago-beds"]


def test_of_several_places_the_nearest_is_told_and_where_nobody_is_known_to_be_the_first() -> None:
    nowhere = Place(None, None, None, "3 St")
    several = program(hours=ALWAYS, places=(nowhere, FAR, HERE, NEAR))
    (one,) = previewed([several], {"harbour-beds": 1}, cell=NEAR.cell).open
    assert (one.place, one.distance_km) == (NEAR, 0)
    (one,) = previewed([several], {"harbour-beds": 1}).open
    assert (one.place, one.distance_km) == (nowhere, None)


def test_of_a_protected_need_neither_place_nor_distance_nor_question_is_told() -> None:
    need = Need.DOMESTIC_VIOLENCE_SHELTER
    refuge = program("refuge-line", needs=(need,), hours=ALWAYS, places=(HERE,), minimum_age=18)
    both = replace(refuge, id="both-line", needs=(need, Need.EMERGENCY_SHELTER))
    free = dict.fromkeys(["refuge-line", "both-line"], 1)
    for asked in (need, Need.EMERGENCY_SHELTER):
        found = previewed([refuge, both], free, need=asked, cell=NEAR.cell)
        assert all((one.place, one.distance_km) == (None, None) for one in found.open)
    hidden = previewed([refuge, both], free, need=need)
    assert [one.questions for one in hidden.open] == [(), ()]
    assert hidden.questions == ()


def test_what_must_be_asked_stands_beside_the_program_and_for_all() -> None:
    limited = program(hours=ALWAYS, eligibility=(Requirement(Rule.WOMEN_ONLY),), minimum_age=18)
    (one,) = previewed([limited], {"harbour-beds": 1}).open
    assert one.questions == (Question.AGE, Question.GENDER)
    found = previewed([limited], {"harbour-beds": 1}, age=30)
    assert found.questions == (Question.GENDER,)
    answered = (EligibilityCode.GENDER_MAN,)
    assert previewed([limited], {"harbour-beds": 1}, age=30, eligibility=answered).open == ()


PROGRAMS = st.builds(
    program,
    st.sampled_from([f"{name}-beds" for name in "abcdef"]),
    places=st.sampled_from([(), (HERE,), (NEAR,), (FAR,)]),
    languages=st.sampled_from([(), ("en",), ("es",)]),
    minimum_age=st.sampled_from([None, 18, 25]),
    paused=st.booleans(),
    hours=st.sampled_from([ALWAYS, NIGHT, OFFICE, ()]),
    accommodations=st.sampled_from([(), (Accommodation.PETS,)]),
)
FACTS = st.builds(
    facts,
    urgency=st.just(Urgency.CRISIS),
    age=st.sampled_from([None, 17, 30]),
    language=st.sampled_from([None, "en", "es"]),
    cell=st.sampled_from([None, HERE.cell]),
    accommodations=st.sampled_from([(), (Accommodation.PETS,)]),
)
MOMENTS = st.integers(0, 7 * 24).map(lambda hours: NOON + timedelta(hours=hours))


@given(
    st.lists(PROGRAMS, unique_by=lambda one: one.id),
    st.dictionaries(st.sampled_from([f"{name}-beds" for name in "abcdef"]), st.integers(-1, 2)),
    FACTS,
    MOMENTS,
)
def test_a_decision_at_that_moment_takes_what_the_preview_names_first(
    programs: list[Program], free: dict[str, int], known: Facts, at: datetime
) -> None:
    """Among programs whose hours and places are known, and that are open, both say the same."""
    found = preview(board_of(programs, free, ()), known, at, Policy(), 10)
    listed = {*names(found.open), *names(found.ask)}
    among = [one for one in programs if one.id in set(names(found.open))]
    made = decide(board_of(among, free, [request(facts=known)]), at, Policy())
    assert [choice.program_id for choice in made[0].choices] == names(found.open)[:1]
    # Whoever would be offered it at all, and is left out, is closed.
    chosen = decide(board_of(programs, free, [request(facts=known)]), at, Policy())[0].choices
    for choice in chosen:
        (entry,) = (one for one in programs if one.id == choice.program_id)
        assert choice.program_id in listed or entry.hours in (NIGHT, OFFICE)
