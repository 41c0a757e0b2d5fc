"""The directory as an HSDS API serves it: what stands now, no more than may be known, in pages."""

from typing import Any

import pytest

from contracts.bodies.hsds import SCHEMAS
from services.matcher.domain.listing import public_id
from tests.integration.matcher.desk import ADMIN, COORDINATOR, Desk, partner, tables

BEDS = public_id("services", "harbour-beds")
NEED = public_id("taxonomy_terms", "need:emergency_shelter")


def given(*names: str) -> dict[str, list[dict[str, Any]]]:
    """Shelters, each with a place and a date."""
    found: dict[str, list[dict[str, Any]]] = tables(**dict.fromkeys(names, 3))
    for number, service in enumerate(found["services"]):
        service["last_modified"] = f"2027-02-{number + 10}T00:00:00Z"
    found["locations"] = [
        {"id": f"{name}-hall", "location_type": "physical", "organization_id": name}
        | {"name": f"{name} hall", "latitude": "41.8", "longitude": f"-90.{number + 1}"}
        for number, name in enumerate(names)
    ]
    found["service_at_location"] = [
        {"id": f"{name}-at", "service_id": f"{name}-beds", "location_id": f"{name}-hall"}
        for name in names
    ]
    return found


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A desk whose directory has three shelters."""
    assert desk.bring(given("harbour", "lodge", "quay")).status_code == 200
    return desk


def read(desk: Desk, path: str) -> Any:
    """What is served at an address."""
    answer = desk.call(COORDINATOR, "GET", f"/v1/hsds{path}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def names(desk: Desk, query: str, path: str = "services") -> set[str]:
    """The names of what a list holds."""
    return {one["name"] for one in read(desk, f"/{path}?{query}")["contents"]}


def test_a_page_says_where_it_stands(stocked: Desk) -> None:
    pages = [read(stocked, f"/services?per_page=2&page={number}") for number in (1, 2, 3)]
    assert [
        (page["size"], page["first_page"], page["last_page"], page["empty"]) for page in pages
    ] == [(2, True, False, False), (1, False, True, False), (0, False, True, True)]
    assert [(page["total_items"], page["total_pages"]) for page in pages] == [(3, 2)] * 3
    ids = [one["id"] for page in pages for one in page["contents"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3


def test_a_list_is_narrowed_by_what_is_asked(stocked: Desk) -> None:
    agency = public_id("organizations", "lodge")
    assert names(stocked, "search=HARB") == {"Harbour beds"}
    assert names(stocked, "search=%25") == set()
    assert names(stocked, f"organization_id={agency}") == {"Lodge beds"}
    assert names(stocked, "modified_after=2027-02-11T12:00:00Z") == {"Quay beds"}
    assert len(names(stocked, f"taxonomy_term_id={NEED}")) == 3
    assert names(stocked, f"taxonomy_term_id={agency}") == set()
    asked = "/v1/hsds/services?search=harbour"
    posted = stocked.call(COORDINATOR, "POST", asked)
    assert posted.get_json() == stocked.call(COORDINATOR, "GET", asked).get_json()
    (place,) = read(stocked, f"/service_at_locations?organization_id={agency}")["contents"]
    assert (place["location"]["name"], place["service"]["name"]) == ("lodge hall", "Lodge beds")


def test_a_list_is_short_and_full_or_minimal_where_it_is_asked(stocked: Desk) -> None:
    (short, full, least) = (
        read(stocked, f"/services?search=harbour&{more}")["contents"][0]
        for more in ("", "full=true", "minimal=true")
    )
    assert "service_at_locations" not in short
    assert short["organization"]["name"] == "Harbour"
    assert full["service_at_locations"][0]["location"]["latitude"] == 41.8
    assert full["capacities"][0]["available"] == 3
    assert least == {"id": BEDS, "modified_date": "2027-02-10T00:00:00+00:00"}
    (agency,) = read(stocked, "/organizations?search=harbour&full_service=true")["contents"]
    assert [service["name"] for service in agency["services"]] == ["Harbour beds"]


@pytest.mark.parametrize(
    ("path", "entity", "own"),
    [
        ("services", "service", "harbour-beds"),
        ("organizations", "organization", "harbour"),
        ("service_at_locations", "service_at_location", "harbour-at"),
        ("taxonomy_terms", "taxonomy_term", "need:emergency_shelter"),
    ],
)
def test_an_entry_stands_at_its_own_address_as_its_schema_says(
    stocked: Desk, path: str, entity: str, own: str
) -> None:
    table = {"service_at_locations": "service_at_location"}.get(path, path)
    entry_id = public_id(table, own)
    entry = read(stocked, f"/{path}/{entry_id}")
    assert entry["id"] == entry_id
    extra = {"services", "service"} & entry.keys()
    assert SCHEMAS[entity]().validate({k: v for k, v in entry.items() if k not in extra}) == {}
    gone = stocked.call(COORDINATOR, "GET", f"/v1/hsds/{path}/{public_id(path, 'gone')}")
    assert (gone.status_code, gone.mimetype) == (404, "application/problem+json")


def test_who_is_paused_is_closed_for_a_time_and_who_was_closed_is_inactive(stocked: Desk) -> None:
    def status() -> str:
        return str(read(stocked, f"/services/{BEDS}")["status"])

    path = "/v1/programs/harbour-beds"
    assert status() == "active"
    stocked.call(partner("harbour"), "POST", f"{path}/pause", {})
    assert status() == "temporarily closed"
    stocked.call(partner("harbour"), "POST", f"{path}/resume", {})
    stocked.call(ADMIN, "POST", f"{path}/close", {})
    assert status() == "inactive"


def test_a_place_that_must_not_be_known_any_more_is_forgotten_by_the_next_import(
    stocked: Desk,
) -> None:
    rows = given("harbour", "lodge", "quay")
    rows["attributes"][0]["taxonomy_term_id"] = "need:domestic_violence_shelter"
    answer = stocked.bring(rows).get_json()
    assert answer["listed"] >= 3
    assert "-90.1" not in str(read(stocked, "/organizations?full=true&full_service=true"))
    assert "harbour hall" not in str(read(stocked, "/service_at_locations?full=true"))
    assert len(read(stocked, "/service_at_locations")["contents"]) == 2
    assert stocked.bring(rows).get_json()["listed"] == 0


def test_what_became_an_exercise_is_listed_no_longer(stocked: Desk) -> None:
    rows = given("harbour")
    rows["attributes"].append(
        rows["attributes"][0] | {"id": "m", "taxonomy_term_id": "mark:training"}
    )
    stocked.bring(rows)
    assert names(stocked, "") == {"Lodge beds", "Quay beds"}
    assert names(stocked, "", "organizations") == {"Lodge", "Quay"}


def test_a_program_that_names_no_need_any_more_takes_nobody(stocked: Desk) -> None:
    rows = given("harbour", "lodge", "quay")
    del rows["attributes"][0]
    answer = stocked.bring(rows).get_json()
    assert "services harbour-beds: names no need now; it takes nobody" in answer["warnings"]
    seen = stocked.call(COORDINATOR, "GET", "/v1/programs/harbour-beds").get_json()
    assert seen["active"] is False
    assert stocked.bring(rows).get_json()["changed"] == 0


@pytest.mark.parametrize(
    "query", ["page=0", "per_page=201", "page=1.5", "format=xml", "postcode=61201", "full=perhaps"]
)
def test_a_question_that_is_not_understood_is_refused_by_its_field(desk: Desk, query: str) -> None:
    refused = desk.call(COORDINATOR, "GET", f"/v1/hsds/services?{query}")
    assert refused.status_code == 422
    assert set(refused.get_json()["errors"]) == {query.partition("=")[0]}


def test_a_refuge_that_names_its_need_no_longer_is_not_found_by_that(desk: Desk) -> None:
    """A folder that is imported without its attributes must not tell where people hide."""
    refuge = given("harbour")
    for row in refuge["attributes"]:
        row["taxonomy_term_id"] = "need:domestic_violence_shelter"
    assert desk.bring(refuge).status_code == 200
    assert desk.bring(refuge | {"attributes": []}).status_code == 200
    for path in ("services", "organizations", "service_at_locations"):
        served = repr(read(desk, f"/{path}?full=true")["contents"])
        assert "harbour hall" not in served, path
        assert "41.8" not in served, path
