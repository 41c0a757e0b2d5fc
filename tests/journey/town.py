"""A town to travel through: a running suite, people with tokens, a clock that can be moved."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.cli.settle import under_way
from services.local_servers.waiting import wait_until
from tests.journey.column import Column
from tests.journey.directory import CENTRE, directory
from tests.journey.invariants import violations

SETTLE_S: Final = 120.0
PAGE: Final = 200


@dataclass(slots=True)
class Town:
    """The suite under test as its users meet it: an address, tokens, time."""

    column: Column
    client: httpx.Client

    def call(
        self, who: Actor, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request with a fresh token of the caller."""
        token = self.column.platform.tokens.issue(who, self.now())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(
            method,
            path,
            json=body,
            headers={"Authorization": f"Bearer {token}"} | named,
        )

    def get(self, who: Actor, path: str) -> Any:
        """The body of a GET that must succeed."""
        return _ok(self.call(who, "GET", path))

    def items(self, who: Actor, path: str) -> Iterator[Any]:
        """Every item of a list, page after page."""
        joint, after = "&" if "?" in path else "?", ""
        while True:
            page = self.get(who, f"{path}{joint}limit={PAGE}{after}")
            yield from page["items"]
            if page["next"] is None:
                return
            after = f"&after={page['next']}"

    def post(self, who: Actor, path: str, body: object = None, **headers: str) -> Any:
        """The body of a POST that must succeed."""
        return _ok(self.call(who, "POST", path, {} if body is None else body, **headers))

    def put(self, who: Actor, path: str, body: object, **headers: str) -> Any:
        """The body of a PUT that must succeed."""
        return _ok(self.call(who, "PUT", path, body, **headers))

    def state_places(self, agency: Actor, program_id: str, available: int) -> None:
        """The agency states the places of one of its programs anew, over what it stated last."""
        path = f"/v1/programs/{program_id}/capacity"
        version = self.get(agency, path)["version"]
        self.put(agency, path, {"available": available}, If_Match=f'"{version}"')

    def now(self) -> datetime:
        """What the town's clock shows."""
        return self.column.platform.clock.now()

    def pass_time(self, **by: float) -> None:
        """Move the clock on, then wait until nothing is in flight."""
        moment = (self.now() + timedelta(**by)).isoformat()
        self.put(ADMIN, "/ops/clock", {"now": moment})
        self.settle()

    def settle(self) -> None:
        """Wait until two looks in a row find nothing under way and nothing new done."""
        looks: list[Any] = [None]

        def at_rest() -> bool:
            answer = self.call(ADMIN, "GET", "/ops/flow")
            # After a fault the log may not know for a moment what was read of it.
            away = answer.is_server_error
            looks.append(None if away else _ok(answer))
            return not away and not under_way(looks[-1]) and looks[-1] == looks[-2]

        assert wait_until(at_rest, SETTLE_S), f"not settled after {SETTLE_S} s: {looks[-1]}"

    def violations(self) -> list[str]:
        """Every invariant that does not hold."""
        with self.column.stores() as stores:
            return violations(stores, self.column.mail)

    def submit(self, who: Actor, **changes: Any) -> str:
        """Submit a referral, let it settle, and return its id."""
        receipt = self.post(
            who, "/v1/referrals", submission(**changes), Idempotency_Key=str(uuid4())
        )
        self.settle()
        return str(receipt["referral_id"])

    def referral(self, referral_id: str) -> Any:
        """The referral as the coordinator sees it."""
        return self.get(COORDINATOR, f"/v1/referrals/{referral_id}")

    def offers(self, agency: Actor, state: str | None = None) -> list[Any]:
        """The agency's offers."""
        query = f"?state={state}" if state else ""
        return list(self.get(agency, f"/v1/offers{query}")["items"])

    def step(self, agency: Actor, offer: Any, name: str, body: object = None) -> Any:
        """Take one step on an offer and let it settle."""
        answer = self.post(agency, f"/v1/offers/{offer['offer_id']}/{name}", body)
        self.settle()
        return answer


OFFICER: Final = Actor(subject="officer-ann", role=Role.OFFICER, unit_id="central")
OTHER_OFFICER: Final = Actor(subject="officer-bo", role=Role.OFFICER, unit_id="central")
TRAINEE: Final = Actor(subject="officer-tim", role=Role.OFFICER, unit_id="academy")
COORDINATOR: Final = Actor(subject="coordinator-cy", role=Role.COORDINATOR)
MANAGER: Final = Actor(subject="manager-mo", role=Role.MANAGER)
ADMIN: Final = Actor(subject="admin-al", role=Role.ADMIN)


def partner(agency_id: str) -> Actor:
    """Somebody who works at an agency."""
    return Actor(subject=f"desk@{agency_id}", role=Role.PARTNER, agency_id=agency_id)


def submission(**changes: Any) -> dict[str, Any]:
    """A complete submission; ``person`` is merged, everything else replaces."""
    person = {
        "name": "Robin Marlowe",
        "where_to_find": "the bench by the north gate",
        "safe_contact": "in_person_only",
        "language": "en",
        "age": 34,
        "household_size": 1,
    } | changes.pop("person", {})
    body: dict[str, Any] = {
        "encounter_id": str(uuid4()),
        "need": "emergency_shelter",
        "urgency": "urgent",
        "entry_door": "social_contact",
        "voluntary": True,
        "person": person,
        "place": CENTRE,
        "consent": {"scope": "all_stated", "given_by": "self", "method": "spoken"},
    }
    return body | changes


@contextmanager
def open_town(opened: AbstractContextManager[Column], *programs: dict[str, Any]) -> Iterator[Town]:
    """A town on a column: two units and a small directory."""
    with opened as column, httpx.Client(base_url=column.address, timeout=30) as client:
        town = Town(column, client)
        furnish(town, *programs)
        yield town


def furnish(town: Town, *programs: dict[str, Any]) -> None:
    """Two units and a small directory."""
    town.put(ADMIN, "/v1/units/central", {"name": "Central", "training": False})
    town.put(ADMIN, "/v1/units/academy", {"name": "Academy", "training": True})
    if programs:
        town.post(ADMIN, "/v1/directory/imports", directory(*programs))
    town.settle()


def _ok(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None
