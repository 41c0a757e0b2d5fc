"""The directory import proven on what communities publish, and HSDS held against its own schemas.

The data is published by others and is not part of this project, so these tests carry the marker
``shared_data``, which the default run deselects. DIRECTORY_DATA names the folder that holds it.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.hsds import ENTITIES, Entity
from services.cli import people
from tests.integration.cli.conftest import Town

HOWTO = Path(__file__).parents[3] / "docs" / "howto"
COMPILED = re.compile(r".*/(?:compiled/)?([a-z_]+)\.json")

pytestmark = pytest.mark.shared_data


def shared(*parts: str) -> Path:
    return Path(os.environ["DIRECTORY_DATA"], *parts)


def definitions() -> dict[str, Any]:
    """Every entity of the specification, by name."""
    path = shared("openreferral-hsds-3x-schemas", "service_with_definitions.json")
    service = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, Any] = service["definitions"]
    return found | {"service": {key: service[key] for key in service if key != "definitions"}}


def test_every_entity_has_the_fields_kinds_and_needs_of_the_specification() -> None:
    said = definitions()
    assert said.keys() == ENTITIES.keys()
    for name, entity in ENTITIES.items():
        assert _shape(entity) == _specified(said[name]), name
        assert entity.needed_in_table == set(said[name].get("tabular_required", ())), name
        needed = {field.name for field in entity.fields.values() if field.required}
        assert needed == set(said[name]["required"]), name


def _shape(entity: Entity) -> dict[str, Any]:
    return {
        field.name: (field.entity, field.many) if field.entity else (field.kind, field.words)
        for field in entity.fields.values()
    }


def _specified(said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, one in said["properties"].items():
        if "$ref" in one:
            found[name] = (one["$ref"].rpartition("/")[2], False)
        elif one["type"] == "array":
            found[name] = (one["items"]["$ref"].rpartition("/")[2], True)
        elif "enum" in one:
            found[name] = ("word", tuple(one["enum"]))
        else:
            kinds = {"date-time": "moment", "uuid": "uuid", "uri": "uri", "email": "email"}
            kind = "number" if one["type"] == "number" else kinds.get(one.get("format", ""), "text")
            found[name] = (kind, ())
    return found


@pytest.mark.parametrize("source", ["", "csv", "organization_full.json", "service_full.json"])
def test_the_examples_of_the_specification_are_taken_with_their_flaws_named(
    empty_town: Town, source: str
) -> None:
    path = shared("openreferral-hsds-3x-examples", *filter(None, [source]))
    refused = empty_town.handoff.calling("directory", "import", path)
    assert refused.exit_code == 1
    taken = empty_town.handoff.calling("directory", "import", path, "--accept-partial")
    assert taken.exit_code == 0, taken.stderr
    assert "latitude: must be degrees from -90 to 90: its point was left out" in taken.stdout
    assert "service_capacity" in taken.stdout
    assert "organization_id" in taken.stdout
    again = empty_town.handoff.calling("directory", "import", path, "--accept-partial")
    assert "changed 0" in again.stdout
    assert "documents listed anew 0" in again.stdout


@pytest.mark.parametrize(
    ("folder", "file", "rejected", "programs"),
    [
        ("florida-legal-aid", "", 1, 43),
        ("philadelphia-homeless-services", "data.csv", 0, 46),
    ],
)
def test_a_feed_that_is_not_hsds_is_taken_by_its_map(
    empty_town: Town, folder: str, file: str, rejected: int, programs: int
) -> None:
    path = shared(folder, *filter(None, [file]))
    name = "florida-legal-aid" if "florida" in folder else "philadelphia"
    args = ("directory", "import", path, "--map", HOWTO / f"{name}.map.toml", "--accept-partial")
    first = empty_town.handoff.calling(*args)
    assert first.exit_code == 0, first.stderr
    assert f"programs {programs}" in first.stdout
    assert f"rejected {rejected};" in first.stdout
    if rejected:
        assert re.search(r"services *│ *65 ", first.stdout)
    again = empty_town.handoff.calling(*args)
    assert f"changed 0, unchanged {programs}" in again.stdout
    assert "documents listed anew 0" in again.stdout


def test_where_women_hide_is_nowhere(empty_town: Town) -> None:
    coordinator = empty_town.acting(people.COORDINATOR)
    text = json.dumps(
        [
            coordinator.get(
                "/v1/hsds/organizations", full_service="true", full="true", per_page=200
            ),
            coordinator.get("/v1/hsds/service_at_locations", full="true", per_page=200),
            list(coordinator.items("/v1/programs")),
        ]
    )
    assert "Women Against Abuse" in text
    assert "100 S. Broad" not in text
    assert "39.95037" not in text


def test_what_is_served_agrees_with_the_specifications_api(empty_town: Town) -> None:
    """Every route of it, each answer as its schema says."""
    api = json.loads(shared("openreferral-hsds-3x-schemas", "openapi.json").read_text())
    client, said = empty_town.acting(people.COORDINATOR), definitions()
    for path, methods in api["paths"].items():
        schema = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        if "{id}" in path:
            listed = client.get(f"/v1/hsds{path.removesuffix('/{id}')}", per_page=200)["contents"]
            for one in listed:
                entry = client.get(f"/v1/hsds{path.format(id=one['id'])}")
                _agrees(entry, _entity(path), said)
        elif path == "/":
            assert client.get("/v1/hsds/").keys() == schema["properties"].keys()
        else:
            page = client.get(
                f"/v1/hsds{path}", per_page=200, full="true" if _nests(path) else None
            )
            assert client.post(f"/v1/hsds{path}?per_page=200") | {"contents": None} == (
                page | {"contents": None}
            )
            named = api["components"]["schemas"]["Page"]["properties"].keys()
            assert page.keys() == named | {"contents"}
            for one in page["contents"]:
                _agrees(one, _entity(path), said)


def _entity(path: str) -> str:
    name = path.split("/")[1]
    return {"taxonomies": "taxonomy"}.get(name, name.removesuffix("s"))


def _nests(path: str) -> bool:
    return "taxonom" not in path


def _agrees(entry: dict[str, Any], entity: str, said: dict[str, Any]) -> None:
    """The entry is valid, and no field of it is unknown, at any depth."""
    schema = {"$ref": f"#/definitions/{entity}", "definitions": said}
    checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.message for error in checker.iter_errors(entry)] == [], entry["id"]
    beside = {"service_at_location": {"service"}, "organization": {"services"}}
    assert entry.keys() <= said[entity]["properties"].keys() | beside.get(entity, set())
