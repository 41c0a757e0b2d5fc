"""`handoff simulate` and `handoff policy` show the trade, and say what is wrong."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main
from services.cli.policy_file import PolicyFileError, policy_named, scenario_named
from services.matcher.domain.policy import Policy
from services.matcher.domain.score import Weights
from services.matcher.domain.simulation.scenario import Scenario

HAMLET = 'name = "hamlet"\ndays = 14\nrate = 2.0\nload = 1.5\nprograms = 3\n'
WINTER = 'version = "winter-1"\nforesight = 0.5\neven_out = 1\n[weights]\nper_km = 2.0\n'


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def handoff(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def test_a_simulation_shows_progress_figures_groups_the_model_and_the_trade(
    tmp_path: Path,
) -> None:
    hamlet = written(tmp_path, "hamlet.toml", HAMLET)
    shown = handoff("simulate", hamlet, "--seeds", "1-2")
    assert shown.exit_code == 0
    for words in (
        "hamlet: 56 of 56",
        "share of the limit",
        "crisis in time",
        "language match",
        "ahead: service of groups",
        "daily: days decided: 28 by daily assignment, as the policy has it.",
        "ahead: days decided: 28 by a plan ahead. Requests held for a day:",
        "The trade of ahead against daily:",
        "An agency takes an offer by its own chance",
    ):
        assert words in shown.output


def test_two_policies_are_compared_on_the_same_towns_so_that_equal_ones_differ_in_nothing(
    tmp_path: Path,
) -> None:
    hamlet = written(tmp_path, "hamlet.toml", HAMLET)
    daily = written(tmp_path, "daily.toml", 'version = "mine"\nhold_back = false\n')
    shown = handoff("policy", "compare", "daily", daily, "--scenario", hamlet, "--seeds", "4-5")
    assert shown.exit_code == 0
    assert "+0.0 points crisis in time" in shown.output
    row = next(line for line in shown.output.splitlines() if "share of the limit" in line)
    assert row.split("│")[4].strip() == "0.000"


def test_a_file_changes_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    policy = policy_named(written(tmp_path, "winter.toml", WINTER))
    assert policy == Policy(
        version="winter-1", foresight=0.5, even_out=1.0, weights=Weights(per_km=2.0)
    )
    town = scenario_named(written(tmp_path, "hamlet.toml", HAMLET))
    assert town == Scenario(name="hamlet", days=14, rate=2.0, load=1.5, programs=3)


def test_what_is_shown_of_a_policy_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    winter = written(tmp_path, "winter.toml", WINTER)
    shown = handoff("policy", "show", winter)
    assert shown.exit_code == 0
    again = written(tmp_path, "again.toml", shown.output)
    assert policy_named(again) == policy_named(winter)
    told = handoff("policy", "diff", "ahead", winter).output
    assert all(name in told for name in ("version", "foresight", "even_out", "weights.per_km"))
    assert "hold_back" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foresight = 0.5", "version: Missing data"),
        ('version = "x"\nforesight = 1.5', "foresight: Must be greater than or equal to 0 and"),
        ('version = "x"\nforesight = nan', "foresight: Special numeric values"),
        ('version = "x"\nforesite = 0.5', "foresite: Unknown field"),
        ('version = "A policy!"', "version: a short name such as winter-2 is needed"),
        ('version = "x"\nparallel = 2.5', "parallel: Not a valid integer"),
        ('version = "x"\nhold_back = "yes"', "hold_back: Not a valid boolean"),
        ("version = ", "is no TOML"),
    ],
)
def test_a_wrong_file_is_told_by_its_field_in_one_line(
    text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(PolicyFileError, match=words):
        policy_named(written(tmp_path, "wrong.toml", text))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("simulate", "scarse"), "none of balanced, scarce, surge, closures, thin, declines"),
        (("simulate", "none.toml"), "none.toml: No such file"),
        (("simulate", "scarce", "--policy", "later"), "later is none of daily, ahead"),
        (("simulate", "scarce", "--seeds", "9-1"), "9-1: between 1 and 100 seeds"),
        (("policy", "compare", "daily"), "Missing argument 'B'"),
    ],
)
def test_a_wrong_call_is_one_line_and_a_failure(args: tuple[str, ...], words: str) -> None:
    called = handoff(*args)
    assert called.exit_code in {1, 2}
    assert words in called.output
    assert len(called.output.strip().splitlines()) == 1
