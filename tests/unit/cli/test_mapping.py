"""Maps: what a row becomes, which field wins, and what is said of a cell that does not fit."""

from typing import Any

import pytest

from services.cli.map_file import parse
from services.cli.mapping import Refusal, Submission, Tally
from services.cli.sheet import Row

PLACED = {"when": {"Result": ["Placed*"]}, "need": "emergency_shelter", "urgency": "urgent"}
DECLINED = {"when": {"Result": ["Declined"]}, "tally": "counselling"}
NOTHING = {"when": {"Result": ["-", "None"]}, "refuse": "nothing was offered"}


def verdict(cells: dict[str, str], **parts: Any) -> Submission | Tally | Refusal:
    """What a map of these parts makes of a row."""
    content = {"sheet": {"source": "log"}, "rules": [PLACED, DECLINED, NOTHING]} | parts
    return parse(content).verdict(Row(2, cells))


def body(cells: dict[str, str], **parts: Any) -> dict[str, Any]:
    """The submission that a placed row becomes."""
    found = verdict({"Result": "Placed"} | cells, **parts)
    assert isinstance(found, Submission), found
    return found.body


def reason(cells: dict[str, str], **parts: Any) -> str:
    """Why a placed row cannot be sent."""
    found = verdict({"Result": "Placed"} | cells, **parts)
    assert isinstance(found, Refusal), found
    assert not found.decided
    return found.reason


def test_the_first_rule_that_fits_decides() -> None:
    assert verdict({"Result": "None"}) == Refusal("nothing was offered", decided=True)
    assert verdict({"Result": "Declined"}, constants={"entry_door": "community"}) == Tally(
        "counselling", "community"
    )
    first = {"when": {"Result": ["Placed (again)"]}, "refuse": "counted before"}
    found = verdict({"Result": "Placed (again)"}, rules=[first, PLACED])
    assert found == Refusal("counted before", decided=True)


def test_a_star_stands_for_any_text_and_nothing_else_is_special() -> None:
    assert body({"Result": "Placed at the [north] gate?"})["need"] == "emergency_shelter"
    odd = {"when": {"Result": ["[a-z]"]}, "refuse": "odd"}
    assert verdict({"Result": "[a-z]"}, rules=[odd]) == Refusal("odd", decided=True)
    assert verdict({"Result": "b"}, rules=[odd]) == Refusal("no rule of the map fits this row")


def test_a_rule_may_look_at_several_columns() -> None:
    both = PLACED | {"when": {"Result": ["Placed"], "Kind": ["walk-in", "call"]}}
    assert isinstance(verdict({"Result": "Placed", "Kind": "call"}, rules=[both]), Submission)
    assert isinstance(verdict({"Result": "Placed", "Kind": "mail"}, rules=[both]), Refusal)


def test_a_row_that_no_rule_fits_is_a_fault_and_not_a_decision() -> None:
    assert verdict({"Result": "?"}) == Refusal("no rule of the map fits this row", decided=False)


def test_the_later_source_of_a_field_wins() -> None:
    constants = {"urgency": "routine", "note": "constant", "person": {"language": "en"}}
    found = body(
        {"Note": "cell", "Tongue": "Español"},
        constants=constants,
        columns={"note": "Note"},
        values={"person.language": {"column": "Tongue", "table": {"Español": "es"}}},
    )
    assert found["urgency"] == "urgent"
    assert found["note"] == "cell"
    assert found["person"] == {"language": "es"}


def test_a_blank_cell_says_nothing() -> None:
    found = body(
        {"Note": "n/a", "Tongue": "n/a"},
        sheet={"source": "log", "blank": ["n/a"]},
        constants={"note": "constant"},
        columns={"note": "Note"},
        values={"person.language": {"column": "Tongue", "table": {"Español": "es"}}},
    )
    assert found["note"] == "constant"
    assert "person" not in found


def test_cells_become_numbers_and_lists_where_the_field_is_one() -> None:
    columns = {"person": {"age": "Age", "accommodations": "Needs"}}
    found = body({"Age": "34", "Needs": "pets; wheelchair"}, columns=columns)
    assert found["person"] == {"age": 34, "accommodations": ["pets", "wheelchair"]}
    assert reason({"Age": "old", "Needs": ""}, columns=columns) == (
        "Age: 'old' is no number for person.age"
    )


def test_points_place_a_row_and_an_unknown_one_is_told() -> None:
    points = {"column": "Beat", "table": {"K1": [41.8, -90.2]}}
    assert body({"Beat": "K1"}, points=points)["place"] == {"latitude": 41.8, "longitude": -90.2}
    assert "place" not in body({"Beat": ""}, points=points)
    assert reason({"Beat": "K9"}, points=points) == "Beat: 'K9' is in no table of points"
    anywhere = points | {"default": [41.9, -90.3]}
    assert body({"Beat": "K9"}, points=anywhere)["place"]["latitude"] == 41.9


def test_a_value_that_the_table_lacks_fails_the_row_unless_there_is_a_default() -> None:
    table: dict[str, Any] = {"column": "Door", "table": {"Street": "social_contact"}}
    assert reason({"Door": "Phone"}, values={"entry_door": table}) == (
        "Door: 'Phone' is in no table of values for entry_door"
    )
    table["default"] = "community"
    assert body({"Door": "Phone"}, values={"entry_door": table})["entry_door"] == "community"


def test_a_past_row_is_dated_in_the_zone_of_the_sheet() -> None:
    asked = {"columns": ["Seen", "Typed"], "formats": ["%m/%d/%Y %H:%M", "%Y-%m-%d"]}
    zone = {"source": "log", "time_zone": "America/Chicago"}
    found = body({"Seen": "07/04/2025 14:30", "Typed": ""}, occurred_at=asked, sheet=zone)
    assert (found["origin"], found["occurred_at"]) == ("imported", "2025-07-04T14:30:00-05:00")


def test_a_date_that_means_unknown_is_passed_over() -> None:
    asked = {"columns": ["Seen", "Typed"], "formats": ["%Y-%m-%d"], "not": ["1900-01-01"]}
    found = body({"Seen": "1900-01-01", "Typed": "2025-07-05"}, occurred_at=asked)
    assert found["occurred_at"] == "2025-07-05T00:00:00+00:00"
    no_date = reason({"Seen": "1900-01-01", "Typed": ""}, occurred_at=asked)
    assert no_date == "Seen, Typed: no date in this row"
    odd = reason({"Seen": "yesterday", "Typed": ""}, occurred_at=asked)
    assert odd == "Seen: 'yesterday' is no date of the form %Y-%m-%d"


def test_a_tally_without_a_door_is_a_fault() -> None:
    found = verdict({"Result": "Declined"})
    assert found == Refusal("the map gives this tally no entry_door", decided=False)


def test_a_map_knows_every_column_that_it_reads() -> None:
    mapping = parse(
        {
            "sheet": {"source": "log", "key": "No", "encounter": "Case"},
            "columns": {"note": "Note"},
            "values": {"urgency": {"column": "How soon"}},
            "points": {"column": "Beat", "table": {}},
            "occurred_at": {"columns": ["Seen"], "formats": ["%Y"]},
            "rules": [PLACED],
        }
    )
    assert mapping.needed() == {"No", "Case", "Note", "How soon", "Beat", "Seen", "Result"}


@pytest.mark.parametrize("cell", ["Placed", "Declined", "None", "?"])
def test_the_same_row_becomes_the_same_thing(cell: str) -> None:
    constants = {"entry_door": "community"}
    assert verdict({"Result": cell}, constants=constants) == verdict(
        {"Result": cell}, constants=constants
    )
