"""Nested documents of HSDS as rows: every row once, with all its links, whoever nests it."""

from typing import Any

import pytest

from contracts.bodies.hsds import SCHEMAS
from contracts.hsds import ENTITIES, TABLES
from services.matcher.hsds.flatten import Rows, entity_of, table_name, tables_of


def rows_of(entity: str, document: dict[str, Any]) -> Rows:
    rows = Rows()
    rows.add(entity, document, "file.json")
    return rows


def cells(rows: Rows, table: str) -> list[dict[str, str]]:
    return [row.cells for row in rows.tables.get(table, {}).values()]


LINE = {"id": "line", "number": "555-0100"}


def test_what_is_nested_several_times_is_one_row_with_every_link() -> None:
    service = {"id": "beds", "name": "Beds", "status": "active", "phones": [LINE]}
    rows = rows_of(
        "organization", {"id": "quay", "name": "Quay", "phones": [LINE], "services": [service]}
    )
    assert cells(rows, "phones") == [LINE | {"organization_id": "quay", "service_id": "beds"}]
    assert cells(rows, "services")[0]["organization_id"] == "quay"


def test_a_part_that_two_services_share_is_a_row_for_each() -> None:
    rows = Rows()
    for name in ("beds", "meals"):
        language = {"id": "so", "code": "so"}
        service = {"id": name, "name": name, "status": "active", "languages": [language]}
        rows.add("service", service, f"{name}.json")
    found = [(row["id"], row["service_id"]) for row in cells(rows, "languages")]
    assert found == [("so", "beds"), ("so.meals", "meals")]


def test_single_nested_things_become_links() -> None:
    rows = rows_of(
        "service",
        {
            "id": "beds",
            "name": "Beds",
            "status": "active",
            "organization": {"id": "quay", "name": "Quay"},
            "program": {"id": "winter", "name": "Winter"},
            "service_at_locations": [{"id": "at", "location": {"id": "hall"}}],
            "capacities": [{"id": "room", "unit": {"id": "bed", "name": "Bed"}, "available": 2}],
            "attributes": [
                {"id": "a", "taxonomy_term": {"id": "t", "taxonomy_detail": {"id": "x"}}}
            ],
        },
    )
    (service,) = cells(rows, "services")
    assert (service["organization_id"], service["program_id"]) == ("quay", "winter")
    assert cells(rows, "programs")[0]["organization_id"] == "quay"
    assert cells(rows, "service_at_location") == [
        {"id": "at", "service_id": "beds", "location_id": "hall"}
    ]
    assert cells(rows, "service_capacity")[0]["unit_id"] == "bed"
    (attribute,) = cells(rows, "attributes")
    assert (attribute["link_id"], attribute["link_entity"], attribute["taxonomy_term_id"]) == (
        "beds",
        "service",
        "t",
    )
    assert cells(rows, "taxonomy_terms")[0]["taxonomy_id"] == "x"


def test_values_that_cannot_stand_are_named_by_their_place() -> None:
    rows = rows_of(
        "service", {"id": "beds", "name": ["Beds"], "phones": ["555-0100"], "status": None}
    )
    assert [(wrong.table, wrong.place, wrong.id, wrong.reason) for wrong in rows.wrong] == [
        ("services", "file.json", "beds", "name: must be a single value"),
        ("phones", "file.json.phones[0]", None, "must be an object"),
    ]


def test_numbers_and_flags_are_text_as_tables_have_them() -> None:
    rows = rows_of("service", {"id": 7, "minimum_age": 18.0, "maximum_age": 17.5, "own": True})
    assert cells(rows, "services") == [
        {"id": "7", "minimum_age": "18", "maximum_age": "17.5", "own": "true"}
    ]


@pytest.mark.parametrize(
    ("document", "hint", "entity"),
    [
        ({"id": "1", "name": "x", "status": "active"}, "feed", "service"),
        ({"id": "1", "location_type": "physical"}, "feed", "location"),
        ({"id": "1", "location": {}}, "feed", "service_at_location"),
        ({"id": "1", "name": "x", "taxonomy": "need"}, "feed", "taxonomy_term"),
        ({"id": "1", "name": "x"}, "feed", "organization"),
        ({"id": "1", "name": "x"}, "service_at_location_full", "service_at_location"),
        ({"id": "1", "name": "x"}, "taxonomy_term_list", "taxonomy_term"),
        ({"version": "3.0", "profile": "x"}, "base", "taxonomy"),
        ({"profile": "x"}, "base", None),
    ],
)
def test_a_document_is_known_by_its_name_or_by_what_it_says(
    document: dict[str, Any], hint: str, entity: str | None
) -> None:
    assert entity_of(document, hint) == entity


def test_a_tabular_document_is_known_by_its_tables() -> None:
    assert tables_of({"services.csv": [{"id": "1"}], "urls.csv": []}) == {
        "services": [{"id": "1"}],
        "url": [],
    }
    assert tables_of({"services.csv": {}}) is None
    assert tables_of({"id": "1"}) is None
    assert (table_name("phone"), table_name("elephants")) == ("phones", "elephants")


def test_every_entity_has_a_schema_of_its_own_with_the_same_fields() -> None:
    assert SCHEMAS.keys() == ENTITIES.keys()
    for name, entity in ENTITIES.items():
        assert SCHEMAS[name]().fields.keys() == entity.fields.keys()
        assert entity.needed_in_table <= entity.columns
        assert TABLES[entity.table] is entity
