"""`handoff directory import`: all or nothing, unless asked; rows by file and line."""

import shutil
from pathlib import Path

import pytest

from services.cli.city import FOLDER
from tests.integration.cli.conftest import Town, line_of


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the city's tables that a test may spoil."""
    folder = tmp_path / "tables"
    shutil.copytree(FOLDER, folder)
    return folder


def programs(town: Town) -> int:
    """How many programs the directory has."""
    return sum(1 for _ in town.http.items("/v1/programs"))


def spoil(path: Path, line: int, text: str) -> None:
    """Put another text in place of a line of a file (counted from 1)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_rejected_row_applies_nothing_and_is_named(empty_town: Town, copy: Path) -> None:
    spoil(copy / "services.csv", 4, "lost-program,no-such-agency,Lost" + "," * 10)
    before = programs(empty_town)
    result = empty_town.handoff.calling("directory", "import", copy)
    assert result.exit_code == 1
    assert "nothing applied" in line_of(result)
    assert "lost-program" in result.stdout
    assert " services " in result.stdout
    assert " 4 " in result.stdout
    assert programs(empty_town) == before


def test_a_line_that_is_no_row_applies_nothing(empty_town: Town, copy: Path) -> None:
    spoil(copy / "organizations.csv", 3, 'a"b,"c"d,e')
    before = programs(empty_town)
    result = empty_town.handoff.calling("directory", "import", copy)
    assert result.exit_code == 1
    assert line_of(result) == "handoff: 1 rows rejected, nothing applied"
    assert programs(empty_town) == before


def test_a_whole_directory_is_applied_and_again_changes_nothing(
    empty_town: Town, copy: Path
) -> None:
    first = empty_town.handoff.calling("directory", "import", copy)
    assert first.exit_code == 0, first.stderr
    assert "agencies 31, programs 59" in first.stdout
    assert programs(empty_town) == 59
    again = empty_town.handoff.calling("directory", "import", copy)
    assert again.exit_code == 0, again.stderr
    assert "changed 0, unchanged 59, rejected 0" in again.stdout


def test_the_rest_is_applied_where_it_is_asked_for(empty_town: Town, copy: Path) -> None:
    spoil(copy / "phones.csv", 2, "too,few")
    result = empty_town.handoff.calling("directory", "import", copy, "--accept-partial")
    assert result.exit_code == 0, result.stderr
    assert "rejected 1" in result.stdout
    assert "2 cells, but the header has 5" in result.stdout


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_the_encoding_of_a_spreadsheet_program_does_no_harm(
    empty_town: Town, copy: Path, encoding: str
) -> None:
    path = copy / "organizations.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding, errors="replace")
    assert empty_town.handoff.calling("directory", "import", copy).exit_code == 0


def test_a_folder_without_tables_is_one_line(empty_town: Town, tmp_path: Path) -> None:
    result = empty_town.handoff.calling("directory", "import", tmp_path)
    assert result.exit_code == 1
    assert line_of(result) == f"handoff: {tmp_path} holds no CSV file and no JSON"


def test_a_column_that_is_missing_is_said_once_and_not_once_a_row(
    empty_town: Town, copy: Path
) -> None:
    header = (copy / "services.csv").read_text(encoding="utf-8").splitlines()[0]
    spoil(copy / "services.csv", 1, header.replace("organization_id", "org_id"))
    result = empty_town.handoff.calling("directory", "import", copy)
    assert result.exit_code == 1
    assert line_of(result) == f"handoff: {copy}: services.csv lacks the column organization_id"


def test_a_table_that_is_missing_is_said_once_and_not_once_a_row(
    empty_town: Town, copy: Path
) -> None:
    (copy / "services.csv").unlink()
    result = empty_town.handoff.calling("directory", "import", copy)
    assert result.exit_code == 1
    assert line_of(result) == f"handoff: {copy}: services.csv is missing"


def test_a_zone_that_does_not_exist_is_named(empty_town: Town, copy: Path) -> None:
    result = empty_town.handoff.calling("directory", "import", copy, "--time-zone", "Mars/North")
    assert result.exit_code == 1
    assert "time_zone" in line_of(result)


def test_a_token_of_another_role_is_refused(empty_town: Town, copy: Path) -> None:
    made = empty_town.handoff("token", "create", "--role", "manager")
    token = made.stdout.strip()
    result = empty_town.handoff.calling("directory", "import", copy, "--token", token)
    assert result.exit_code == 1
    assert "a manager may not do this" in line_of(result)
