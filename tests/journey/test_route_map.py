"""Every route, every role, own and other tenant: nobody sees what they need not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import flask
import pytest

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.api import ACCESS, Access, Tenant, access_of
from tests.journey.column import OpenColumn
from tests.journey.directory import program
from tests.journey.route_map import AGENCY, ALL, BODIES, MINE, OPEN, ROUTES
from tests.journey.town import (
    ADMIN,
    COORDINATOR,
    MANAGER,
    OFFICER,
    OTHER_OFFICER,
    Town,
    open_town,
    partner,
    submission,
)

CALLERS: Final = {
    Role.OFFICER: OFFICER,
    Role.PARTNER: partner("harbour"),
    Role.COORDINATOR: COORDINATOR,
    Role.MANAGER: MANAGER,
    Role.ADMIN: ADMIN,
    Role.SERVICE: Actor(subject="a-service", role=Role.SERVICE),
}
# Another officer of the same unit, and one of another unit who goes by the same name.
NAMESAKE: Final = Actor(subject=OFFICER.subject, role=Role.OFFICER, unit_id="academy")
STRANGERS: Final = {AGENCY: (partner("elsewhere"),), MINE: (OTHER_OFFICER, NAMESAKE)}


@pytest.fixture(scope="module")
def street(
    column: OpenColumn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Town, dict[str, str]]]:
    """A town with one offered referral, and the ids that stand in its addresses."""
    home: Path = tmp_path_factory.mktemp("route-map") / "home"
    with open_town(column(home), program("harbour/beds")) as town:
        referral = town.submit(OFFICER)
        (offer,) = town.offers(partner("harbour"))
        invited = {"role": "partner", "agency_id": "harbour", "email": "nia@example.org"}
        staff = town.post(ADMIN, "/v1/invitations", invited)
        (decision,) = town.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"]
        yield (
            town,
            {
                "referral_id": referral,
                "other_id": str(uuid4()),
                "offer_id": offer["offer_id"],
                "decision_id": decision["decision_id"],
                "program_id": "harbour-beds",
                "entry_id": str(uuid4()),
                "number": "1",
                "agency_id": "harbour",
                "unit_id": "central",
                "staff_id": staff["staff_id"],
            },
        )


def declared(apps: list[flask.Flask]) -> dict[str, dict[Role, Tenant]]:
    """What the apps themselves say of every route that they serve."""
    found = {}
    for app in apps:
        for rule in app.url_map.iter_rules():
            access = access_of(app.view_functions[rule.endpoint])
            path = "/".join(
                f"<{part[1:].rpartition(':')[2]}" if part.startswith("<") else part
                for part in rule.rule.split("/")
            )
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[f"{method} {path}"] = dict(access.roles) if access else {}
    return found


def test_the_map_names_every_route_with_its_roles_and_tenants(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, _ = street
    assert declared([service.app for service in town.column.services]) == ROUTES | OPEN


def test_a_route_that_the_map_does_not_name_is_found() -> None:
    app = flask.Flask("stray")

    def stray() -> str:
        return "open"

    setattr(stray, ACCESS, Access({Role.OFFICER: ALL}))
    app.add_url_rule("/v1/stray", view_func=stray)
    assert set(declared([app])) - set(ROUTES) == {
        "GET /v1/stray",
        "GET /static/<filename>",
    }


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_token_nobody_is_let_in(street: tuple[Town, dict[str, str]], route: str) -> None:
    town, ids = street
    method, path = _address(route, ids)
    assert town.client.request(method, path, json={}).status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_a_role_that_the_route_does_not_name_is_refused(
    street: tuple[Town, dict[str, str]], route: str
) -> None:
    town, ids = street
    method, path = _address(route, ids)
    for role, caller in CALLERS.items():
        if role not in ROUTES[route]:
            answer = town.call(caller, method, path, BODIES.get(route, {}))
            assert (role, answer.status_code) == (role, 403)


STRANGE: Final = [
    route
    for route, roles in ROUTES.items()
    if "<" in route and any(tenant is not ALL for tenant in roles.values())
]


@pytest.mark.parametrize("route", STRANGE)
def test_another_tenant_finds_nothing_there(
    street: tuple[Town, dict[str, str]], route: str
) -> None:
    town, ids = street
    method, path = _address(route, ids)
    for tenant in {tenant for tenant in ROUTES[route].values() if tenant is not ALL}:
        for stranger in STRANGERS[tenant]:
            answer = town.call(stranger, method, path, BODIES.get(route, {}), If_Match='"1"')
            assert answer.status_code == 404, f"{stranger}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("path", ["/v1/offers", "/v1/referrals"])
def test_another_tenants_list_is_empty(street: tuple[Town, dict[str, str]], path: str) -> None:
    town, _ = street
    for stranger in STRANGERS[AGENCY] if path == "/v1/offers" else STRANGERS[MINE]:
        assert town.get(stranger, path)["items"] == []


def test_no_read_but_the_holders_shows_a_personal_field(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, ids = street
    said = submission()["person"]
    hidden = [said["name"], said["where_to_find"], said["safe_contact"]]
    for route, roles in ROUTES.items():
        if route.startswith("GET "):
            _, path = _address(route, ids)
            for role in roles:
                text = town.call(CALLERS[role], "GET", path).text
                assert [word for word in hidden if word in text] == [], f"{role} {route}"


def _address(route: str, ids: dict[str, str]) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, f"no id for {path}"
    return method, path


def test_an_officers_key_does_not_open_a_colleagues_answer(
    street: tuple[Town, dict[str, str]],
) -> None:
    town, _ = street
    body, key = submission(), str(uuid4())
    mine = town.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key)
    other = town.post(OTHER_OFFICER, "/v1/referrals", body, Idempotency_Key=key)
    assert mine["referral_id"] != other["referral_id"]
