"""HSDS as communities have it: broken links, odd hours, places unknown, and places to hide."""

from typing import Any

import pytest

from contracts.vocabulary import Need
from services.matcher.domain.directory import Hours
from services.matcher.hsds.parse import parse
from tests.unit.matcher.hsds_tables import Tables, attribute, changed, read, whole


def test_a_need_is_known_by_the_row_of_its_term_too() -> None:
    tables = whole()
    tables["attributes"][0]["taxonomy_term_id"] = "3f7b145d-84af-42d7-8fae-eaca714b02b2"
    tables["taxonomies"] = [{"id": "5c4d79d7", "name": "Need", "description": "needs"}]
    tables["taxonomy_terms"] = [
        {"id": "3F7B145D-84AF-42D7-8FAE-EACA714B02B2", "code": "emergency_shelter"}
        | {"name": "Shelter", "description": "Shelter", "taxonomy_id": "5c4d79d7"}
    ]
    parsed = read(tables)
    assert (parsed.rejected, parsed.warnings) == ((), ())
    assert parsed.programs[0].needs == (Need.EMERGENCY_SHELTER,)


def test_an_optional_link_to_nothing_is_left_out_and_a_needed_one_rejects_its_row() -> None:
    tables = whole()
    tables["phones"][0]["location_id"] = "gone"
    tables["phones"].append({"id": "three", "location_id": "gone", "number": "555-0102"})
    tables["locations"][0]["organization_id"] = "gone"
    tables["services"][0]["program_id"] = "gone"
    parsed = read(tables)
    assert [(r.table, r.line, r.reason) for r in parsed.rejected] == [
        ("phones", 4, "location_id: gone is nothing that was taken")
    ]
    assert parsed.warnings == (
        "services: program_id leads to a table that is not there",
        "locations line 2: organization_id: gone is not there, and was left out",
        "phones line 2: location_id: gone is not there, and was left out",
    )
    assert parsed.programs[0].phone == "555-0100"


def refuge() -> Tables:
    """A refuge, and a soup kitchen of another agency under another name for the same roof."""
    tables = whole()
    tables["attributes"][0]["taxonomy_term_id"] = "need:domestic_violence_shelter"
    tables["organizations"].append({"id": "kitchen", "name": "Kitchen"})
    tables["services"].append(
        {"id": "soup", "organization_id": "kitchen", "name": "Soup", "status": "active"}
    )
    tables["locations"].append(
        {"id": "cellar", "name": "Cellar", "latitude": "41.8", "longitude": "-90.2"}
    )
    tables["locations"].append({"id": "office", "name": "Office", "organization_id": "harbour"})
    tables["addresses"].append(
        {"id": "desk", "location_id": "office", "address_1": "9 Hidden Lane", "city": "Rivermouth"}
    )
    tables["addresses"].append(
        {"id": "steps", "location_id": "cellar", "address_1": "1 QUAY", "city": "Rivermouth"}
        | {"state_province": "IL", "postal_code": "61291"}
    )
    tables["service_at_location"].append(
        {"id": "soup-at", "service_id": "soup", "location_id": "cellar"}
    )
    tables["phones"].append({"id": "desk-line", "location_id": "hall", "number": "555-0199"})
    tables["schedules"].append(
        {"id": "soup-hours", "service_at_location_id": "soup-at", "description": "24/7"}
    )
    return tables


def test_where_a_rejected_refuge_is_is_kept_nowhere_either() -> None:
    tables = refuge()
    tables["services"][0]["minimum_age"] = "unknown"
    tables["attributes"].append(attribute(9, "need:gold"))
    parsed = read(tables)
    assert "beds" in [rejection.id for rejection in parsed.rejected]
    for trace in ("41.8", "1 Quay", "Hidden Lane", "Cellar"):
        assert trace not in repr((parsed.programs, parsed.listings)), trace


def test_where_people_hide_is_kept_nowhere_by_whatever_name_it_goes() -> None:
    tables = refuge()
    tables["services"][0]["where"] = "1 Quay"
    tables["organizations"][0]["where"] = "1 Quay"
    parsed = read(tables)
    assert parsed.rejected == ()
    kept = repr((parsed.programs, parsed.listings))
    for trace in ("41.8", "-90.2", "1 Quay", "Hidden Lane", "Hall", "Cellar", "555-0199"):
        assert trace not in kept, trace
    assert (parsed.programs[0].phone, parsed.programs[0].places) == ("555-0100", ())
    assert sum("its place was not kept" in warning for warning in parsed.warnings) == 2


TRACES = ("41.8", "1 Quay", "Hidden Lane", "Cellar")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"id": ""},
        {"id": "attribute-2"},
        {"link_id": "BEDS"},
        {"taxonomy_term_id": "need:Domestic_Violence_Shelter"},
    ],
    ids=["no id", "an id that is taken", "other letters", "a code in other letters"],
)
def test_a_service_whose_attribute_cannot_be_read_is_told_nowhere(spoilt: dict[str, str]) -> None:
    tables = refuge()
    tables["attributes"].append(attribute(9, "need:emergency_shelter"))
    tables["attributes"].append(tables["attributes"].pop(0) | spoilt)
    parsed = read(tables)
    assert any(rejection.table == "attributes" for rejection in parsed.rejected)
    for trace in TRACES:
        assert trace not in repr((parsed.programs, parsed.listings)), trace


