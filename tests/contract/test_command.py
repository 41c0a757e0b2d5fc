"""`handoff contracts`: what it prints, and how it exits."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.contracts import contracts_group

MADE = "schemas/events/handoff.offer.made.v1.json"


def handoff_contracts(*words: str) -> Result:
    return CliRunner().invoke(contracts_group, list(words))


def test_check_is_content_with_what_is_committed() -> None:
    result = handoff_contracts("check")
    assert result.exit_code == 0
    assert result.output == "contracts: schemas fresh, published versions kept, examples decode\n"


def test_check_says_each_fault_on_a_line_and_exits_with_one(tree: Path) -> None:
    (tree / MADE).write_text("{}", encoding="utf-8")
    (tree / "examples/handoff.offer.made.v1/full.json").write_text("{", encoding="utf-8")
    result = handoff_contracts("check", "--folder", str(tree))
    first, second = result.stderr.splitlines()
    assert result.exit_code == 1
    assert first == f"{MADE}: stale: run `handoff contracts generate`"
    assert second.startswith("examples/handoff.offer.made.v1/full.json: no JSON")


def test_generate_names_what_it_wrote_and_then_check_is_content(tree: Path) -> None:
    (tree / MADE).write_text("{}", encoding="utf-8")
    result = handoff_contracts("generate", "--folder", str(tree))
    assert result.output.splitlines() == [MADE, "contracts: 1 files changed"]
    assert handoff_contracts("check", "--folder", str(tree)).exit_code == 0


def test_generate_refuses_a_frozen_version_that_it_cannot_read(tree: Path) -> None:
    frozen = "schemas/published/handoff.offer.made.v1.json"
    (tree / frozen).write_text("{", encoding="utf-8")
    result = handoff_contracts("generate", "--folder", str(tree))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {frozen}: no JSON")


def test_a_folder_that_is_not_there_is_refused_by_name() -> None:
    result = handoff_contracts("check", "--folder", "nowhere")
    assert result.exit_code == 2
    assert "'nowhere' does not exist" in result.stderr


@pytest.mark.parametrize("command", ["check", "generate"])
def test_help_shows_how_to_call_it(command: str) -> None:
    assert f"\n    handoff contracts {command}\n" in handoff_contracts(command, "--help").output
