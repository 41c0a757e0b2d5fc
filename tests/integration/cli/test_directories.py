"""Directories as people publish them: documents, an API, sheets by a map; and their check."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.cli import people
from tests.integration.cli.conftest import Town, line_of

SERVICE = "ac148810-d857-441c-9679-408f346de14b"
AGENCY = "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610"
SHEET = """Id,Category,Agency,Address,Days,Open,Close,Phone,LatLon,Hue
1,Emergency Shelter,Quay House,"1 Quay, Rivermouth, IL 61291",Mon-Fri,8AM,6PM,555-0100,"-90.2,41.8",
2,Food,Quay House,State: IL,,,,main: 555-0101; fax: 555-0102,,red
3,Emergency Shelter,Barn,,by appointment,,,,"-90.1,41.7",
"""


def organization(**service: Any) -> dict[str, Any]:
    """A document with one organization that has one service of its own at a place."""
    phone = {"id": "line", "number": "555-0100", "languages": [{"id": "so", "code": "so"}]}
    hall = {"id": "hall", "location_type": "physical", "latitude": 41.8, "longitude": -90.2}
    term = {"id": "term", "code": "emergency_shelter", "name": "Shelter", "taxonomy": "need"}
    own = {
        "id": SERVICE.upper(),
        "name": "Beds",
        "status": "active",
        "minimum_age": 18.0,
        "colour": "red",
        "phones": [phone],
        "schedules": [{"id": "week", "byday": "MO", "opens_at": "10:00:00", "closes_at": "18:00"}],
        "service_at_locations": [{"id": "at", "location": hall}],
        "attributes": [{"id": "need", "link_entity": "", "taxonomy_term": term}],
    }
    return {"id": AGENCY, "name": "Quay House", "description": "A house", "phones": [phone]} | {
        "services": [own | service]
    }


def written(folder: Path, document: object, name: str = "organization_full.json") -> Path:
    """A file with a document."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def shown(town: Town, program: str) -> dict[str, Any]:
    """A program as a coordinator reads it."""
    found: dict[str, Any] = town.acting(people.COORDINATOR).get(f"/v1/programs/{program}")
    return found


def test_a_document_is_tried_taken_and_served_again_without_a_change(
    empty_town: Town, tmp_path: Path
) -> None:
    path = written(tmp_path, organization())
    tried = empty_town.handoff.calling("directory", "import", path, "--dry-run")
    assert tried.exit_code == 0, tried.stderr
    assert SERVICE in tried.stdout
    assert "(new)" in tried.stdout
    assert "dry run, nothing applied" in tried.stdout
    taken = empty_town.handoff.calling("directory", "import", path)
    assert taken.exit_code == 0, taken.stderr
    assert "warning: services: column colour is not known" in taken.stdout
    program = shown(empty_town, SERVICE)
    assert (program["needs"], program["minimum_age"]) == (["emergency_shelter"], 18)
    assert (program["phone"], program["latitude"]) == ("555-0100", 41.8)
    assert program["hours"][0]["closes_at"] == "18:00"
    token = empty_town.handoff("token", "create", "--role", "service").stdout.strip()
    own = f"{empty_town.handoff.url}/v1/hsds"
    again = empty_town.handoff.calling("directory", "import", own, "--source-token", token)
    assert again.exit_code == 0, again.stderr + again.stdout
    assert "changed 0" in again.stdout


def test_a_change_is_shown_first_field_by_field(empty_town: Town, tmp_path: Path) -> None:
    empty_town.handoff.calling("directory", "import", written(tmp_path, organization()))
    changed = written(tmp_path, organization(name="More beds"))
    tried = empty_town.handoff.calling("directory", "import", changed, "--dry-run")
    assert "More beds" in tried.stdout
    assert shown(empty_town, SERVICE)["name"] == "Beds"


