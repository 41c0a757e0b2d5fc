"""Map files: the first thing that is wrong is named, with what would be right."""

from pathlib import Path
from typing import Any

import pytest

from services.cli import map_file
from services.cli.map_file import MapError, parse

RULE = {"when": {"a": ["b"]}, "need": "counselling"}
SEATTLE = Path(__file__).parents[3] / "docs" / "howto" / "seattle.map.toml"


def fault(**parts: Any) -> str:
    """What is said of a map with these parts."""
    with pytest.raises(MapError) as caught:
        parse({"sheet": {"source": "log"}, "rules": [RULE]} | parts)
    return str(caught.value)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"sheet": {}}, "sheet.source: Missing data"),
        ({"rows": {}}, "rows: Unknown field"),
        ({"rules": []}, "rules: Shorter than minimum length 1"),
        ({"rules": [{"need": "counselling"}]}, "rules 1: when must be a table"),
        ({"rules": [{"when": {"a": "b"}, "need": "x"}]}, "rules 1: when must be a table"),
        ({"rules": [RULE, {"when": {"a": ["b"]}}]}, "rules 2: nothing says which need"),
        ({"rules": [{"when": {}, "tally": "beds"}]}, "rules 1: tally must be one of"),
        ({"rules": [RULE | {"refuse": "no"}]}, "rules 1: refuse stands alone"),
        ({"rules": [RULE | {"colour": "red"}]}, "rules 1: colour is no field; known: avoided"),
        ({"rules": [RULE | {"entry_door": "door"}]}, "rules 1: entry_door must be one of"),
        ({"constants": {"person": {"height": 2}}}, "constants: person.height is no field"),
        ({"columns": {"need": ["a"]}}, "columns: each is a field with its column"),
        ({"values": {"speed": {"column": "a"}}}, "values: speed is no field"),
        (
            {"points": {"column": "a", "table": {"K": [1.0]}}},
            "points.table.K.value: Length must be",
        ),
        ({"sheet": {"source": "a", "time_zone": "Mars/North"}}, "sheet.time_zone: an IANA time"),
    ],
)
def test_what_is_wrong_is_named(parts: dict[str, Any], said: str) -> None:
    assert said in fault(**parts)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.map.toml"
    path.write_text("[sheet\n")
    with pytest.raises(MapError, match=r"log\.map\.toml is no TOML"):
        map_file.read(path)
    with pytest.raises(MapError, match="No such file"):
        map_file.read(tmp_path / "none.toml")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "log.map.toml"
    text = '[sheet]\nsource = "log"\n[[rules]]\nwhen = { a = ["b"] }\nrefuse = "no"\n'
    path.write_text(text, encoding="utf-8-sig")
    assert map_file.read(path).rules[0].refuse == "no"


def test_the_example_of_the_documentation_is_a_right_map() -> None:
    mapping = map_file.read(SEATTLE)
    assert {"disposition", "beat", "template_id"} <= mapping.needed()
    assert mapping.points is not None
    assert len(mapping.points["table"]) == 51
