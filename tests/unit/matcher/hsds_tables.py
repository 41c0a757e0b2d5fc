"""A directory of one program that says everything, as tables that a test may change."""

from typing import Any, Final

from services.matcher.hsds.parse import Parsed, parse
from tests.unit.matcher.samples import ZONE

Tables = dict[str, list[dict[str, Any]]]


def attribute(number: int, term: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"attribute-{number}",
        "link_id": "beds",
        "link_entity": "service",
        "taxonomy_term_id": term,
        **changes,
    }


AT: Final = {"service_id": "beds"}


def whole() -> Tables:
    """A directory of one program that says everything that can be said."""
    return place_tables() | {
        "organizations": [{"id": "harbour", "name": "Harbour"}],
        "services": [
            {"id": "beds", "organization_id": "harbour", "name": "Beds", "description": "A hall"}
            | {"status": "active", "interpretation_services": "by telephone"}
            | {"minimum_age": "18", "maximum_age": "64"}
        ],
        "attributes": [
            attribute(1, "need:emergency_shelter"),
            attribute(2, "accommodation:pets"),
            attribute(3, "eligibility:documents_required", value="Photo identification"),
        ],
        "schedules": [
            AT | {"id": "night", "byday": "FR,MO", "opens_at": "20:00", "closes_at": "08:00"}
        ],
        "languages": [AT | {"id": "so", "code": "so"}, AT | {"id": "en", "code": "en"}],
        "phones": [
            AT | {"id": "one", "number": "555-0101", "description": "intake line"},
            AT | {"id": "two", "number": "555-0100", "description": "handoff line"},
        ],
        "service_capacity": [
            AT
            | {"id": "room", "available": "3", "maximum": "40"}
            | {"updated": "2027-02-28T12:00:00Z"}
        ],
    }


def place_tables() -> Tables:
    """Where the one program is: two places, one of them with an address."""
    door = {"id": "door", "location_id": "hall", "address_1": "1 Quay", "city": "Rivermouth"}
    return {
        "locations": [
            {"id": "hall", "name": "Hall", "latitude": "41.8", "longitude": "-90.2"},
            {"id": "annexe", "name": "Annexe", "latitude": "41.9", "longitude": "-90.2"},
        ],
        "addresses": [door | {"state_province": "IL", "postal_code": "61291"}],
        "service_at_location": [
            AT | {"id": "at-hall", "location_id": "hall"},
            AT | {"id": "at-annexe", "location_id": "annexe"},
        ],
    }


def read(tables: Tables) -> Parsed:
    return parse(tables, ZONE)


def changed(table: str, index: int = 0, **values: Any) -> Parsed:
    tables = whole()
    tables[table][index] |= values
    return read(tables)
