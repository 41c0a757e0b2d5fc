"""Reading tabular HSDS: what is taken, what is refused with which reason, what is warned of."""

from typing import Any

import pytest

from contracts.vocabulary import Accommodation, Need, Sector
from services.matcher.domain.directory import Agency, Hours, Requirement, Rule
from tests.unit.matcher.hsds_tables import attribute, changed, read, whole
from tests.unit.matcher.samples import ZONE


def test_everything_that_is_said_is_taken() -> None:
    parsed = read(whole())
    assert (parsed.rejected, parsed.warnings) == ((), ())
    assert parsed.agencies == (Agency("harbour", "Harbour"),)
    (program,) = parsed.programs
    assert (program.id, program.agency_name, program.sector) == ("beds", "Harbour", Sector.HOUSING)
    assert program.needs == (Need.EMERGENCY_SHELTER,)
    assert (program.minimum_age, program.maximum_age) == (18, 64)
    assert (program.languages, program.interpretation) == (("en", "so"), "by telephone")
    assert program.accommodations == (Accommodation.PETS,)
    papers = Requirement(Rule.DOCUMENTS_REQUIRED, "Photo identification")
    assert program.eligibility == (papers,)
    assert program.hours == (Hours((1, 5), "20:00", "08:00"),)
    assert [place.latitude for place in program.places] == [41.8, 41.9]
    assert program.places[0].address == "1 Quay, Rivermouth, IL 61291"
    assert (program.phone, program.active, program.training) == ("555-0100", True, False)
    assert program.time_zone == ZONE


def test_stated_places_are_taken_with_their_time() -> None:
    (stated,) = read(whole()).capacity
    assert (stated.program_id, stated.available, stated.maximum) == ("beds", 3, 40)
    assert stated.updated.isoformat() == "2027-02-28T12:00:00+00:00"


REFUSED = [
    ("organizations", {"name": ""}, "name: must not be blank"),
    ("organizations", {"id": "Harbour House"}, "id: must be 1 to 80"),
    ("organizations", {"name": "x" * 201}, "name: must be at most 200"),
    ("organizations", {"name": "a\x00b"}, "name: must hold no control characters"),
    ("services", {"organization_id": "nobody"}, "organization_id: nobody"),
    ("services", {"id": "Beds!"}, "id: must be 1 to 80"),
    ("services", {"name": " "}, "name: must not be blank"),
    ("services", {"status": "open"}, "status: must be one of"),
    ("services", {"minimum_age": "-1"}, "minimum_age: must be a whole number"),
    ("services", {"minimum_age": "eighteen"}, "minimum_age: must be a whole number"),
    ("services", {"maximum_age": "131"}, "maximum_age: must be a whole number"),
    ("services", {"minimum_age": "65"}, "minimum_age: must not be above maximum_age"),
    ("attributes", {"taxonomy_term_id": "need:gold"}, "need:gold is no term of need"),
    ("attributes", {"link_id": "nothing"}, "link_id: nothing is no service"),
    ("addresses", {"location_id": "nowhere"}, "location_id: nowhere"),
    ("addresses", {"address_1": ""}, "address_1: must not be blank"),
    ("service_at_location", {"service_id": "gone"}, "service_id: gone"),
    ("service_at_location", {"location_id": "gone"}, "location_id: gone"),
    ("schedules", {"service_id": "gone"}, "service_id: gone"),
    ("schedules", {"opens_at": "8 am"}, "opens_at: must be a local time"),
    ("schedules", {"closes_at": "24:00"}, "closes_at: must be a local time"),
    ("schedules", {"valid_to": "tomorrow"}, "valid_to: must be a day"),
    ("schedules", {"byday": "MO,XX"}, "byday: must be days"),
    ("languages", {"code": "English"}, "code: must be an ISO 639 code"),
    ("languages", {"service_id": "gone"}, "service_id: gone"),
    ("phones", {"number": ""}, "number: must not be blank"),
    ("phones", {"service_id": "gone"}, "service_id: gone"),
    ("service_capacity", {"available": "-3"}, "available: must be a whole number"),
    ("service_capacity", {"available": ""}, "available: must not be blank"),
    ("service_capacity", {"maximum": "2"}, "maximum: must not be below available"),
    ("service_capacity", {"updated": "2027-02-28T12:00:00"}, "updated: must be a moment"),
    ("service_capacity", {"updated": "soon"}, "updated: must be a moment"),
    ("service_capacity", {"service_id": "gone"}, "service_id: gone"),
]


