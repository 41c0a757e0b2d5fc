"""`handoff referrals import`: each row once, however often sent; every row accounted for."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from services.chassis.clock import SettableClock
from services.cli import people
from tests.integration.cli.conftest import Handoff, Town, line_of

MAP = """
[sheet]
source = "{source}"
key = "No"
blank = ["n/a"]
time_zone = "America/Chicago"

[constants]
entry_door = "community"
voluntary = true
consent.scope = "contact_and_need"
consent.given_by = "guardian"
consent.representative_name = "on file"
consent.method = "written"
person = {{ safe_contact = "do_not_contact" }}

[columns]
person.age = "Age"

[occurred_at]
columns = ["Seen"]
formats = ["%m/%d/%Y"]

[[rules]]
when = {{ Result = ["Shelter*"] }}
need = "emergency_shelter"
urgency = "urgent"

[[rules]]
when = {{ Result = ["Mentor"] }}
need = "youth_mentoring"
urgency = "routine"

[[rules]]
when = {{ Result = ["Declined"] }}
tally = "counselling"

[[rules]]
when = {{ Result = ["n/a"] }}
refuse = "nothing was offered"
"""
ROWS = """No,Seen,Age,Result
1,07/04/2025,34,Shelter bed
2,07/05/2025,,Shelter (motel)
3,07/05/2025,15,Mentor
4,07/06/2025,51,Declined
5,07/06/2025,20,n/a
6,yesterday,20,Mentor
7,07/06/2025,200,Mentor
8,07/07/2025,40,Unknown
9,too,many,cells,here
"""


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A folder with a sheet and its map; the sheet's source is the folder's own."""
    (tmp_path / "log.map.toml").write_text(MAP.format(source=tmp_path.name))
    (tmp_path / "log.csv").write_text(ROWS)
    return tmp_path


def args(folder: Path, *more: str | Path) -> tuple[str | Path, ...]:
    """The arguments of an import into the training unit."""
    sheet, mapping = folder / "log.csv", folder / "log.map.toml"
    return ("referrals", "import", sheet, "--map", mapping, "--unit", "academy", *more)


def standing(shown: str) -> dict[str, int]:
    """The numbers that --follow shows."""
    _, _, table = shown.partition("Where the rows stand")
    cells = [[cell.strip() for cell in line.split("│")] for line in table.splitlines()]
    return {row[1]: int(row[2]) for row in cells if len(row) == 4}


def submitted(town: Town) -> list[str]:
    """The ids of all referrals of the training unit."""
    listed = town.acting(people.COORDINATOR).items("/v1/referrals", unit_id="academy")
    return [referral["referral_id"] for referral in listed]


def test_every_row_is_accounted_for_and_none_is_sent_twice(town: Town, paper: Path) -> None:
    before = len(submitted(town))
    first = town.handoff.calling(*args(paper, "--follow"))
    assert "9 rows: 3 submitted, 1 tallied, 1 refused, 4 failed" in first.stdout
    assert first.exit_code == 1
    assert line_of(first).startswith("handoff: 4 rows could not be submitted")
    ids = submitted(town)
    assert len(ids) == before + 3
    stands = standing(first.stdout)
    assert stands["all rows"] == 9
    assert stands["offered"] + stands["waitlisted"] + stands["unplaced"] == 3
    again = town.handoff.calling(*args(paper, "--follow"))
    assert standing(again.stdout) == standing(first.stdout)
    assert submitted(town) == ids


def test_the_report_names_line_and_reason_of_every_row(town: Town, paper: Path) -> None:
    report = paper / "report.csv"
    town.handoff.calling(*args(paper, "--report", report))
    assert report.stat().st_mode & 0o777 == 0o600
    with report.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == list(range(2, 11))
    assert [row["result"] for row in rows] == [
        *("submitted", "submitted", "submitted", "tallied", "refused"),
        *("failed", "failed", "failed", "failed"),
    ]
    reasons = [row["reason"] for row in rows]
    assert reasons[4] == "nothing was offered"
    assert reasons[5] == "Seen: 'yesterday' is no date of the form %m/%d/%Y"
    assert "person.age" in reasons[6]
    assert reasons[7] == "no rule of the map fits this row"
    assert reasons[8] == "5 cells, but the header has 4"


