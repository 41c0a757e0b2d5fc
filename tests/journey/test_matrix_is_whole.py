"""The matrix and the field lists are whole and agree with the state tables; each guard can fail."""

from typing import Final

import pytest

from contracts.vocabulary import ConsentStatus, OfferState, ReferralState, Role
from services.referral_api.domain import offer, referral
from tests.journey import field_lists
from tests.journey.field_lists import Fields, Item
from tests.journey.matrix import YES, Matrix, read, route_of
from tests.journey.walk import EVERY_ROUTE

MATRIX: Final = read()
LISTS: Final = field_lists.read()
# What is below these addresses is of one person each.
OF_PERSONS: Final = tuple(
    f"/v1/{name}" for name in ("referrals", "offers", "worklist", "queue", "decisions")
)
# What each row does to a referral, as its table of states calls it; others move it by no step.
STEPS: Final = {
    "PATCH /v1/referrals/<referral_id>": (referral.Step.CORRECT,),
    "POST /v1/referrals/<referral_id>/withdraw": (referral.Step.WITHDRAW,),
    "POST /v1/referrals/<referral_id>/reroute": (referral.Step.REROUTE,),
    "POST /v1/referrals/<referral_id>/place": (referral.Step.PLACE,),
    "POST /v1/referrals/<referral_id>/place (insisting)": (referral.Step.PLACE,),
    "POST /v1/referrals/<referral_id>/close": (referral.Step.CLOSE,),
    "POST /v1/referrals/<referral_id>/close (for the person)": (
        referral.Step.CLOSE,
        referral.Step.CLOSE_FOR_PERSON,
    ),
    "POST /v1/referrals/<referral_id>/enter-in-error": (referral.Step.ENTER_IN_ERROR,),
}
OFFER_STEPS: Final = {
    "POST /v1/offers/<offer_id>/acknowledge": offer.Step.ACKNOWLEDGE,
    "POST /v1/offers/<offer_id>/accept": offer.Step.ACCEPT,
    "POST /v1/offers/<offer_id>/decline": offer.Step.DECLINE,
    "POST /v1/offers/<offer_id>/decline (for the person)": offer.Step.DECLINE,
    "POST /v1/offers/<offer_id>/engage": offer.Step.ENGAGE,
    "POST /v1/offers/<offer_id>/complete": offer.Step.COMPLETE,
    "POST /v1/offers/<offer_id>/not-served": offer.Step.NOT_SERVE,
    "POST /v1/offers/<offer_id>/not-served (for the person)": offer.Step.NOT_SERVE,
}


def test_the_matrix_has_a_sign_for_every_row_and_standing() -> None:
    assert MATRIX.faults() == []


def test_a_sign_too_few_and_a_row_that_is_none_are_found() -> None:
    row = "GET /v1/offers"
    answers = MATRIX.tables["answers"]
    short = Matrix({**MATRIX.tables, "answers": answers | {row: answers[row][:-2]}})
    assert short.faults() == [f"{row}: not one sign for each column"]
    stray = {"live": {"differs": {"officer GET /v1/none": {"ope": "-"}}}}
    named = Matrix({**MATRIX.tables, "variants": stray})
    assert named.faults() == ["live: officer GET /v1/none is no row"]


def test_every_route_is_in_the_matrix_or_beside_it() -> None:
    assert routes_of(MATRIX) == set(EVERY_ROUTE)


def test_a_route_that_the_matrix_does_not_name_is_found() -> None:
    row = "GET /v1/offers/<offer_id>"
    fewer = {name: signs for name, signs in MATRIX.tables["answers"].items() if name != row}
    assert set(EVERY_ROUTE) - routes_of(Matrix({**MATRIX.tables, "answers": fewer})) == {row}


def routes_of(matrix: Matrix) -> set[str]:
    return {route_of(row) for row in (*matrix.rows, *matrix.beside)}


def states_of(matrix: Matrix) -> tuple[set[str], set[str | None], set[str]]:
    """The states of referrals, of offers and of consents that the standings are in."""
    states = [matrix.states(variant, column) for variant, column in matrix.standings()]
    consents = {variant["consent"] for variant in matrix.variants.values()}
    return {one for one, _ in states}, {one for _, one in states}, consents


def test_every_state_has_a_standing() -> None:
    referrals, offers, consents = states_of(MATRIX)
    assert referrals == set(ReferralState)
    assert offers - {None} == set(OfferState)
    assert consents == set(ConsentStatus)


def test_a_state_without_a_standing_is_found() -> None:
    fewer = {name: both for name, both in MATRIX.tables["standings"].items() if name != "lap"}
    alone = Matrix({"standings": fewer, "variants": {"live": {"consent": "given"}}})
    _, offers, consents = states_of(alone)
    assert set(OfferState) - offers == {OfferState.LAPSED}
    assert set(ConsentStatus) - consents == set(ConsentStatus) - {ConsentStatus.GIVEN}


@pytest.mark.parametrize("column", MATRIX.columns)
def test_the_matrix_allows_a_step_where_the_tables_of_states_do(column: str) -> None:
    of_referral, of_offer = MATRIX.states("live", column)
    legal = {
        row: any((ReferralState(of_referral), step) in referral.TABLE for step in steps)
        for row, steps in STEPS.items()
    } | {
        row: of_offer is not None and (OfferState(of_offer), step) in offer.TABLE
        for row, step in OFFER_STEPS.items()
    }
    assert {row: MATRIX.answer(row, "", "live", column) == YES for row in legal} == legal


def test_every_route_has_a_list_for_each_role_that_may_call_it() -> None:
    named = {(route, role.value) for route, roles in EVERY_ROUTE.items() for role in roles or Role}
    assert set(LISTS) == named


def test_what_a_role_must_always_find_empty_is_found_when_it_is_not() -> None:
    hidden = (Item("paused_because", always_empty=True),)
    empty = Fields(empty=frozenset({"paused_because"}))
    assert field_lists.strays(empty, hidden) == []
    assert field_lists.strays(Fields(full=empty.empty), hidden) == ["paused_because"]


def test_managers_admins_and_services_reach_nothing_that_is_of_one_person() -> None:
    outside = {Role.MANAGER, Role.ADMIN, Role.SERVICE}
    assert [route for route, roles in EVERY_ROUTE.items() if outside & set(roles)] != []
    for route, roles in EVERY_ROUTE.items():
        if route.partition(" ")[2].startswith(OF_PERSONS):
            assert (route, outside & set(roles)) == (route, set())


def test_officers_are_shown_how_a_referral_stands_and_their_own_handoff() -> None:
    shown = {
        item.path.removeprefix("items[].")
        for (route, role), items in LISTS.items()
        if role == Role.OFFICER and route.partition(" ")[2].startswith(OF_PERSONS)
        for item in items
    }
    receipt = {"referral_id", "reference", "status", "submitted_at", "needs_attention", "next"}
    asked = {"questions[].question", "questions[].ask"}
    handoff = {"kind", "called_at", "arrived_at", "left_at", "recorded_at"}
    # Empty but in a crisis, of which a journey tells.
    assert shown == receipt | asked | handoff | {"receiver"}
