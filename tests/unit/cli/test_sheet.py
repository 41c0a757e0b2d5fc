"""Sheets as people save them: encodings, line numbers, and lines that are no rows."""

from pathlib import Path

import pytest

from services.cli import sheet
from services.cli.sheet import Fault, SheetError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("id,name\n1,Zoë Müller\n".encode(encoding))
    (row,) = sheet.read(path).rows
    assert row.cells == {"id": "1", "name": "Zoë Müller"}


def test_an_encoding_asked_for_is_used_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("id\nž\n".encode("cp1250"))
    assert sheet.read(path, encoding="cp1250").rows[0].cells["id"] == "ž"
    with pytest.raises(SheetError, match="cannot be read as utf-8"):
        sheet.read(path, encoding="utf-8")
    with pytest.raises(SheetError, match="cannot be read as klingon"):
        sheet.read(path, encoding="klingon")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    found = sheet.parse('id,note\n1,"two\nlines"\n\n2,one\n')
    assert [(row.line, row.cells["id"]) for row in found.rows] == [(3, "1"), (5, "2")]


def test_a_line_that_is_no_row_is_told_and_the_rest_is_read() -> None:
    found = sheet.parse('id,note\n1,a,b\n2,"x"y\n3,ok\n4\n')
    assert [row.cells["id"] for row in found.rows] == ["3"]
    assert [fault.line for fault in found.faults] == [2, 3, 5]
    assert found.faults[0] == Fault(2, "3 cells, but the header has 2")
    assert "no CSV" in found.faults[1].reason


def test_an_open_quote_is_told() -> None:
    found = sheet.parse('id,note\n1,"never closed\n2,b\n')
    assert found.rows == []
    assert [fault.line for fault in found.faults] == [3]


@pytest.mark.parametrize("head", ["", "id,id\n", "id,\n"])
def test_a_header_must_name_each_column_once(head: str) -> None:
    with pytest.raises(SheetError, match="name every column"):
        sheet.parse(f"{head}1,2\n" if head else "")


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="No such file"):
        sheet.read(tmp_path / "none.csv")


def test_other_delimiters_are_read() -> None:
    assert sheet.parse("a;b\n1;2\n", ";").rows[0].cells == {"a": "1", "b": "2"}
