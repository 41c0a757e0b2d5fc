"""Pass, fail or ask: each rule, and that an unknown never excludes."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import Question
from contracts.vocabulary import Accommodation, Need, Sector
from services.matcher.domain.directory import Place, Program, Requirement, Rule
from services.matcher.domain.eligibility import Fit, Ground, Verdict, judge
from services.matcher.domain.place import cell_of
from services.matcher.domain.request import Request
from tests.unit.matcher.samples import program, request

FARTHEST = 100.0
HERE, CHICAGO = cell_of(41.80, -90.20), cell_of(41.88, -87.63)
CITY = Place(41.88, -87.63, CHICAGO)


def rule(name: Rule) -> dict[str, Any]:
    return {"eligibility": (Requirement(name),)}


def only(finding: Ground | Question) -> Verdict:
    return Verdict((finding,)) if isinstance(finding, Ground) else Verdict((), (finding,))


@pytest.mark.parametrize(
    ("of_program", "of_request", "expected"),
    [
        ({"active": False}, {}, Ground.INACTIVE),
        ({"paused": True}, {}, Ground.PAUSED),
        ({"training": True}, {}, Ground.TRAINING_MARK),
        ({}, {"training": True}, Ground.TRAINING_MARK),
        ({}, {"excluded": ("harbour-beds",)}, Ground.SAID_NO),
        ({}, {"avoided": ("harbour-beds",)}, Ground.AVOIDED),
        ({"needs": (Need.RENTAL_ASSISTANCE,)}, {}, Ground.NEED_NOT_SERVED),
        ({"minimum_age": 18}, {"age": 17}, Ground.TOO_YOUNG),
        ({"maximum_age": 24}, {"age": 25}, Ground.TOO_OLD),
        ({"minimum_age": 18}, {}, Question.AGE),
        ({"maximum_age": 24}, {}, Question.AGE),
        ({"languages": ("en",)}, {"language": "so"}, Question.LANGUAGE),
        (rule(Rule.DOCUMENTS_REQUIRED), {}, Question.DOCUMENTS),
        (rule(Rule.INCOME_LIMIT), {}, Question.INCOME),
        (rule(Rule.WOMEN_ONLY), {}, Question.GENDER),
        (rule(Rule.MEN_ONLY), {}, Question.GENDER),
        (rule(Rule.SOBRIETY_REQUIRED), {}, Question.SOBRIETY),
        (rule(Rule.FAMILIES_ONLY), {}, Question.HOUSEHOLD),
        (rule(Rule.FAMILIES_ONLY), {"household_size": 1}, Ground.FAMILIES_ONLY),
        ({}, {"accommodations": (Accommodation.PETS,)}, Ground.NO_PETS),
        ({}, {"accommodations": (Accommodation.WHEELCHAIR,)}, Ground.NO_WHEELCHAIR),
        ({}, {"accommodations": (Accommodation.SIGN_LANGUAGE,)}, Ground.NO_SIGN_LANGUAGE),
        ({}, {"accommodations": (Accommodation.TRANSPORT,)}, Ground.NO_TRANSPORT),
        ({}, {"accommodations": (Accommodation.CHILDREN,)}, Ground.NO_CHILDREN),
        ({"places": (CITY,)}, {"cell": HERE}, Ground.TOO_FAR),
    ],
)
def test_each_rule_finds_what_it_is_there_for(
    of_program: dict[str, Any], of_request: dict[str, Any], expected: Ground | Question
) -> None:
    assert judge(program(**of_program), request(**of_request), FARTHEST) == only(expected)


@pytest.mark.parametrize(
    ("of_program", "of_request"),
    [
        ({}, {}),
        ({"training": True}, {"training": True}),
        ({"minimum_age": 18, "maximum_age": 24}, {"age": 18}),
        ({"minimum_age": 18, "maximum_age": 24}, {"age": 24}),
        ({"languages": ("en", "so")}, {"language": "so"}),
        ({"languages": ("en",), "interpretation": "by telephone"}, {"language": "so"}),
        ({"languages": ("en",)}, {}),
        (rule(Rule.FAMILIES_ONLY), {"household_size": 2}),
        ({"accommodations": tuple(Accommodation)}, {"accommodations": (Accommodation.PETS,)}),
        ({"places": (CITY,)}, {"cell": CHICAGO}),
        ({"places": (CITY,)}, {}),
        ({}, {"cell": HERE}),
        ({"places": (CITY,)}, {"cell": HERE, "preferred": ("harbour-beds",)}),
    ],
)
def test_who_meets_the_rules_passes(of_program: dict[str, Any], of_request: dict[str, Any]) -> None:
    assert judge(program(**of_program), request(**of_request), FARTHEST).fit is Fit.PASS


def test_all_reasons_are_named_and_no_question_beside_them() -> None:
    strict = program(minimum_age=18, paused=True, eligibility=(Requirement(Rule.INCOME_LIMIT),))
    found = judge(strict, request(age=15), FARTHEST)
    assert found == Verdict((Ground.PAUSED, Ground.TOO_YOUNG))


def test_a_program_named_by_hand_may_take_whom_its_rules_would_not() -> None:
    strict = program(minimum_age=18, needs=(Need.RENTAL_ASSISTANCE,))
    assert judge(strict, request(age=15, hand="harbour-beds"), FARTHEST).fit is Fit.PASS


@pytest.mark.parametrize(
    ("of_program", "of_request", "expected"),
    [
        ({"paused": True}, {}, Ground.PAUSED),
        ({"active": False}, {}, Ground.INACTIVE),
        ({"training": True}, {}, Ground.TRAINING_MARK),
        ({"sector": Sector.YOUTH}, {}, Ground.OTHER_SECTOR),
        ({}, {"excluded": ("harbour-beds",)}, Ground.SAID_NO),
        ({}, {"avoided": ("harbour-beds",)}, Ground.AVOIDED),
    ],
)
def test_a_coordinator_too_is_bound_by_standing_and_by_a_no(
    of_program: dict[str, Any], of_request: dict[str, Any], expected: Ground
) -> None:
    asked = request(hand="harbour-beds", **of_request)
    assert judge(program(**of_program), asked, FARTHEST) == Verdict((expected,))


AGES = st.none() | st.integers(0, 120)
OFFERED = st.sets(st.sampled_from(Accommodation)).map(tuple)
PROGRAMS = st.builds(
    program,
    minimum_age=AGES,
    maximum_age=AGES,
    languages=st.sets(st.sampled_from(["en", "so", "es"])).map(tuple),
    interpretation=st.none() | st.just("by telephone"),
    accommodations=OFFERED,
    eligibility=st.sets(st.sampled_from(Rule)).map(lambda found: tuple(map(Requirement, found))),
    paused=st.booleans(),
    training=st.booleans(),
)
FACTS = {
    "age": AGES,
    "language": st.none() | st.sampled_from(["en", "so", "es"]),
    "household_size": st.none() | st.integers(1, 9),
}
REQUESTS = st.builds(request, accommodations=OFFERED, training=st.booleans(), **FACTS)


@given(PROGRAMS, REQUESTS)
def test_the_verdict_is_that_of_a_person_who_reads_the_rules(
    candidate: Program, asked: Request
) -> None:
    assert judge(candidate, asked, FARTHEST).fit is read_aloud(candidate, asked)


@given(PROGRAMS, REQUESTS, st.sets(st.sampled_from(sorted(FACTS))))
def test_to_know_less_never_excludes(candidate: Program, asked: Request, lost: set[str]) -> None:
    """Whom a program passes when all is known, it does not fail when less is."""
    if judge(candidate, asked, FARTHEST).fit is not Fit.FAIL:
        unknown: dict[str, Any] = dict.fromkeys(lost)
        less = replace(asked, facts=replace(asked.facts, **unknown))
        assert judge(candidate, less, FARTHEST).fit is not Fit.FAIL


def read_aloud(candidate: Program, asked: Request) -> Fit:
    """The rules once more, as one would read them to somebody."""
    facts, rules = asked.facts, {r.rule for r in candidate.eligibility}
    lowest = candidate.minimum_age if candidate.minimum_age is not None else -1
    highest = candidate.maximum_age if candidate.maximum_age is not None else 999
    out = candidate.paused or candidate.training != facts.training
    out |= facts.age is not None and not lowest <= facts.age <= highest
    out |= not set(facts.accommodations) <= set(candidate.accommodations)
    out |= Rule.FAMILIES_ONLY in rules and facts.household_size == 1
    if out:
        return Fit.FAIL
    ask = facts.age is None and (lowest, highest) != (-1, 999)
    ask |= bool(rules - {Rule.FAMILIES_ONLY})
    ask |= Rule.FAMILIES_ONLY in rules and facts.household_size is None
    understood = facts.language is None or facts.language in candidate.languages
    ask |= not understood and candidate.interpretation is None
    return Fit.ASK if ask else Fit.PASS


def test_a_protected_need_of_which_nothing_is_known_is_never_failed_for_the_person() -> None:
    refuge: dict[str, Any] = {"needs": (Need.DOMESTIC_VIOLENCE_SHELTER,), "minimum_age": 18}
    unknown = request(need=Need.DOMESTIC_VIOLENCE_SHELTER)
    for languages, named in product([(), ("en",)], Rule):
        strict = program(languages=languages, **refuge, **rule(named))
        assert judge(strict, unknown, FARTHEST).fit is Fit.ASK
