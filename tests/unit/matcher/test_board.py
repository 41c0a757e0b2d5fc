"""Decisions: what is considered, what is answered, and that equal boards give equal bytes."""

from dataclasses import asdict, replace
from uuid import UUID

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.questions import Question
from contracts.vocabulary import Need, Sector
from services.matcher.domain.board import board_of, decide
from services.matcher.domain.decision import Decision, after, canonical, decision_of
from services.matcher.domain.directory import Program, Requirement, Rule
from services.matcher.domain.eligibility import Fit, Ground
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Answer, Hold, Request
from tests.unit.matcher.samples import NOON, program, request

ASKING = program("asking-beds", eligibility=(Requirement(Rule.INCOME_LIMIT, "50 %"),))
PLAIN = program("plain-beds")
PAUSED = program("paused-beds", paused=True)


def decided(programs: list[Program], free: dict[str, int], *asked: Request) -> list[Decision]:
    return list(decide(board_of(programs, free, asked), NOON, Policy()))


def one(programs: list[Program], free: dict[str, int], asked: Request) -> Decision:
    (decision,) = decided(programs, free, asked)
    return decision


def test_the_best_program_with_a_free_place_is_chosen() -> None:
    made = one([ASKING, PLAIN, PAUSED], {"asking-beds": 1, "plain-beds": 1}, request())
    assert made.answer is Answer.ROUTED
    assert [(c.program_id, c.rank, c.directory_version) for c in made.choices] == [
        ("plain-beds", 1, 1)
    ]


def test_who_has_to_be_asked_is_offered_when_the_others_are_full() -> None:
    made = one([ASKING, PLAIN], {"asking-beds": 1, "plain-beds": 0}, request())
    assert [choice.program_id for choice in made.choices] == ["asking-beds"]
    considered = {found.program_id: found for found in made.considered}
    assert considered["asking-beds"].verdict is Fit.ASK
    assert considered["asking-beds"].questions == (Question.INCOME,)
    assert considered["plain-beds"].free == 0


def test_all_candidates_are_explained_the_best_first_the_impossible_last() -> None:
    made = one([ASKING, PAUSED, PLAIN], {"plain-beds": 1}, request())
    assert [found.program_id for found in made.considered] == [
        "plain-beds",
        "asking-beds",
        "paused-beds",
    ]
    assert made.considered[-1].reasons == (Ground.PAUSED,)
    assert made.considered[-1].score is None


def test_programs_for_other_needs_are_no_candidates() -> None:
    other = program("rent-fund", needs=(Need.RENTAL_ASSISTANCE,))
    made = one([other], {"rent-fund": 4}, request())
    assert (made.answer, made.considered) == (Answer.UNPLACED, ())


def test_fitting_without_room_waits_and_nothing_fitting_is_unplaced() -> None:
    assert one([PLAIN], {"plain-beds": 0}, request()).answer is Answer.WAITLISTED
    assert one([PLAIN], {}, request()).answer is Answer.WAITLISTED
    assert one([PAUSED], {"paused-beds": 3}, request()).answer is Answer.UNPLACED


def test_the_same_kind_of_answer_is_not_given_twice() -> None:
    waiting = request(answered=Answer.WAITLISTED, decision_number=1)
    assert decided([PLAIN], {"plain-beds": 0}, waiting) == []
    assert one([PAUSED], {"paused-beds": 1}, waiting).answer is Answer.UNPLACED
    routed = one([PLAIN], {"plain-beds": 1}, waiting)
    assert (routed.answer, routed.number) == (Answer.ROUTED, 2)


def test_a_request_that_is_not_open_is_left_alone() -> None:
    assert decided([PLAIN], {"plain-beds": 1}, request(attempt=None)) == []
    assert decided([PLAIN], {"plain-beds": 1}, request(answered=Answer.ROUTED)) == []


def test_a_program_where_the_referral_holds_a_place_is_not_chosen_again() -> None:
    holding = request(holds=(Hold("plain-beds", 1),))
    assert one([PLAIN], {"plain-beds": 2}, holding).choices == ()


def test_by_hand_one_program_is_considered_and_answers_at_once() -> None:
    other_need = program("rent-fund", needs=(Need.RENTAL_ASSISTANCE,))
    by_hand = request(hand="rent-fund")
    full = one([PLAIN, other_need], {"plain-beds": 1, "rent-fund": 0}, by_hand)
    assert (full.answer, [f.program_id for f in full.considered]) == (
        Answer.UNPLACED,
        ["rent-fund"],
    )
    roomy = one([PLAIN, other_need], {"plain-beds": 1, "rent-fund": 1}, by_hand)
    assert [choice.program_id for choice in roomy.choices] == ["rent-fund"]


def test_by_hand_in_another_sector_is_refused_with_the_reason() -> None:
    youth = program("nest-beds", sector=Sector.YOUTH, needs=(Need.YOUTH_SHELTER,))
    made = one([youth], {"nest-beds": 1}, request(hand="nest-beds"))
    assert made.considered[0].reasons == (Ground.OTHER_SECTOR,)


def test_after_a_decision_the_chosen_program_holds_a_place_for_the_attempt() -> None:
    asked = request(attempt=3)
    made = one([PLAIN], {"plain-beds": 1}, asked)
    known = after(asked, made)
    assert (known.answered, known.decision_number) == (Answer.ROUTED, 1)
    assert known.holds == (Hold("plain-beds", 3),)


def test_a_decision_has_the_same_id_wherever_it_is_made() -> None:
    made = one([PLAIN], {"plain-beds": 1}, request())
    elsewhere = replace(made, policy="other", choices=())
    later = replace(made, number=2)
    assert made.id == elsewhere.id
    assert made.id != later.id
    assert isinstance(made.id, UUID)


def test_a_decision_survives_its_storage() -> None:
    made = one([ASKING, PAUSED], {"asking-beds": 1}, request())
    stored = orjson.loads(orjson.dumps(asdict(made)))
    kept = {"referral_id": made.referral_id, "decided_at": made.decided_at}
    assert decision_of(stored | kept) == made
    assert canonical([decision_of(stored | kept)]) == canonical([made])


@given(st.permutations([ASKING, PLAIN, PAUSED]), st.permutations([1, 2, 3, 4]))
def test_the_order_of_programs_and_requests_changes_no_answer(
    programs: list[Program], numbers: list[int]
) -> None:
    free = {"asking-beds": 1, "plain-beds": 2}
    made = decided(programs, free, *[request(number) for number in numbers])
    again = decided([ASKING, PLAIN, PAUSED], free, *[request(number) for number in (1, 2, 3, 4)])
    assert canonical(sorted(made, key=lambda d: d.id)) == canonical(
        sorted(again, key=lambda d: d.id)
    )
