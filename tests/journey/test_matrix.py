"""Every route, role, tenant and state: what each is answered, and which fields it may hold."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from contracts.vocabulary import Role
from services.chassis.api import Tenant
from services.chassis.operations import create_operations
from tests.journey import field_lists
from tests.journey.field_lists import Fields, Item
from tests.journey.matrix import STATUSES, YES, is_list, read
from tests.journey.route_map import OPERATIONS
from tests.journey.standing import MARKS, NOTE_MARK
from tests.journey.street import open_street
from tests.journey.test_route_map import declared
from tests.journey.walk import EVERY_ROUTE, Answer, Walk, actors, walk_all

MATRIX: Final = read()
LISTS: Final = field_lists.read()
DONE: Final = (200, 201, 202)
REFUSED, NOT_THERE = 403, 404
# What this town has nothing for: no parked key, and no master key but the one in use.
DONE_ELSEWHERE: Final = {
    "POST /ops/parked/redrive": "test_poison.py",
    "POST /ops/keys/retire": "test_key_rotation.py",
}
PERSON: Final = "GET /v1/offers/<offer_id>/person"
HISTORY: Final = "GET /v1/referrals/<referral_id>/history"
NOTES: Final = "GET /v1/referrals/<referral_id>/notes"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Every answer of the whole matrix; one town for all, which no request changes."""
    with open_street(tmp_path_factory.mktemp("matrix") / "home", MATRIX) as street:
        yield walk_all(street, MATRIX)


# What is answered.


def test_the_map_names_every_route_of_the_operators_with_its_roles(walk: Walk) -> None:
    column = walk.street.column
    platform = column.platform
    app = create_operations(column.services, platform.clock, platform.tokens)
    assert declared([app]) == OPERATIONS


def test_without_a_token_no_route_of_the_operators_is_open_that_names_a_role(walk: Walk) -> None:
    for route, roles in OPERATIONS.items():
        method, _, path = route.partition(" ")
        if roles:
            answer = walk.client.open(path, method=method, json={}, buffered=True)
            assert (route, answer.status_code) == (route, 401)


def test_the_standings_are_what_the_matrix_says(walk: Walk) -> None:
    for one in walk.street.standings:
        seen = walk.street.town.referral(one.referral_id)
        mine = [o["state"] for o in seen["offers"] if o["offer_id"] == one.offer.get("offer_id")]
        states = (seen["state"], mine[0] if mine else None)
        assert (str(one), states) == (str(one), MATRIX.states(one.variant, one.column))
        assert seen["consent"] == MATRIX.variants[one.variant]["consent"]
        assert seen["training"] is (one.variant == "training")
        assert (seen["erased_at"] is not None) is one.variant.startswith("erased")


@pytest.mark.parametrize("row", [row for row in MATRIX.rows if not is_list(row)])
def test_a_row_is_answered_as_the_matrix_says(walk: Walk, row: str) -> None:
    answers = [one for one in walk.answers if one.row == row and one.standing is not None]
    assert {one.role for one in answers} == set(Role)
    roles = EVERY_ROUTE[answers[0].route]
    own = {role for role, tenant in roles.items() if tenant is not Tenant.ALL}
    assert {one.role for one in answers if one.stranger} == own
    assert [str(one) for one in answers if one.status != expected(one)] == []


def expected(answer: Answer) -> int:
    """By the route map who is let in at all, by the matrix what for."""
    if not may_call(answer):
        return REFUSED
    if answer.stranger:
        return NOT_THERE
    assert answer.standing is not None
    where = (answer.standing.variant, answer.standing.column)
    return STATUSES[MATRIX.answer(answer.row, answer.role, *where)]


@pytest.mark.parametrize("row", [row for row in MATRIX.rows if is_list(row)])
def test_a_list_holds_what_the_matrix_says(walk: Walk, row: str) -> None:
    for standing in walk.street.standings:
        for role, who in actors(standing).items():
            found = walk.lists[row, who]
            if role in EVERY_ROUTE[row]:
                sign = MATRIX.answer(row, role, standing.variant, standing.column)
                listed = standing.referral_id in found.listed
                assert (str(standing), role, listed) == (str(standing), role, sign == YES)
            else:
                assert found.status == REFUSED


@pytest.mark.parametrize("row", MATRIX.beside)
def test_what_is_beside_the_matrix_is_answered_to_whom_the_map_names(walk: Walk, row: str) -> None:
    answers = [one for one in walk.answers if one.row == row and one.standing is None]
    assert {one.role for one in answers} == set(Role)
    assert [str(one) for one in answers if one.status not in expected_beside(one)] == []


