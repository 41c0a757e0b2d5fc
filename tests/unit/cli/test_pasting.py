"""How the command in use is named to somebody who is to type it."""

from pathlib import Path

import pytest

from services.cli.pasting import command


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the command in it."""
    path = tmp_path / "bin" / "handoff"
    path.parent.mkdir()
    path.touch(mode=0o755)
    return path


def test_a_command_that_the_path_finds_goes_by_its_name(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))
    assert command(str(installed), installed.with_name("python")) == "handoff"


def test_a_command_that_no_path_finds_goes_by_its_path_as_it_was_typed(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(installed.parent.parent)
    assert command("bin/handoff", Path("/nowhere/python")) == "bin/handoff"


def test_a_module_that_was_run_is_told_as_the_command_beside_its_python(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert command("-c", installed.with_name("python")) == str(installed)


def test_another_install_on_the_path_is_not_taken_for_this_one(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "handoff"
    other.parent.mkdir()
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert command(str(installed), installed.with_name("python")) == str(installed)
