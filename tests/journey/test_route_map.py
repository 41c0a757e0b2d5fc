"""Every route, every role, own and other tenant: nobody sees what they need not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import flask
import pytest

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.api import ACCESS, Access, Tenant, access_of
from tests.journey.column import OpenColumn
from tests.journey.directory import directory, program
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

ALL, AGENCY, MINE = Tenant.ALL, Tenant.OWN_AGENCY, Tenant.OWN_SUBMISSION
EVERYBODY: Final = dict.fromkeys(
    (Role.OFFICER, Role.PARTNER, Role.COORDINATOR, Role.MANAGER, Role.ADMIN, Role.SERVICE), ALL
)
STEP: Final = {Role.PARTNER: AGENCY}
HOLDING: Final = {Role.PARTNER: AGENCY, Role.COORDINATOR: ALL}
RUNNING: Final = {**HOLDING, Role.ADMIN: ALL}
FIGURES: Final = {Role.MANAGER: ALL, Role.COORDINATOR: ALL, Role.ADMIN: ALL}

# The whole map, written by hand: a route that is not in it fails, whatever it declares.
ROUTES: Final[dict[str, dict[Role, Tenant]]] = {
    "PUT /v1/units/<unit_id>": {Role.ADMIN: ALL},
    "GET /v1/units": {Role.ADMIN: ALL, Role.COORDINATOR: ALL},
    "POST /v1/referrals": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "PATCH /v1/referrals/<referral_id>": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/withdraw": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/reroute": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/close": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/place": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/enter-in-error": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/history": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/audit": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/disclosures": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/notes": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/consents": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/consent": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/revoke-consent": {
        Role.OFFICER: MINE,
        Role.COORDINATOR: ALL,
    },
    "POST /v1/referrals/<referral_id>/erase": {Role.COORDINATOR: ALL},
    "GET /v1/worklist": {Role.COORDINATOR: ALL},
    "GET /v1/worklist/counts": {Role.COORDINATOR: ALL},
    "POST /v1/worklist/hand-over": {Role.COORDINATOR: ALL},
    "POST /v1/worklist/<referral_id>/take": {Role.COORDINATOR: ALL},
    "GET /v1/offers": HOLDING,
    "GET /v1/offers/<offer_id>": HOLDING,
    "GET /v1/offers/<offer_id>/person": STEP,
    "POST /v1/offers/<offer_id>/acknowledge": HOLDING,
    "POST /v1/offers/<offer_id>/accept": HOLDING,
    "POST /v1/offers/<offer_id>/decline": HOLDING,
    "POST /v1/offers/<offer_id>/contacts": HOLDING,
    "POST /v1/offers/<offer_id>/engage": HOLDING,
    "POST /v1/offers/<offer_id>/complete": HOLDING,
    "POST /v1/offers/<offer_id>/not-served": HOLDING,
    "POST /v1/offers/<offer_id>/consent": STEP,
    "POST /v1/offers/<offer_id>/revoke-consent": STEP,
    "POST /v1/offers/<offer_id>/acknowledge-revocation": HOLDING,
    "POST /v1/tallies": {Role.OFFICER: MINE},
    "GET /v1/deadlines": EVERYBODY,
    "POST /v1/history/republish": {Role.ADMIN: ALL},
    "POST /v1/directory/imports": {Role.ADMIN: ALL},
    "GET /v1/programs": EVERYBODY,
    "GET /v1/programs/<program_id>": EVERYBODY,
    "GET /v1/programs/<program_id>/capacity": {
        Role.PARTNER: AGENCY,
        Role.COORDINATOR: ALL,
        Role.ADMIN: ALL,
    },
    "PUT /v1/programs/<program_id>/capacity": STEP,
    "POST /v1/programs/<program_id>/pause": RUNNING,
    "POST /v1/programs/<program_id>/resume": RUNNING,
    "POST /v1/programs/<program_id>/close": {Role.ADMIN: ALL},
    "POST /v1/programs/<program_id>/reopen": {Role.ADMIN: ALL},
    "GET /v1/directory/agencies": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/pause": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/resume": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/close": {Role.ADMIN: ALL},
    "POST /v1/directory/agencies/<agency_id>/reopen": {Role.ADMIN: ALL},
    "GET /v1/queue": HOLDING,
    "GET /v1/queue/<referral_id>": {Role.COORDINATOR: ALL},
    "GET /v1/decisions": {Role.COORDINATOR: ALL, Role.ADMIN: ALL},
    "GET /v1/decisions/<decision_id>": {Role.COORDINATOR: ALL, Role.ADMIN: ALL},
    "GET /v1/agencies/<agency_id>/contacts": {Role.PARTNER: AGENCY, Role.ADMIN: ALL},
    "PUT /v1/agencies/<agency_id>/contacts": {Role.PARTNER: AGENCY, Role.ADMIN: ALL},
    "GET /v1/contacts/coordinator": {Role.ADMIN: ALL},
    "PUT /v1/contacts/coordinator": {Role.ADMIN: ALL},
    "GET /v1/notices": {Role.COORDINATOR: ALL, Role.ADMIN: ALL},
    "GET /v1/outcomes/summary": FIGURES,
    "GET /v1/outcomes/funnel": FIGURES,
    "GET /v1/outcomes/firewall": FIGURES,
    "POST /v1/outcomes/rebuild": {Role.ADMIN: ALL},
}

CONSENT: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
BODIES: Final[dict[str, Any]] = {
    "PUT /v1/units/<unit_id>": {"name": "Central", "training": False},
    "POST /v1/directory/imports": directory(program("harbour/beds")),
    "PATCH /v1/referrals/<referral_id>": {"urgency": "crisis"},
    "POST /v1/referrals/<referral_id>/withdraw": {"reason": "declined"},
    "POST /v1/referrals/<referral_id>/close": {"outcome": "information_given"},
    "POST /v1/referrals/<referral_id>/place": {
        "program_id": "harbour-beds",
        "note": "agreed",
    },
    "POST /v1/referrals/<referral_id>/enter-in-error": {"note": "typed twice"},
    "POST /v1/worklist/hand-over": {"to": "coordinator-di", "note": "on leave"},
    "POST /v1/offers/<offer_id>/decline": {"reason": "no_capacity", "side": "provider"},
    "POST /v1/offers/<offer_id>/contacts": {"mode": "call", "reached": False},
    "POST /v1/offers/<offer_id>/complete": {"outcome": "sheltered"},
    "POST /v1/offers/<offer_id>/not-served": {"reason": "barred", "side": "provider"},
    "POST /v1/directory/agencies/<agency_id>/pause": {"reason": "away"},
    "POST /v1/referrals/<referral_id>/consent": CONSENT,
    "POST /v1/referrals/<referral_id>/erase": {"reason": "person_asked"},
    "POST /v1/offers/<offer_id>/consent": CONSENT,
    "POST /v1/tallies": {"need": "counselling", "entry_door": "community"},
    "PUT /v1/programs/<program_id>/capacity": {"available": 3},
    "PUT /v1/agencies/<agency_id>/contacts": {"contacts": [{"email": "a@example.org"}]},
    "PUT /v1/contacts/coordinator": {"contacts": [{"email": "c@example.org"}]},
}

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
        (decision,) = town.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"]
        yield (
            town,
            {
                "referral_id": referral,
                "offer_id": offer["offer_id"],
                "decision_id": decision["decision_id"],
                "program_id": "harbour-beds",
                "agency_id": "harbour",
                "unit_id": "central",
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
    assert declared([service.app for service in town.column.services]) == ROUTES


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
