"""Sheets that are not HSDS: cells that hold several things, maps, and the proposal of a map."""

import tomllib

import pytest

from services.matcher.hsds.cells import address_in, id_in, phone_in, point_in
from services.matcher.hsds.mapping import HoursCells, MapRowError, Rule, TableMap, Values
from services.matcher.hsds.proposal import Headed, propose


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "9525 Sterling Drive, Cutler Bay, FL 33157",
            {"address_1": "9525 Sterling Drive", "city": "Cutler Bay", "state_province": "FL"}
            | {"postal_code": "33157"},
        ),
        (
            "Courthouse, 800 E Twiggs St - Room 207, Tampa, FL 33602",
            {"address_1": "Courthouse, 800 E Twiggs St - Room 207", "city": "Tampa"}
            | {"state_province": "FL", "postal_code": "33602"},
        ),
        ("1110 Spruce St Philadelphia, PA", {"address_1": "1110 Spruce St Philadelphia, PA"}),
        ("State: FL", {}),
        ("Fort Pierce, FL", {}),
        ("FL 32955", {}),
        ("", {}),
    ],
)
def test_an_address_is_parted_or_stands_whole_or_is_none(text: str, parts: dict[str, str]) -> None:
    assert address_in(text) == parts


@pytest.mark.parametrize(
    ("text", "order", "point"),
    [
        ("-75.188,39.96", "longitude", {"latitude": "39.960", "longitude": "-75.1880"}),
        ("(39.96, -75.188)", "latitude", {"latitude": "39.960", "longitude": "-75.1880"}),
        ("39.96", "latitude", {}),
        ("here, there", "latitude", {}),
        ("1,2,3", "latitude", {}),
    ],
)
def test_a_point_has_two_degrees_or_is_none(text: str, order: str, point: dict[str, str]) -> None:
    found = point_in(text, longitude_first=order == "longitude")
    assert {k: float(v) for k, v in found.items()} == {k: float(v) for k, v in point.items()}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("main: 954-765-8950, fax: 954-765-8951", "954-765-8950"),
        ("fax: 954-765-8951, tollfree: 800-625-2200", "800-625-2200"),
        ("215-686-7150/52", "215-686-7150/52"),
        ("(215) 769-9799", "(215) 769-9799"),
        ("fax: 954-765-8951", None),
        ("ask at the desk", None),
    ],
)
def test_the_number_to_call_is_never_a_fax(text: str, number: str | None) -> None:
    assert phone_in(text).get("number") == number


def test_an_id_of_a_name_is_small_and_plain() -> None:
    assert id_in("Our Brother\u2019s Place (Café)") == "our-brothers-place-cafe"
    assert len(id_in("x" * 200)) == 80


def test_needs_come_of_the_first_rule_that_fits_and_all_else_of_every_one() -> None:
    table = TableMap(
        table="attributes",
        ids={"id": "{Id}", "link_id": "{Id}"},
        terms=[
            Rule({"Kind": ["youth*"]}, ["need:youth_shelter"]),
            Rule({}, ["need:emergency_shelter", "eligibility:income_limit={Limit} a month"]),
            Rule({"Kind": ["adult"]}, ["eligibility:men_only"]),
        ],
    )
    rows = list(table.rows({"Id": "7", "Kind": "Youth house", "Limit": "900"}))
    assert [(row["id"], row["taxonomy_term_id"], row["value"]) for row in rows] == [
        ("7-need-youth-shelter", "need:youth_shelter", ""),
        ("7-eligibility-income-limit", "eligibility:income_limit", "900 a month"),
    ]


def test_a_value_that_no_table_has_is_kept_defaulted_or_refused() -> None:
    def read(cell: str, **options: bool | str) -> str:
        values = Values("Age", {"200": ""}, **options)  # type: ignore[arg-type]
        (row,) = TableMap(table="services", values={"maximum_age": values}).rows({"Age": cell})
        return row["maximum_age"]

    assert (read("200"), read("60", keep=True), read("60", default="99")) == ("", "60", "99")
    with pytest.raises(MapRowError, match="Age: '60' is in no table"):
        read("60")


def test_hours_that_are_uncertain_are_kept_as_their_text() -> None:
    table = TableMap(table="schedules", ids={"id": "{Id}"}, hours=HoursCells("Days"))
    assert list(table.rows({"Id": "1", "Days": "ask us"})) == [{"id": "1", "description": "ask us"}]
    (monday, friday) = table.rows({"Id": "1", "Days": "Mon 9am-5pm, Fri 10-2pm"})
    assert (monday["id"], monday["byday"], friday["opens_at"]) == ("1-1", "MO", "10:00")
    assert list(table.rows({"Id": "1", "Days": ""})) == []


def test_what_is_no_latitude_comes_second() -> None:
    cells = {"Agency": "A", "Category": "Emergency shelter", "Coordinates": "-90.2,41.8"}

    def order(zone: str, point: str) -> str:
        sheet = Headed("a.csv", list(cells), [cells | {"Coordinates": point}])
        tables = tomllib.loads(propose([sheet], zone))["tables"]
        (found,) = (table["point"]["order"] for table in tables if "point" in table)
        return str(found)

    assert order("America/Chicago", "-75.2,39.9") == "longitude latitude"
    assert order("Europe/London", "-0.1,51.5") == "latitude longitude"
    assert order("Asia/Tokyo", "139.7,35.7") == "longitude latitude"


def test_a_proposal_names_the_needs_that_it_recognises_and_asks_for_the_others() -> None:
    rows = [{"Agency": "A", "Category": kind} for kind in ("Counselling", 'Food "hot"')]
    text = propose([Headed("a.csv", ["Agency", "Category"], rows)], "UTC")
    (attributes,) = (t for t in tomllib.loads(text)["tables"] if t["table"] == "attributes")
    assert attributes["terms"] == [
        {"when": {"Category": ["Counselling"]}, "terms": ["need:counselling"]},
        {"when": {"Category": ['Food "hot"']}, "terms": []},
    ]