@pytest.mark.parametrize(("table", "values", "reason"), REFUSED)
def test_a_row_that_cannot_stand_is_refused_with_its_place_and_reason(
    table: str, values: dict[str, Any], reason: str
) -> None:
    first = changed(table, **values).rejected
    own = [found for found in first if found.table == table]
    assert [found.line for found in own] == [2]
    assert reason in own[0].reason


def test_a_row_without_an_id_or_with_a_used_one_is_refused() -> None:
    tables = whole()
    tables["languages"] += [{"service_id": "beds", "code": "es"}, dict(tables["languages"][0])]
    found = [(r.line, r.id, r.reason) for r in read(tables).rejected]
    assert found == [
        (4, None, "id: must not be blank"),
        (5, "so", "id: stands in this table twice"),
    ]


def test_a_program_falls_with_any_of_its_terms_for_each_of_them_binds() -> None:
    tables = whole()
    tables["attributes"].append(attribute(4, "eligibility:womens_only"))
    parsed = read(tables)
    assert parsed.programs == ()
    refused = {(r.table, r.id) for r in parsed.rejected}
    assert {("attributes", "attribute-4"), ("services", "beds")} <= refused
    reason = next(r.reason for r in parsed.rejected if r.table == "services")
    assert "one of its attributes was rejected" in reason


def test_what_belongs_to_a_refused_program_is_refused_with_it() -> None:
    parsed = changed("services", status="open")
    tables = {rejection.table for rejection in parsed.rejected}
    assert tables == {
        "services",
        "schedules",
        "languages",
        "phones",
        "service_at_location",
        "service_capacity",
    }


def test_a_service_without_a_need_is_listed_and_is_no_program() -> None:
    tables = whole()
    del tables["attributes"][0]
    parsed = read(tables)
    assert (parsed.programs, parsed.needless, parsed.rejected) == ((), ("beds",), ())
    assert "beds" in [listing.own_id for listing in parsed.listings]
    assert any("no referral can reach them (beds)" in warning for warning in parsed.warnings)


def test_all_needs_of_a_program_are_of_one_sector() -> None:
    tables = whole()
    tables["attributes"] += [attribute(5, "need:counselling"), attribute(6, "need:youth_shelter")]
    assert "several sectors: housing, mental_health" in read(tables).rejected[0].reason


def test_the_same_need_named_twice_counts_once() -> None:
    tables = whole()
    tables["attributes"].append(attribute(4, "need:emergency_shelter"))
    assert read(tables).programs[0].needs == (Need.EMERGENCY_SHELTER,)


def test_a_second_capacity_of_one_program_is_refused() -> None:
    tables = whole()
    tables["service_capacity"].append(tables["service_capacity"][0] | {"id": "more"})
    parsed = read(tables)
    assert [(r.line, r.id) for r in parsed.rejected] == [(3, "more")]
    assert [stated.available for stated in parsed.capacity] == [3]


@pytest.mark.parametrize("status", ["inactive", "defunct", "temporarily closed"])
def test_a_program_that_is_not_active_is_kept_as_such(status: str) -> None:
    assert changed("services", status=status).programs[0].active is False


def test_the_mark_makes_a_training_program() -> None:
    tables = whole()
    tables["attributes"].append(attribute(4, "mark:training"))
    assert read(tables).programs[0].training is True


def test_blanks_are_unknowns() -> None:
    (program,) = changed(
        "services", minimum_age="", maximum_age=None, interpretation_services=" "
    ).programs
    assert (program.minimum_age, program.maximum_age, program.interpretation) == (None, None, None)


def test_what_is_not_understood_is_warned_of_and_left_out() -> None:
    tables = whole()
    tables["services"][0]["colour"] = "red"
    tables["sponsors"] = [{"id": "money"}]
    tables["attributes"] += [
        attribute(4, "openeligibility:1102"),
        attribute(5, "need:counselling", link_entity="organization"),
    ]
    parsed = read(tables)
    assert parsed.rejected == ()
    assert parsed.programs[0].needs == (Need.EMERGENCY_SHELTER,)
    assert parsed.warnings == (
        "table sponsors is not known",
        "services: column colour is not known",
        "attributes: taxonomy openeligibility is not known",
        "attributes with link_entity organization are not taken",
    )


def test_an_empty_directory_is_empty() -> None:
    parsed = read({})
    assert (parsed.agencies, parsed.programs, parsed.capacity) == ((), (), ())
