"""The agencies of the matrix's street: three families of them, some full, paused or closed."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from services.local_servers.waiting import wait_until
from tests.journey.directory import directory, program
from tests.journey.town import ADMIN, OFFICER, TRAINEE, Town

# By variant: what the names of the agencies begin with that it may reach.
FAMILIES: Final = {"training": "drill-", "protected": "haven-"}
# A program of which everything is said, and which is paused.
DESCRIBED: Final = "full/rent"
# For officers who ask who can help: open, with places that nobody states, and closed nearly always.
TALKS: Final = {"talks/rooms": "23:59", "talks/walks": "23:59", "ward/hour": "00:01"}
CONTACTS: Final = (
    "/v1/agencies/full/contacts",
    "/v1/agencies/harbour/contacts",
    "/v1/contacts/coordinator",
)
WAIT_S: Final = 30.0


def need_of(family: str) -> str:
    """What the programs of a family serve."""
    return "domestic_violence_shelter" if family == "haven-" else "emergency_shelter"


def open_quarter(town: Town) -> None:
    """Import the agencies, stop some of them, name who is written to, and be refused twice."""
    town.post(ADMIN, "/v1/directory/imports", _directory())
    for path in CONTACTS:
        town.put(ADMIN, path, {"contacts": [{"name": "Kim", "email": "desk@example.org"}]})
    until = {"until": (town.now() + timedelta(days=30)).isoformat()}
    town.post(ADMIN, "/v1/programs/full-rent/pause", {"reason": "full"} | until)
    town.post(ADMIN, "/v1/programs/gone-beds/close")
    town.post(ADMIN, "/v1/directory/agencies/shut/pause", {"reason": "away"} | until)
    town.post(ADMIN, "/v1/directory/agencies/gone/close")
    for officer in (OFFICER, TRAINEE):
        assert town.call(officer, "GET", "/v1/worklist").is_client_error
    _change_policy(town)


def _change_policy(town: Town) -> None:
    """Have places held back for a moment, so that there are plans, and no more after it."""
    for version, hold_back in (("ahead-1", True), ("ahead-2", True), ("daily-1", False)):
        policy = {"version": version, "hold_back": hold_back}
        town.post(ADMIN, "/v1/policies", {"policy": policy, "because": "to try it"})
        town.settle()


def lose_a_letter(town: Town, mail: Path) -> None:
    """Have a letter that cannot be written: where its folder was stands a file."""
    mail.rename(mail.with_name("sent"))
    mail.touch()
    contacts = {"contacts": [{"name": "Lou", "email": "rival@example.org"}]}
    town.put(ADMIN, "/v1/agencies/rival/contacts", contacts)

    def failed() -> bool:
        waiting = town.get(ADMIN, "/v1/notices?state=pending")["items"]
        return any(notice["failure"] for notice in waiting)

    assert wait_until(failed, WAIT_S)


def _directory() -> dict[str, Any]:
    found = [program(DESCRIBED, need="rental_assistance", minimum_age=18, maximum_age=99)]
    found += [program(f"{name}/beds", need="rental_assistance") for name in ("shut", "gone")]
    found += [program("ward/hour", need="psychiatric_care")]
    found += [program(name, need="counselling") for name in TALKS if name.startswith("talks")]
    for family in ("", *FAMILIES.values()):
        found += _family(family)
    whole = directory(*found)
    tables = whole["tables"]
    tables["attributes"] += [_term(one["id"], "accommodation:pets") for one in found]
    tables["attributes"] += [_asks_income(one["id"]) for one in found if "spare" not in one["id"]]
    for name in (DESCRIBED, "talks/rooms"):
        _describe(tables, name.replace("/", "-"))
    _set_hours(tables)
    return whole


def _family(family: str) -> list[dict[str, Any]]:
    make = partial(program, training=family == "drill-", available=90)
    need = need_of(family)
    return [
        make(f"{family}harbour/beds", need=need),
        make(f"{family}rival/beds", need=need, latitude=41.9),
        make(f"{family}full/beds", need=need, available=0),
        make(f"{family}silent/beds", need=need),
        # Nobody here needs it: only a hand sends anybody there.
        make(f"{family}spare/beds", need="rental_assistance"),
    ]


def _describe(tables: dict[str, list[dict[str, str]]], program_id: str) -> None:
    """Say of one program all that a directory can say."""
    (service,) = (row for row in tables["services"] if row["id"] == program_id)
    service |= {"description": "rent for a while", "interpretation_services": "by phone"}
    (places,) = (row for row in tables["service_capacity"] if row["service_id"] == program_id)
    places |= {"maximum": "9"}
    street = {"address_1": "1 Quay", "city": "Port", "state_province": "IL", "country": "US"}
    at = {"location_id": f"{program_id}-place", "address_type": "physical"}
    row = at | street | {"id": f"{program_id}-quay", "postal_code": "61201"}
    tables.setdefault("addresses", []).append(row)


def _set_hours(tables: dict[str, list[dict[str, str]]]) -> None:
    closing = {name.replace("/", "-"): closes for name, closes in TALKS.items()}
    for row in tables["schedules"]:
        row["closes_at"] = closing.get(row["service_id"], row["closes_at"])
    untold = "talks-walks"
    stated = tables["service_capacity"]
    tables["service_capacity"] = [row for row in stated if row["service_id"] != untold]


def _asks_income(program_id: str) -> dict[str, str]:
    return _term(program_id, "eligibility:income_limit") | {"value": "half of the median"}


def _term(program_id: str, term: str) -> dict[str, str]:
    link = {"id": f"{program_id}-{term}", "link_id": program_id, "link_entity": "service"}
    return link | {"taxonomy_term_id": term}