def test_where_people_hid_stays_hidden_when_the_need_is_no_longer_named() -> None:
    tables = refuge()
    del tables["attributes"]
    parsed = parse(tables, "America/Chicago", frozenset({"beds"}))
    assert (parsed.rejected, parsed.needless) == ((), ("beds", "soup"))
    for trace in TRACES:
        assert trace not in repr(parsed.listings), trace
    assert "1 Quay" in repr(read(tables).listings)  # it is nobody's secret that nobody told


def test_a_neighbour_at_the_same_point_is_not_hidden() -> None:
    tables = refuge()
    tables["addresses"] = [row for row in tables["addresses"] if row["id"] != "steps"]
    (soup,) = (one for one in read(tables).listings if one.own_id == "soup-at")
    assert soup.body["location"]["name"] == "Cellar"


def test_what_hsds_does_not_know_stands_aside_of_the_listing() -> None:
    tables = whole()
    tables["services"][0]["colour"] = "red"
    (listing,) = (found for found in read(tables).listings if found.own_id == "beds")
    assert listing.aside == {"services/beds": {"colour": "red"}}


def test_an_exercise_is_not_listed() -> None:
    tables = whole()
    tables["attributes"].append(attribute(4, "mark:training"))
    assert {str(one.kind) for one in read(tables).listings} == {"taxonomy_term"}


def test_a_refuge_keeps_no_place_even_where_the_directory_has_one() -> None:
    parsed = changed("attributes", taxonomy_term_id="need:domestic_violence_shelter")
    assert parsed.programs[0].places == ()
    assert parsed.rejected == ()
    assert any("its place was not kept" in warning for warning in parsed.warnings)


@pytest.mark.parametrize(
    ("latitude", "longitude", "said"),
    [
        ("", "", None),
        ("91", "-90.2", "latitude: must be degrees from -90 to 90"),
        ("41.8", "-180.5", "longitude: must be degrees from -180 to 180"),
        ("north", "-90.2", "latitude: must be degrees"),
        ("nan", "-90.2", "latitude: must be degrees"),
        ("41.8", "", "both there or both blank"),
    ],
)
def test_a_place_whose_point_nobody_says_rightly_is_kept_without_it(
    latitude: str, longitude: str, said: str | None
) -> None:
    parsed = changed("locations", latitude=latitude, longitude=longitude)
    first, second = parsed.programs[0].places
    assert (first.latitude, first.cell, first.address) == (
        None,
        None,
        "1 Quay, Rivermouth, IL 61291",
    )
    assert second.latitude == 41.9
    *told, last = parsed.warnings
    assert last.startswith("1 locations have no point")
    assert [said in warning for warning in told if said] == ([True] if said else [])


def test_a_virtual_location_is_no_place() -> None:
    parsed = changed("locations", location_type="virtual")
    assert [place.latitude for place in parsed.programs[0].places] == [41.9]


@pytest.mark.parametrize(
    "values",
    [
        {"byday": ""},
        {"freq": "MONTHLY"},
        {"interval": "2"},
        {"byday": "1MO"},
        {"bymonthday": "3"},
        {"opens_at": "20:00Z"},
        {"timezone": "3"},
    ],
)
def test_hours_that_do_not_come_every_week_are_unknown(values: dict[str, Any]) -> None:
    parsed = changed("schedules", **values)
    assert (parsed.programs[0].hours, parsed.rejected) == ((), ())
    assert ["schedules line 2: hours unknown" in warning for warning in parsed.warnings] == [True]


@pytest.mark.parametrize(
    ("values", "hours"),
    [
        ({"opens_at": "8:00", "closes_at": "9:30:00Z", "timezone": "0"}, None),
        ({"opens_at": "8:00", "closes_at": "9:30"}, Hours((1, 5), "08:00", "09:30")),
        ({"opens_at": "20:00:00", "closes_at": "08:00-05:00"}, Hours((1, 5), "20:00", "08:00")),
        (
            {"valid_from": "2027-01-01", "until": "2027-12-31", "valid_to": "2028-01-31"},
            Hours((1, 5), "20:00", "08:00", "2027-01-01", "2027-12-31"),
        ),
        (
            {"byday": "", "opens_at": "", "closes_at": "", "description": "Tues-Sat: 10-6pm"},
            Hours((2, 3, 4, 5, 6), "10:00", "18:00"),
        ),
        (
            {"byday": "", "opens_at": "", "closes_at": "", "description": "Tues-Sat: 10-6pm"}
            | {"valid_from": "2027-01-01", "valid_to": "2027-03-31"},
            Hours((2, 3, 4, 5, 6), "10:00", "18:00", "2027-01-01", "2027-03-31"),
        ),
        (
            {"byday": "", "opens_at": "", "closes_at": "", "description": "Mon 9am-5pm"}
            | {"freq": "MONTHLY"},
            None,
        ),
    ],
)
def test_hours_are_taken_where_they_are_certain(
    values: dict[str, Any], hours: Hours | None
) -> None:
    assert changed("schedules", **values).programs[0].hours == ((hours,) if hours else ())


def test_what_spreadsheets_make_of_words_and_numbers_is_read_as_it_was_meant() -> None:
    parsed = changed("services", minimum_age="18.0", status="Inactive")
    assert (parsed.programs[0].minimum_age, parsed.programs[0].active) == (18, False)
    (listing,) = (one for one in parsed.listings if one.own_id == "beds")
    assert listing.body["status"] == "inactive"
