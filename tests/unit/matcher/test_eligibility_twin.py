"""Eligibility against a twin that reads the rules aloud, one by one, and knows no shortcut."""

from collections.abc import Iterator
from random import Random

import h3
import pytest

from contracts.questions import Question
from services.matcher.domain.directory import Program, Rule
from services.matcher.domain.eligibility import Doubt, Fit, Verdict, judge
from services.matcher.domain.request import Facts, Request
from services.matcher.domain.rules import RULES, RULES_VERSION, TOLD, Ground
from tests.unit.matcher.chance import program_by_chance, request_by_chance

FARTHEST = 60.0
# A few programs and requests of each are met by all the others, which is the cheaper way.
HERD = 100
TABLE = {
    "documents_required": ("documents_ready", "documents_none", "no_documents"),
    "income_limit": ("income_extremely_low", "income_higher", "income_too_high"),
    "women_only": ("gender_woman", "gender_man", "women_only"),
    "men_only": ("gender_man", "gender_woman", "men_only"),
    "sobriety_required": ("sobriety_month", "sobriety_none", "not_sober"),
}


def read_aloud(program: Program, request: Request) -> Verdict:
    """The verdict, by reading everything that may be said to somebody."""
    facts, by_hand = request.facts, request.hand is not None
    said: list[object] = []
    said += ["inactive"] * (not program.active)
    said += ["paused"] * program.paused
    said += ["training_mark"] * (program.training != facts.training)
    said += ["said_no"] * (program.id in request.excluded)
    said += ["avoided"] * (program.id in facts.avoided)
    said += ["other_sector"] * (program.sector != facts.sector)
    said += [] if by_hand else [*of_the_person(program, facts), *of_the_place(program, facts)]
    grounds = {ground for ground in Ground if ground.value in said}
    if grounds:
        return Verdict(tuple(sorted(grounds)))
    questions = {word for word in said if isinstance(word, Question)}
    doubts = {word for word in said if isinstance(word, Doubt)}
    return Verdict((), tuple(sorted(questions)), tuple(sorted(doubts)))


def of_the_person(program: Program, facts: Facts) -> Iterator[object]:
    if facts.need not in program.needs:
        yield "need_not_served"
    yield from of_the_age(program, facts.age)
    understood = {facts.language, *facts.also_speaks} & set(program.languages)
    if facts.language and not understood and not program.interpretation:
        yield Question.LANGUAGE
    yield from (
        f"no_{wanted.value}"
        for wanted in facts.accommodations
        if wanted not in program.accommodations
    )
    for requirement in program.eligibility:
        yield from of_a_rule(requirement.rule, facts)


def of_the_age(program: Program, age: int | None) -> Iterator[object]:
    low, high = program.minimum_age, program.maximum_age
    if age is None:
        yield from [Question.AGE] * (low is not None or high is not None)
        return
    yield from ["too_young"] * (low is not None and age < low)
    yield from ["too_old"] * (high is not None and age > high)


def of_a_rule(rule: Rule, facts: Facts) -> Iterator[object]:
    if rule == "other":
        yield Doubt.OTHER_RULE
    elif rule == "families_only":
        size = facts.household_size
        yield from [Question.HOUSEHOLD] * (size is None) + ["families_only"] * (size == 1)
    else:
        codes = {code.value for code in facts.eligibility}
        met, failed, ground = TABLE[rule.value]
        unanswered = {met, failed}.isdisjoint(codes)
        yield from [ground] * (failed in codes) + [Question(met.split("_")[0])] * unanswered


def of_the_place(program: Program, facts: Facts) -> Iterator[object]:
    known = [place.cell for place in program.places if place.cell is not None]
    if facts.cell is not None and known and program.id not in facts.preferred:
        here = h3.cell_to_latlng(facts.cell)
        far = [h3.great_circle_distance(here, h3.cell_to_latlng(cell)) for cell in known]
        if round(min(far), 2) > FARTHEST:
            yield "too_far"
    if program.area is not None:
        chain = {h3.cell_to_parent(facts.cell, up) for up in range(8)} if facts.cell else set()
        if not facts.cell or chain & set(program.area.edge):
            yield Doubt.SERVICE_AREA
        elif not chain & set(program.area.within):
            yield "outside_area"


def agree(cases: int) -> dict[Fit, int]:
    """So many cases by chance; how many of each verdict there were."""
    chance = Random(cases)  # noqa: S311 - the same in every run
    found = dict.fromkeys(Fit, 0)
    for herd in range(cases // HERD):
        programs = [program_by_chance(chance, number) for number in range(HERD // 10)]
        for number in range(10):
            request = request_by_chance(chance, 10 * herd + number, programs)
            for program in programs:
                verdict = judge(program, request, FARTHEST)
                assert verdict == read_aloud(program, request), (program, request)
                found[verdict.fit] += 1
    return found


def test_ten_thousand_cases_are_judged_as_they_are_read_aloud() -> None:
    found = agree(10_000)
    assert sum(found.values()) == 10_000
    assert all(count > 200 for count in found.values()), found


@pytest.mark.soak
def test_a_million_cases_are_judged_as_they_are_read_aloud() -> None:
    assert sum(agree(1_000_000).values()) == 1_000_000


def test_every_ground_is_told_in_words_and_every_rule_is_judged_or_left_to_the_agency() -> None:
    assert set(TOLD) == set(Ground)
    assert set(RULES) == set(Rule) - {Rule.OTHER}


def test_who_changes_a_rule_counts_its_version_up() -> None:
    """Explanations name the version: the same one must always mean the same rules."""
    told = [(rule.value, *map(str, (a.met_by, a.failed_by, a.ground))) for rule, a in RULES.items()]
    assert (RULES_VERSION, sorted(told)) == (
        "rules-2",
        [
            ("documents_required", "documents_ready", "documents_none", "no_documents"),
            ("families_only", "None", "None", "families_only"),
            ("income_limit", "income_extremely_low", "income_higher", "income_too_high"),
            ("men_only", "gender_man", "gender_woman", "men_only"),
            ("sobriety_required", "sobriety_month", "sobriety_none", "not_sober"),
            ("women_only", "gender_woman", "gender_man", "women_only"),
        ],
    )
