"""The officer's firewall: nothing comes back to the police, and what they try is counted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from contracts.vocabulary import Reason, RefusedAttempt, Role
from tests.journey.column import OpenColumn
from tests.journey.directory import program
from tests.journey.route_map import BODIES, ROUTES
from tests.journey.town import (
    ADMIN,
    COORDINATOR,
    MANAGER,
    OFFICER,
    OTHER_OFFICER,
    TRAINEE,
    Town,
    open_town,
    partner,
    submission,
)

HARBOUR: Final = partner("harbour")
# Nobody tells an officer that anyone said no, nor what was known of the person.
UNTOLD: Final = ["declined", "lapsed", "unplaced", "waitlisted", "refused", *map(str, Reason)]
# What an officer recorded of their own handoff.
HANDOFF: Final = {"kind", "called_at", "arrived_at", "left_at", "recorded_at"}
# How somebody who looks for a person would ask.
SEARCHES: Final = [
    "/v1/referrals?name=Robin",
    "/v1/referrals?state=unplaced",
    "/v1/referrals?unit_id=academy",
    "/v1/referrals?reference=7QK4-M2XD",
]
STRAY: Final = ["/v1/persons?name=Robin", "/v1/search?q=Robin", "/v1/referrals/export"]


@pytest.fixture(scope="module")
def street(
    column: OpenColumn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Town, dict[str, str]]]:
    """A town with a referral that one agency declined, and the ids that stand in its addresses."""
    home: Path = tmp_path_factory.mktemp("firewall") / "home"
    with open_town(column(home), program("harbour/beds")) as town:
        referral = town.submit(OFFICER)
        (offer,) = town.offers(HARBOUR)
        no = {"reason": "barred", "side": "provider", "note": "threw a chair"}
        town.step(HARBOUR, offer, "decline", no)
        decision = town.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"][0]
        ids = {
            "referral_id": referral,
            "other_id": referral,
            "offer_id": offer["offer_id"],
            "decision_id": decision["decision_id"],
            "entry_id": str(uuid4()),
            "number": "1",
            "program_id": "harbour-beds",
            "agency_id": "harbour",
            "unit_id": "central",
            "staff_id": str(UUID(int=0)),
        }
        yield town, ids


def counted(town: Town, part: str = "live") -> Counter[str]:
    """The refused attempts so far, by kind."""
    town.pass_time(minutes=2)
    answer = town.get(MANAGER, "/v1/outcomes/firewall")
    assert set(answer["definitions"]) == set(RefusedAttempt)
    assert all(answer["definitions"].values())
    by_month: Counter[str] = Counter()
    for month in answer[part]["months"]:
        by_month.update(month["counts"])
    assert +by_month == +Counter(answer[part]["total"])
    return Counter(answer[part]["total"])


def address(route: str, ids: dict[str, str]) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    return method, path


def test_every_route_that_is_not_an_officers_refuses_and_counts_it(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, ids = street
    before, refused = counted(town), 0
    for route, roles in ROUTES.items():
        if Role.OFFICER not in roles:
            answer = town.call(OFFICER, *address(route, ids), BODIES.get(route, {}))
            assert (route, answer.status_code) == (route, 403)
            refused += 1
    for path in ("/ops/flow", "/ops/parked", "/ops/audit"):
        assert town.call(OFFICER, "GET", path).status_code == 403
        refused += 1
    assert counted(town) - before == {"role": refused}


def test_what_an_officer_may_read_says_nothing_of_a_no_nor_of_the_person(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, ids = street
    said = submission()["person"]
    hidden = [said["name"], said["where_to_find"], said["safe_contact"], "threw a chair"]
    for route, roles in ROUTES.items():
        if Role.OFFICER in roles and route.startswith("GET /v1/referrals"):
            answer = town.call(OFFICER, *address(route, ids))
            assert answer.status_code == 200
            assert [word for word in [*hidden, *UNTOLD] if word in answer.text] == []
            one = answer.json()["items"][0] if "items" in answer.json() else answer.json()
            own = HANDOFF if route.endswith("/handoff") else set()
            # Nobody here is in a crisis.
            assert one.pop("receiver", None) is None
            assert set(one) <= own | {
                "referral_id",
                "reference",
                "status",
                "submitted_at",
                "needs_attention",
                "questions",
            }


def test_nobody_finds_a_person_and_every_try_is_counted_by_kind(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, ids = street
    before = counted(town)
    for path in SEARCHES:
        assert town.call(OFFICER, "GET", path).status_code == 422
    for path in STRAY:
        assert town.call(OFFICER, "GET", path).status_code == 404
    assert town.call(OFFICER, "DELETE", "/v1/referrals").status_code == 405
    theirs = f"/v1/referrals/{ids['referral_id']}"
    for method in ("GET", "PATCH"):
        answer = town.call(
            OTHER_OFFICER, method, theirs, BODIES["PATCH /v1/referrals/<referral_id>"]
        )
        assert answer.status_code == 404
    assert town.get(OTHER_OFFICER, "/v1/referrals")["items"] == []
    assert counted(town) - before == {
        "search": len(SEARCHES),
        "unknown_address": len(STRAY),
        "method": 1,
        "tenant": 2,
    }


def test_what_an_officer_may_do_and_what_others_are_refused_is_not_counted(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, _ = street
    before = counted(town)
    town.get(OFFICER, "/v1/referrals?limit=5")
    town.get(OFFICER, "/v1/programs")
    assert town.call(OFFICER, "GET", "/v1/programs/none-such").status_code == 404
    assert town.call(OFFICER, "GET", "/v1/referrals?limit=0").status_code == 422
    for other in (HARBOUR, ADMIN, COORDINATOR):
        assert town.call(other, "GET", "/v1/persons").status_code == 404
    assert town.call(HARBOUR, "GET", "/v1/referrals").status_code == 403
    assert town.client.get("/v1/persons").status_code == 404
    assert counted(town) == before


def test_units_that_train_stand_apart_and_a_rebuild_changes_no_count(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, _ = street
    live, training = counted(town), counted(town, "training")
    for path in ("/v1/offers", "/v1/notices", "/v1/decisions"):
        assert town.call(TRAINEE, "GET", path).status_code == 403
    assert counted(town, "training") - training == {"role": 3}
    assert counted(town) == live
    town.post(ADMIN, "/v1/outcomes/rebuild")
    town.post(ADMIN, "/v1/history/republish")
    town.settle()
    assert (counted(town), counted(town, "training") - training) == (live, {"role": 3})


def test_a_period_without_attempts_counts_none(street: tuple[Town, dict[str, str]]) -> None:
    town, _ = street
    answer: Any = town.get(MANAGER, "/v1/outcomes/firewall?from=2020-01&to=2020-12")
    assert set(answer["live"]["total"].values()) == {0}
    assert answer["live"]["months"] == answer["training"]["months"] == []
