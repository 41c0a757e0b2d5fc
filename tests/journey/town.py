"""A town to travel through: a running suite, people with tokens, a clock that can be moved."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.settings import Mode, Settings
from services.cli.embedded import Suite, open_suite

START: Final = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
CENTRE: Final = {"latitude": 41.80, "longitude": -90.20}
SETTLE_S: Final = 30.0


def settings_at(home: Path, port: int = 0) -> Settings:
    """Demo settings with the settable clock, on a folder of the test's own."""
    return Settings(
        home=home,
        keys=home / "keys",
        mode=Mode.DEMO,
        settable_clock=True,
        log_level="info",
        host="127.0.0.1",
        port=port,
        threads=8,
        issuer="handoff",
        audience="handoff",
    )


@dataclass(slots=True)
class Town:
    """The suite under test as its users meet it: an address, tokens, time."""

    suite: Suite
    client: httpx.Client
    people: dict[str, Actor] = field(default_factory=dict)

    def call(
        self, who: Actor, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request with a fresh token of the caller."""
        token = self.suite.platform.tokens.issue(who, self.now())
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

    def post(self, who: Actor, path: str, body: object = None, **headers: str) -> Any:
        """The body of a POST that must succeed."""
        return _ok(self.call(who, "POST", path, {} if body is None else body, **headers))

    def put(self, who: Actor, path: str, body: object, **headers: str) -> Any:
        """The body of a PUT that must succeed."""
        return _ok(self.call(who, "PUT", path, body, **headers))

    def now(self) -> datetime:
        """What the town's clock shows."""
        return self.suite.platform.clock.now()

    def pass_time(self, **by: float) -> None:
        """Move the clock on, then wait until nothing is in flight."""
        moment = (self.now() + timedelta(**by)).isoformat()
        self.put(ADMIN, "/ops/clock", {"now": moment})
        self.settle()

    def settle(self) -> None:
        """Wait until two looks in a row find nothing under way and nothing new done."""
        until, before = time.monotonic() + SETTLE_S, None
        while time.monotonic() < until:
            flow = self.get(ADMIN, "/ops/flow")
            at_rest = all(
                not service[what]
                for service in flow.values()
                for what in ("unpublished", "lag", "waiting", "due")
            )
            if at_rest and flow == before:
                return
            before = flow if at_rest else None
        raise AssertionError(f"not settled after {SETTLE_S} s: {flow}")

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


def program(program_id: str, **values: Any) -> dict[str, Any]:
    """One program of a small directory; the agency's id is the part before the first slash."""
    return {
        "id": program_id.replace("/", "-"),
        "agency": program_id.partition("/")[0],
        "need": "emergency_shelter",
        "latitude": CENTRE["latitude"],
        "available": 5,
        "training": False,
    } | values


def directory(*programs: dict[str, Any]) -> dict[str, Any]:
    """The HSDS tables of a small directory, as the import takes them."""
    agencies = sorted({p["agency"] for p in programs})
    needs = sorted({p["need"] for p in programs})
    terms = [{"id": f"need:{n}", "code": n, "name": n, "taxonomy_id": "need"} for n in needs]
    terms.append(
        {
            "id": "mark:training",
            "code": "training",
            "name": "Training",
            "taxonomy_id": "mark",
        }
    )
    tables: dict[str, list[dict[str, str]]] = {
        "organizations": [{"id": a, "name": a.title(), "description": a} for a in agencies],
        "taxonomies": [{"id": t, "name": t, "description": t} for t in ("need", "mark")],
        "taxonomy_terms": [row | {"description": row["name"]} for row in terms],
    }
    for entry in programs:
        for table, rows in _program_rows(entry).items():
            tables.setdefault(table, []).extend(rows)
    return {"tables": tables, "time_zone": "America/Chicago", "accept_partial": False}


def _program_rows(entry: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The rows of one program that is open day and night and speaks English."""
    ident = entry["id"]
    mine = {"id": f"{ident}-1", "service_id": ident}
    ages = {name: str(entry[name]) for name in ("minimum_age", "maximum_age") if name in entry}
    hours = {"freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR,SA,SU"}
    stated = {"available": str(entry["available"]), "updated": "2027-02-28T12:00:00Z"}
    service = {"id": ident, "organization_id": entry["agency"], "name": ident.title()}
    return _place_rows(entry) | {
        "services": [service | {"status": "active"} | ages],
        "attributes": _attribute_rows(entry),
        "languages": [mine | {"name": "English", "code": "en"}],
        "schedules": [mine | hours | {"opens_at": "00:00", "closes_at": "00:00"}],
        "phones": [mine | {"number": "+1 555 0100"}],
        "units": [{"id": f"{ident}-unit", "name": "places"}],
        "service_capacity": [mine | stated | {"unit_id": f"{ident}-unit"}],
    }


def _attribute_rows(entry: dict[str, Any]) -> list[dict[str, str]]:
    terms = [f"need:{entry['need']}"] + ["mark:training"] * entry["training"]
    link = {"link_id": entry["id"], "link_entity": "service"}
    return [
        link | {"id": f"{entry['id']}-{number}", "taxonomy_term_id": term}
        for number, term in enumerate(terms)
    ]


def _place_rows(entry: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    ident, place = entry["id"], f"{entry['id']}-place"
    point = {"latitude": str(entry["latitude"]), "longitude": str(CENTRE["longitude"])}
    kind = {"organization_id": entry["agency"], "location_type": "physical", "name": ident}
    at = {"id": f"{ident}-at", "service_id": ident, "location_id": place}
    return {"locations": [{"id": place} | kind | point], "service_at_location": [at]}


@contextmanager
def open_town(home: Path, *programs: dict[str, Any]) -> Iterator[Town]:
    """A running suite with two units and a small directory; closed at the end."""
    suite = open_suite(settings_at(home))
    suite.platform.clock.set(START)  # type: ignore[attr-defined]
    suite.start()
    try:
        with httpx.Client(base_url=suite.address, timeout=30) as client:
            town = Town(suite, client)
            town.put(ADMIN, "/v1/units/central", {"name": "Central", "training": False})
            town.put(ADMIN, "/v1/units/academy", {"name": "Academy", "training": True})
            if programs:
                town.post(ADMIN, "/v1/directory/imports", directory(*programs))
            town.settle()
            yield town
            town.settle()
    finally:
        late = suite.close()
        assert late == [], f"did not end in time: {late}"


def _ok(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.status_code}: {response.text}"
    return response.json() if response.content else None