def test_a_row_that_the_report_names_as_sent_is_not_sent_again(town: Town, paper: Path) -> None:
    report = paper / "report.csv"
    town.handoff.calling(*args(paper, "--report", report))
    before, first = submitted(town), report.read_text(encoding="utf-8")
    clock = town.suite.platform.clock
    assert isinstance(clock, SettableClock)
    clock.advance(timedelta(days=30))
    town.settle()
    again = town.handoff.calling(*args(paper, "--report", report, "--follow"))
    assert "3 submitted, 1 tallied" in again.stdout
    assert standing(again.stdout)["all rows"] == 9
    assert submitted(town) == before
    assert report.read_text(encoding="utf-8") == first


def test_a_file_that_is_no_report_is_not_overwritten(town: Town, paper: Path) -> None:
    other = paper / "budget.csv"
    other.write_text("a,b\n1,2\n")
    result = town.handoff.calling(*args(paper, "--report", other))
    assert result.exit_code == 1
    assert "is no report: name another file" in line_of(result)
    assert other.read_text() == "a,b\n1,2\n"


def test_a_row_that_changed_after_it_was_sent_is_refused(town: Town, paper: Path) -> None:
    town.handoff.calling(*args(paper))
    before = len(submitted(town))
    (paper / "log.csv").write_text("No,Seen,Age,Result\n1,07/04/2025,35,Shelter bed\n")
    result = town.handoff.calling(*args(paper))
    assert result.exit_code == 1
    assert "used with another body" in result.stdout
    assert len(submitted(town)) == before


def test_sheets_of_different_sources_do_not_meet(town: Town, paper: Path) -> None:
    town.handoff.calling(*args(paper))
    before = len(submitted(town))
    (paper / "log.map.toml").write_text(MAP.format(source=f"{paper.name}-2"))
    town.handoff.calling(*args(paper))
    assert len(submitted(town)) == before + 3


def test_rows_without_a_key_are_told_apart_by_all_they_hold(town: Town, paper: Path) -> None:
    path = paper / "log.map.toml"
    path.write_text(path.read_text().replace('key = "No"\n', ""))
    before = len(submitted(town))
    for _ in range(2):
        town.handoff.calling(*args(paper))
    assert len(submitted(town)) == before + 3


def test_past_rows_notify_nobody(town: Town, paper: Path) -> None:
    before = {path.name for path in (town.handoff.home / "mail").glob("*.eml")}
    town.handoff.calling(*args(paper, "--follow"))
    town.settle()
    after = {path.name for path in (town.handoff.home / "mail").glob("*.eml")}
    assert after == before


def test_a_sheet_of_a_spreadsheet_program_is_read(town: Town, paper: Path) -> None:
    text = "No,Seen,Age,Result\n1,07/04/2025,34,Shelter café\n"
    for encoding in ("utf-8-sig", "cp1252"):
        (paper / "log.csv").write_bytes(text.encode(encoding))
        result = town.handoff.calling(*args(paper))
        assert result.exit_code == 0, result.stderr
        assert "1 rows: 1 submitted" in result.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("Result = [", "Outcome = ["), "lacks columns that the map names: Outcome"),
        (("[occurred_at]", "[occurred_at"), "is no TOML"),
        (("urgent", "urgent"), "handoff: line 2: unit: nowhere is not known"),
    ],
)
def test_what_stops_an_import_is_one_line(
    town: Town, paper: Path, change: tuple[str, str], said: str
) -> None:
    path = paper / "log.map.toml"
    path.write_text(path.read_text().replace(*change))
    result = town.handoff.calling(*args(paper, "--unit", "nowhere"))
    assert result.exit_code == 1
    assert said in line_of(result)


def test_a_caller_without_the_keys_imports_with_a_token_and_sends_each_row_once(
    town: Town, paper: Path
) -> None:
    token = people.sign_in(town.suite.settings)(people.officer("academy"))()
    elsewhere = Handoff(paper / "no-home", town.suite.address)
    alone = elsewhere.calling(*args(paper, "--token", token))
    assert alone.exit_code == 1
    assert "name a --report" in line_of(alone)
    before = len(submitted(town))
    for report in ("one.csv", "two.csv"):
        result = elsewhere.calling(*args(paper, "--token", token, "--report", paper / report))
        assert "3 submitted, 1 tallied" in result.stdout
    assert len(submitted(town)) == before + 3
    assert not elsewhere.home.exists()


def test_a_suite_that_is_not_there_is_one_line(town: Town, paper: Path) -> None:
    token = people.sign_in(town.suite.settings)(people.officer("academy"))()
    result = town.handoff(*args(paper, "--url", "http://127.0.0.1:1", "--token", token))
    assert result.exit_code == 1
    assert "is the suite running there?" in line_of(result)
