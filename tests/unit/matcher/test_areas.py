"""Where the people of a program must stay: polygons become cells, and cells a verdict."""

import json
from typing import Any

import pytest

from services.matcher.domain.area import Area, area_of, covers
from services.matcher.domain.directory import Program, Requirement, Rule, program_json, program_of
from services.matcher.domain.eligibility import Doubt, Fit, Ground, Verdict, judge
from services.matcher.domain.place import cell_of
from services.matcher.hsds.parse import Parsed, parse
from tests.unit.matcher.hsds_tables import AT, attribute, whole
from tests.unit.matcher.samples import ZONE, program, request

FARTHEST = 1000.0
# A county of 50 by 55 km, and a hole in the midst of it.
RING = [[-90.5, 41.5], [-89.9, 41.5], [-89.9, 42.0], [-90.5, 42.0], [-90.5, 41.5]]
HOLE = [[-90.3, 41.7], [-90.1, 41.7], [-90.1, 41.8], [-90.3, 41.8], [-90.3, 41.7]]
COUNTY: dict[str, Any] = {"type": "Polygon", "coordinates": [RING]}
HOLED: dict[str, Any] = {"type": "Polygon", "coordinates": [RING, HOLE]}
MIDST, NORTH, BORDER = cell_of(41.75, -90.2), cell_of(43.0, -90.2), cell_of(42.0, -90.2)


def area_in(*rows: dict[str, Any]) -> Parsed:
    tables = whole()
    tables["service_areas"] = [
        AT | {"id": f"area-{number}", **row} for number, row in enumerate(rows)
    ]
    return parse(tables, ZONE)


def drawn(extent: object) -> dict[str, Any]:
    return {"extent": json.dumps(extent), "extent_type": "geojson"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (MIDST, Verdict()),
        (NORTH, Verdict((Ground.OUTSIDE_AREA,))),
        (BORDER, Verdict((), (), (Doubt.SERVICE_AREA,))),
        (None, Verdict((), (), (Doubt.SERVICE_AREA,))),
    ],
)
def test_inside_passes_outside_fails_and_on_the_edge_or_nowhere_known_asks(
    cell: str | None, expected: Verdict
) -> None:
    assert judge(program(area=area_of([COUNTY])), request(cell=cell), FARTHEST) == expected


def test_a_hole_is_outside_and_several_polygons_are_one_area() -> None:
    holed = area_of([HOLED])
    assert covers(holed, MIDST) is False
    assert covers(holed, cell_of(41.6, -90.4)) is True
    assert covers(area_of([HOLED, {"type": "Polygon", "coordinates": [HOLE]}]), MIDST) is True


def test_a_state_takes_few_cells_and_still_tells_inside_from_outside() -> None:
    ring = [[-103.0, 36.0], [-94.0, 36.0], [-94.0, 44.0], [-103.0, 44.0], [-103.0, 36.0]]
    state = area_of([{"type": "Polygon", "coordinates": [ring]}])
    assert len(state.within) + len(state.edge) < 500
    assert covers(state, cell_of(40.0, -98.0)) is True
    assert covers(state, cell_of(34.0, -98.0)) is False


def test_the_polygons_of_a_directory_become_the_area_of_its_program() -> None:
    feature = {"type": "Feature", "geometry": COUNTY, "properties": {}}
    collection = {"type": "FeatureCollection", "features": [feature]}
    for extent in (COUNTY, feature, collection):
        found = area_in(drawn(extent))
        assert found.programs[0].area == area_of([COUNTY])
        assert found.warnings == area_in().warnings


def test_an_area_in_words_is_judged_by_nobody_and_one_that_is_wrong_is_warned_of() -> None:
    assert area_in({"name": "Clinton County"}).programs[0].area is None
    assert area_in(drawn(COUNTY), {"name": "and beyond"}).programs[0].area is None
    wrong: list[object] = [
        {"type": "Polygon", "coordinates": [[[1, 2]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[-91, 95], [1, 2], [3, 4]]]},
        {"type": "Polygon", "coordinates": "everywhere"},
        {"type": "Polygon", "coordinates": [[["1", "2"], ["3", "4"], ["5", "6"]]]},
        {"type": "Polygon", "coordinates": [[1, 2], [3, 4], [5, 6]]},
        {"type": "MultiPolygon", "coordinates": [[[1, 2], [3, 4], [5, 6]]]},
        {"type": "Polygon", "coordinates": [[[-180, -9], [180, -9], [180, 9], [-180, -9]]]},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "FeatureCollection", "features": []},
        {"type": "Feature", "geometry": None},
        ["Polygon"],
        float("nan"),
    ]
    for extent in wrong:
        found = area_in(drawn(extent))
        assert found.programs[0].area is None, extent
        assert "GeoJSON" in " ".join(found.warnings), extent


def test_a_protected_program_has_no_area() -> None:
    tables = whole()
    tables["attributes"] = [attribute(1, "need:domestic_violence_shelter")]
    tables["service_areas"] = [AT | {"id": "area", **drawn(COUNTY)}]
    assert parse(tables, ZONE).programs[0].area is None


def test_an_area_survives_the_journal_and_older_entries_have_none() -> None:
    limited = program(area=area_of([COUNTY]))
    body = json.loads(json.dumps(program_json(limited)))
    assert program_of(body) == limited
    del body["area"]
    assert program_of(body).area is None


def test_what_is_asked_in_the_agencys_words_alone_is_for_the_agency_to_say() -> None:
    veterans = program(eligibility=(Requirement(Rule.OTHER, "Veterans"),))
    found = judge(veterans, request(), FARTHEST)
    assert (found.fit, found.doubts, found.questions) == (Fit.ASK, (Doubt.OTHER_RULE,), ())


def test_a_custom_attribute_comes_in_with_its_words_or_not_at_all() -> None:
    tables = whole()
    tables["attributes"].append(attribute(9, "eligibility:other", value="Veterans"))
    (found,) = parse(tables, ZONE).programs
    assert Requirement(Rule.OTHER, "Veterans") in found.eligibility
    tables["attributes"][-1]["value"] = ""
    assert "agency's words" in parse(tables, ZONE).rejected[0].reason


def test_an_area_of_nothing_covers_nothing() -> None:
    nowhere: Program = program(area=Area((), ()))
    assert judge(nowhere, request(cell=MIDST), FARTHEST).fit is Fit.FAIL
