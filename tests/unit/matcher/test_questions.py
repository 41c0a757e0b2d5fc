"""What programs ask: which answer meets which rule, what stays open, and of whom none is asked."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import EligibilityCode, Question, question_of
from contracts.vocabulary import Need
from services.matcher.domain.board import board_of, decide
from services.matcher.domain.directory import Program, Requirement, Rule
from services.matcher.domain.eligibility import (
    Fit,
    Ground,
    Verdict,
    asks,
    judge,
    open_questions,
)
from services.matcher.domain.journal import Entry, Kind, replay
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import seen_json, seen_of
from services.matcher.domain.rules import RULES
from tests.unit.matcher.samples import NOON, facts, program, request

FARTHEST = 100.0
PASS = Verdict()
CODE = EligibilityCode


def with_rule(rule: Rule, **more: Any) -> Program:
    return program(eligibility=(Requirement(rule),), **more)


def ask(question: Question) -> Verdict:
    return Verdict((), (question,))


def fail(ground: Ground) -> Verdict:
    return Verdict((ground,))


TABLE: dict[Rule, dict[EligibilityCode, Verdict]] = {
    Rule.DOCUMENTS_REQUIRED: {
        CODE.DOCUMENTS_READY: PASS,
        CODE.DOCUMENTS_SOME: ask(Question.DOCUMENTS),
        CODE.DOCUMENTS_NONE: fail(Ground.NO_DOCUMENTS),
    },
    Rule.INCOME_LIMIT: {
        CODE.INCOME_EXTREMELY_LOW: PASS,
        CODE.INCOME_VERY_LOW: ask(Question.INCOME),
        CODE.INCOME_LOW: ask(Question.INCOME),
        CODE.INCOME_HIGHER: fail(Ground.INCOME_TOO_HIGH),
    },
    Rule.WOMEN_ONLY: {
        CODE.GENDER_WOMAN: PASS,
        CODE.GENDER_MAN: fail(Ground.WOMEN_ONLY),
        CODE.GENDER_ANOTHER: ask(Question.GENDER),
    },
    Rule.MEN_ONLY: {
        CODE.GENDER_WOMAN: fail(Ground.MEN_ONLY),
        CODE.GENDER_MAN: PASS,
        CODE.GENDER_ANOTHER: ask(Question.GENDER),
    },
    Rule.SOBRIETY_REQUIRED: {
        CODE.SOBRIETY_MONTH: PASS,
        CODE.SOBRIETY_DAYS: ask(Question.SOBRIETY),
        CODE.SOBRIETY_NONE: fail(Ground.NOT_SOBER),
    },
    # The size of the household answers it, and no code.
    Rule.FAMILIES_ONLY: {},
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("code", EligibilityCode)
def test_each_code_meets_fails_or_leaves_open_the_rules_that_ask_for_it(
    rule: Rule, code: EligibilityCode
) -> None:
    unanswered = ask(RULES[rule].question)
    expected = TABLE[rule].get(code, unanswered)
    assert judge(with_rule(rule), request(eligibility=(code,)), FARTHEST) == expected


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_which_nothing_is_known_has_a_question_and_the_question_an_end(
    rule: Rule,
) -> None:
    question = RULES[rule].question
    assert judge(with_rule(rule), request(), FARTHEST) == ask(question)
    codes = {code for code in EligibilityCode if question_of(code) is question}
    assert set(TABLE[rule]) == codes
    answered = [request(eligibility=(code,)) for code in codes] or [
        request(household_size=size) for size in (1, 2)
    ]
    found = {judge(with_rule(rule), one, FARTHEST).fit for one in answered}
    assert found >= {Fit.PASS, Fit.FAIL}


def test_another_language_that_the_person_speaks_answers_the_question() -> None:
    english = program(languages=("en",))
    assert judge(english, request(language="so"), FARTHEST) == ask(Question.LANGUAGE)
    assert judge(english, request(language="so", also_speaks=("en", "it")), FARTHEST) == PASS
    assert asks(english, facts(language="so")) == (Question.LANGUAGE,)
    assert asks(english, facts(language="so", also_speaks=("en",))) == ()


def test_a_program_asks_what_its_rules_say_answered_or_not() -> None:
    strict = with_rule(Rule.INCOME_LIMIT, minimum_age=18)
    known = facts(age=30, eligibility=(CODE.INCOME_LOW,))
    assert asks(strict, facts()) == asks(strict, known) == (Question.AGE, Question.INCOME)


def test_what_is_open_is_what_any_program_that_may_take_the_person_asks() -> None:
    papers, dry = (
        with_rule(rule, id=rule.value) for rule in (Rule.DOCUMENTS_REQUIRED, Rule.SOBRIETY_REQUIRED)
    )
    both = [papers, dry]
    assert open_questions(both, facts(), FARTHEST) == (Question.DOCUMENTS, Question.SOBRIETY)
    answered = facts(eligibility=(CODE.DOCUMENTS_READY,))
    assert open_questions(both, answered, FARTHEST) == (Question.SOBRIETY,)
    adults = replace(dry, minimum_age=18)
    assert open_questions([papers, adults], facts(age=15), FARTHEST) == (Question.DOCUMENTS,)


@pytest.mark.parametrize(
    ("of_program", "of_facts"),
    [
        ({"paused": True}, {}),
        ({"active": False}, {}),
        ({"training": True}, {}),
        ({"needs": (Need.RENTAL_ASSISTANCE,)}, {}),
        ({}, {"avoided": ("harbour-beds",)}),
        ({"needs": (Need.DOMESTIC_VIOLENCE_SHELTER,)}, {"need": Need.DOMESTIC_VIOLENCE_SHELTER}),
    ],
)
def test_nobody_is_asked_for_a_program_that_is_out_of_the_question(
    of_program: dict[str, Any], of_facts: dict[str, Any]
) -> None:
    strict = with_rule(Rule.INCOME_LIMIT, **of_program)
    assert open_questions([strict], facts(**of_facts), FARTHEST) == ()


def test_of_a_protected_need_no_program_is_known_to_ask_anything() -> None:
    strict = with_rule(Rule.INCOME_LIMIT, needs=(Need.DOMESTIC_VIOLENCE_SHELTER,), minimum_age=18)
    assert asks(strict, facts(need=Need.DOMESTIC_VIOLENCE_SHELTER)) == ()


CODES = st.sets(st.sampled_from(EligibilityCode)).map(lambda found: tuple(sorted(found)))
PROGRAMS = st.builds(
    program,
    minimum_age=st.none() | st.integers(0, 99),
    eligibility=st.sets(st.sampled_from(Rule)).map(lambda found: tuple(map(Requirement, found))),
)


@given(PROGRAMS, CODES, st.none() | st.integers(0, 99))
def test_an_answer_that_is_taken_back_never_excludes(
    candidate: Program, codes: tuple[EligibilityCode, ...], age: int | None
) -> None:
    if judge(candidate, request(eligibility=codes, age=age), FARTHEST).fit is not Fit.FAIL:
        assert judge(candidate, request(), FARTHEST).fit is not Fit.FAIL


@given(PROGRAMS, CODES)
def test_what_is_open_at_one_program_is_what_its_verdict_asks(
    candidate: Program, codes: tuple[EligibilityCode, ...]
) -> None:
    asked = request(eligibility=codes)
    verdict = judge(candidate, asked, FARTHEST)
    assert open_questions([candidate], asked.facts, FARTHEST) == verdict.questions
    assert set(verdict.questions) <= set(asks(candidate, asked.facts))


def test_whoever_fails_by_an_answer_is_proposed_once_the_answer_changes() -> None:
    strict = with_rule(Rule.DOCUMENTS_REQUIRED)
    answers = []
    for code in (CODE.DOCUMENTS_NONE, CODE.DOCUMENTS_READY):
        board = board_of([strict], {strict.id: 1}, [request(eligibility=(code,))])
        (made,) = decide(board, NOON, Policy())
        answers.append(made.answer.value)
    assert answers == ["unplaced", "routed"]


def test_an_entry_of_the_journal_that_is_older_than_questions_is_understood() -> None:
    asked = request()
    seen = {"referral_id": asked.referral_id, "at": NOON, "facts": asked.facts, "attempt": 1}
    body = seen_json(seen_of(_plain(seen)))
    assert body["facts"]["eligibility"] == ()
    assert replay([Entry(1, NOON, Kind.REQUEST, _plain(seen))]) == []


def _plain(seen: dict[str, Any]) -> dict[str, Any]:
    """A snapshot as the journal kept it before there were questions."""
    known = seen["facts"]
    old = {name: getattr(known, name) for name in known.__dataclass_fields__}
    del old["eligibility"], old["also_speaks"]
    old["submitted_at"] = NOON.isoformat()
    rest: dict[str, Any] = {"hand": None, "excluded": [], "live": [], "holder": None}
    plain = {"referral_id": str(seen["referral_id"]), "at": NOON.isoformat(), "attempt": 1}
    return plain | rest | {"facts": old}