def expected_beside(answer: Answer) -> tuple[int, ...]:
    if not may_call(answer):
        return (REFUSED,)
    if answer.stranger:
        return (NOT_THERE,)
    return DONE if answer.right is None else (answer.right,)


def may_call(answer: Answer) -> bool:
    """Whether the route map lets the role in; a route that names none is open to anybody."""
    roles = EVERY_ROUTE[answer.route]
    return not roles or answer.role in roles


def test_every_route_was_done_for_somebody(walk: Walk) -> None:
    done = {one.route for one in walk.answers if one.status in DONE}
    assert done.isdisjoint(DONE_ELSEWHERE)
    assert done | DONE_ELSEWHERE.keys() == set(EVERY_ROUTE)


# Which fields it holds.


def test_no_answer_holds_a_field_that_its_list_does_not_name(walk: Walk) -> None:
    found = [
        f"{route} to {role}: {stray}"
        for (route, role), fields in seen_in(walk).items()
        for stray in field_lists.strays(fields, LISTS.get((route, role), ()))
    ]
    assert found == []


def test_no_list_names_a_field_that_no_answer_held(walk: Walk) -> None:
    assert field_lists.unused(LISTS, seen_in(walk)) == []


def seen_in(walk: Walk) -> dict[tuple[str, str], Fields]:
    """All fields of all answers that each role was given by each route."""
    full: dict[tuple[str, str], set[str]] = defaultdict(set)
    empty: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in walk.answers:
        if one.status in DONE:
            full[one.route, one.role] |= one.fields.full
            empty[one.route, one.role] |= one.fields.empty
    return {key: Fields(frozenset(full[key]), frozenset(empty[key])) for key in full}


def test_a_field_too_many_and_an_item_too_many_are_found(walk: Walk) -> None:
    route = ("GET /v1/referrals/<referral_id>", "officer")
    seen = seen_in(walk)
    leaking = replace(seen[route], full=seen[route].full | {"person.name", "state"})
    assert field_lists.strays(leaking, LISTS[route]) == ["person.name", "state"]
    longer = {**LISTS, route: (*LISTS[route], Item("offers[].agency_id"))}
    assert field_lists.unused(longer, seen) == [f"officer: {route[0]} offers[].agency_id"]


def test_whatever_is_refused_is_answered_with_a_problem_and_nothing_else(walk: Walk) -> None:
    refused = [one for one in walk.answers if one.status not in DONE]
    assert len(refused) > len(walk.answers) / 2
    assert [str(one) for one in refused if not field_lists.is_problem(one.fields)] == []
    assert not field_lists.is_problem(Fields(frozenset({*field_lists.PROBLEM, "name"})))


# Whose person it tells of.


def test_a_person_is_shown_whole_to_the_agency_that_holds_them_and_in_nothing_else(
    walk: Walk,
) -> None:
    persons = set(MARKS) - {NOTE_MARK}
    for one in walk.answers:
        opened = one.row == PERSON and one.status in DONE
        assert (str(one), persons & set(one.marks)) == (str(one), persons if opened else set())
    assert {one.role for one in walk.answers if one.row == PERSON and one.status in DONE} == {
        Role.PARTNER
    }


def test_the_free_texts_of_steps_are_shown_to_coordinators_who_ask_for_them(walk: Walk) -> None:
    shown = {(one.row, one.role) for one in walk.answers if NOTE_MARK in one.marks}
    assert shown == {(NOTES, Role.COORDINATOR)}


def test_an_offer_shows_the_facts_of_its_person_where_the_matrix_says(walk: Walk) -> None:
    facts = set(MATRIX.tables["facts"]["fields"])
    offers = [one for one in walk.answers if one.row == "GET /v1/offers/<offer_id>"]
    for one in offers:
        if one.standing is not None and one.status in DONE:
            shown = MATRIX.shows_facts(one.standing.variant, one.standing.column)
            found = facts & one.fields.full
            assert (str(one), found) == (str(one), facts if shown else set())


def test_events_say_nothing_of_a_protected_person_beyond_need_and_urgency(walk: Walk) -> None:
    told = set(MATRIX.tables["facts"]["on_protected_events"])
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for one in walk.answers:
        if one.row == HISTORY and one.standing is not None and one.status in DONE:
            hidden = one.standing.variant.startswith(("protected", "erased"))
            found[hidden] |= set(facts_told(one.fields))
    assert found[True] == told
    assert found[False] > told | {"age", "language", "cell", "household_size", "accommodations[]"}


def facts_told(fields: Fields) -> list[str]:
    """The facts of a referral that its events tell."""
    begin = "items[].data.snapshot.facts."
    return [path.removeprefix(begin) for path in fields.full if path.startswith(begin)]