def test_a_rejected_part_is_named_by_the_way_into_its_document(
    empty_town: Town, tmp_path: Path
) -> None:
    path = written(tmp_path, organization(schedules=[{"id": "week", "byday": "Mondays"}]))
    result = empty_town.handoff.calling("directory", "import", path)
    assert line_of(result) == "handoff: 1 rows rejected, nothing applied"
    assert "organization_full.json.services[0].schedules[0]" in "".join(
        part.strip() for part in result.stdout.replace("│", "").split()
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://127.0.0.1:9/hsds", "cannot be read"),
        ("ftp://example.org/hsds", "an address begins with http:// or https://"),
        ("nowhere.json", "nowhere.json is not there"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line(empty_town: Town, source: str, said: str) -> None:
    result = empty_town.handoff.calling("directory", "import", source)
    assert result.exit_code == 1
    assert said in line_of(result)


def test_an_address_that_is_no_directory_says_so(empty_town: Town) -> None:
    url = empty_town.handoff.url or ""
    result = empty_town.handoff.calling("directory", "import", f"{url}/v1")
    assert "/v1/organizations was answered" in line_of(result)


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no JSON"), ('{"id": 1}', "no service is in these documents")]
)
def test_a_file_that_holds_no_directory_is_one_line(
    empty_town: Town, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "directory.json").write_text(text)
    result = empty_town.handoff.calling("directory", "import", tmp_path / "directory.json")
    assert said in line_of(result)


def test_a_data_package_that_is_none_is_noted_and_the_tables_are_read(
    empty_town: Town, tmp_path: Path
) -> None:
    (tmp_path / "datapackage.json").write_text("../../datapackage.json")
    (tmp_path / "organizations.csv").write_text("id,name\npackaged,Packaged\n")
    header = "id,organization_id,name,status\n"
    (tmp_path / "services.csv").write_text(f"{header}packaged-one,packaged,One,active\n")
    result = empty_town.handoff.calling("directory", "import", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "note: datapackage.json is no data package" in result.stdout
    resources = [{"path": "organizations.csv"}, {"path": "renamed/services.csv"}]
    written(tmp_path, {"resources": resources}, "datapackage.json")
    (tmp_path / "renamed").mkdir()
    (tmp_path / "services.csv").rename(tmp_path / "renamed" / "services.csv")
    assert "changed 0" in empty_town.handoff.calling("directory", "import", tmp_path).stdout
    for wrong in (
        {"path": "../secret.csv"},
        {"path": "services.csv", "dialect": {"delimiter": ";;"}},
    ):
        written(tmp_path, {"resources": [wrong]}, "datapackage.json")
        outside = empty_town.handoff.calling("directory", "import", tmp_path)
        assert line_of(outside).endswith("services.csv is missing")


def test_a_proposed_map_loads_as_it_stands_and_says_what_is_unknown(
    empty_town: Town, tmp_path: Path
) -> None:
    sheet, by = tmp_path / "feed.csv", tmp_path / "feed.toml"
    sheet.write_text(SHEET, encoding="utf-8")
    proposed = empty_town.handoff.bare("directory", "map", sheet)
    assert proposed.exit_code == 0, proposed.stderr
    by.write_text(proposed.stdout, encoding="utf-8")
    result = empty_town.handoff.calling("directory", "import", sheet, "--map", by)
    assert result.exit_code == 0, result.stderr + result.stdout
    assert "agencies 2, programs 2" in result.stdout
    assert "note: feed.csv: the map reads no Hue" in result.stdout
    assert "schedules feed.csv line 4: hours unknown" in result.stdout
    assert "1 services name no need" in result.stdout
    first, second = shown(empty_town, "1"), shown(empty_town, "3")
    assert (first["latitude"], first["longitude"]) == (41.8, -90.2)
    assert first["address"] == "1 Quay, Rivermouth, IL 61291"
    assert first["hours"][0] | {"weekdays": None} == {
        "weekdays": None,
        "opens_at": "08:00",
        "closes_at": "18:00",
        "valid_from": None,
        "valid_to": None,
    }
    assert (second["hours"], second["open_now"]) == ([], False)
    assert (
        "changed 0" in empty_town.handoff.calling("directory", "import", sheet, "--map", by).stdout
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x =", "is no TOML"),
        ("", "time_zone"),
        ('time_zone = "Mars/North"', "an IANA time zone"),
        ('[[tables]]\ntable = "colours"', "tables"),
        ('[[tables]]\ntable = "services"\ncolumns = { id = "Id", colour = "Colour" }', "colour"),
        ('[[tables]]\ntable = "services"\naddress = "Address"', "stands in the table addresses"),
        ('[[tables]]\ntable = "services"\ncolumns = { id = "Number" }', "lacks the column Number"),
        ('[[tables]]\ntable = "services"\nsheet = "x.csv"\ncolumns = { id = "Id" }', "one of feed"),
    ],
)
def test_a_wrong_map_is_one_line(empty_town: Town, tmp_path: Path, text: str, said: str) -> None:
    sheet, by = tmp_path / "feed.csv", tmp_path / "feed.toml"
    sheet.write_text(SHEET, encoding="utf-8")
    zone = "" if "zone" in said or not text.startswith("[") else 'time_zone = "UTC"\n'
    by.write_text(zone + text, encoding="utf-8")
    result = empty_town.handoff.calling("directory", "import", sheet, "--map", by)
    assert result.exit_code == 1
    assert said in line_of(result)


def test_the_check_says_what_to_do(empty_town: Town, tmp_path: Path) -> None:
    path = written(tmp_path, organization())
    empty_town.handoff.calling("directory", "import", path)
    result = empty_town.handoff.calling("directory", "check")
    assert result.exit_code == 0, result.stderr
    assert "Needs that nobody serves" in result.stdout
    assert "they are offered to nobody" in result.stdout
    report = json.loads(empty_town.handoff.calling("directory", "check", "--json").stdout)
    troubles = {(one["trouble"], one["id"]) for one in report["findings"]}
    assert {("no_statement", SERVICE), ("undated", SERVICE)} <= troubles
    assert report["counts"]["need_unserved"] >= 1
    few = empty_town.handoff.calling("directory", "check", "--json", "--most", "1").stdout
    told = [one["trouble"] for one in json.loads(few)["findings"]]
    assert sorted(told) == sorted(report["counts"])


def test_an_agency_states_its_places_from_a_file(empty_town: Town, tmp_path: Path) -> None:
    empty_town.handoff.calling("directory", "import", written(tmp_path, organization()))
    beds = tmp_path / "beds.csv"
    beds.write_text(f"program_id,available,maximum,as_of\n{SERVICE},3,10,\n")
    args = ("capacity", "import", beds, "--agency", AGENCY)
    result = empty_town.handoff.calling(*args)
    assert result.exit_code == 0, result.stderr
    assert "applied: stated 1, unchanged 0, older 0" in result.stdout
    said = shown(empty_town, SERVICE)["capacity"]
    assert (said["available"], said["stated_by"], said["stale"]) == (3, "agency", False)
    other = empty_town.handoff.calling("capacity", "import", beds, "--agency", "packaged")
    assert line_of(other) == "handoff: 1 rows rejected, nothing stated"
    assert "must be a program of yours" in other.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("program_id\nx\n", "lacks the column available"),
        ("program_id,available,beds\nx,1,2\n", "column beds is not known"),
        ("program_id,available\nx,many\n", "1 rows rejected, nothing stated"),
    ],
)
def test_a_wrong_file_of_places_is_one_line(
    empty_town: Town, tmp_path: Path, text: str, said: str
) -> None:
    beds = tmp_path / "beds.csv"
    beds.write_text(text)
    result = empty_town.handoff.calling("capacity", "import", beds, "--agency", "packaged")
    assert result.exit_code == 1
    assert said in line_of(result)
