"""The whole suite against a model of its rules: random lives, late and double events, crashes.

`make soak` plays 10,000 runs, a hundred for each seed; a seed that went well is not played again
by the same code, so that a soak that was cut short goes on where it was.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from services.notifier.domain.measures import COUNTS, TIMES
from tests.journey import whole_figures as figures
from tests.journey.clockwork import Clockwork, open_clockwork
from tests.journey.soak_folder import ROOT, folder_of
from tests.journey.town import OFFICER
from tests.journey.whole_end import check_figures
from tests.journey.whole_machine import WholeMachine
from tests.journey.whole_play import Meeting, prepare
from tests.journey.whole_reading import BreachError

RUNS: Final = 200
SEEDS, RUNS_OF_A_SEED = range(100), 100
# A step is anybody's command, time, a crash or a late event; then all goes on, or comes to rest.
STEPS: Final = 9
EACH_RUN: Final = settings(
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
REPEAT: Final = (
    ".venv/bin/python -m pytest -m soak "
    "'tests/journey/test_whole_model.py::"
    "test_a_hundred_runs_of_a_seed_are_what_the_model_says[{seed}]'"
)
Machine = type[RuleBasedStateMachine]


@dataclass(slots=True)
class Soak:
    """Which seeds went well, in a folder of the very code that was played."""

    folder: Path
    runs: int = RUNS_OF_A_SEED
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """What was done this time, and what of all is done by now."""
        well = len(list(self.folder.glob("*.done"))) * self.runs
        told = f"{self.counts['ran']} runs, {self.counts['resumed']} of before"
        failed = f"{self.counts['failed']} seeds failed"
        return f"whole model: {told}, {failed}; {well} went well, kept in {self.folder}"

    def play(self, machine: Machine, seed: int) -> None:
        """The runs of a seed, unless they went well before; what fails is kept and told."""
        done, failed = self.folder / f"{seed}.done", self.folder / f"{seed}.failed"
        if done.exists():
            self.counts["resumed"] += self.runs
            return
        try:
            play(machine, self.runs, seed)
        except Exception as error:
            self.counts["failed"] += 1
            error.add_note(f"To repeat it: {REPEAT.format(seed=seed)}")
            failed.write_text("\n".join([repr(error), *error.__notes__]), encoding="utf-8")
            raise
        failed.unlink(missing_ok=True)
        done.touch()
        self.counts["ran"] += self.runs


def play(machine: Machine, runs: int, seed: int | None = None) -> None:
    """So many runs: of a seed, or the same on every machine."""
    chosen = settings(EACH_RUN, max_examples=runs, derandomize=seed is None)
    seeded: Any = type("Seeded", (machine,), {})
    if seed is not None:
        seeded = hypothesis.seed(seed)(seeded)
    run_state_machine_as_test(seeded, settings=chosen)


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clockwork]:
    """One suite for all runs; each finds it as it was when it had been set up."""
    with open_clockwork(tmp_path_factory.mktemp("clockwork") / "home") as opened:
        prepare(opened)
        yield opened


@pytest.fixture(scope="module")
def machine(
    works: Clockwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[type[WholeMachine]]:
    """The machine on that suite."""
    WholeMachine.works, WholeMachine.kept = works, tmp_path_factory.mktemp("kept")
    works.keep(WholeMachine.kept)
    yield WholeMachine
    del WholeMachine.works, WholeMachine.kept


@pytest.fixture(scope="module")
def soak(pytestconfig: pytest.Config) -> Iterator[Soak]:
    """What was played by this code before; the counts of this time are told at the end."""
    found = Soak(folder_of("whole-model"))
    yield found
    terminal: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    terminal.write_line(f"\n{found}")


def test_whatever_anybody_does_the_suite_is_what_the_model_says(
    machine: type[WholeMachine],
) -> None:
    play(machine, RUNS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hundred_runs_of_a_seed_are_what_the_model_says(
    machine: type[WholeMachine], soak: Soak, seed: int
) -> None:
    soak.play(machine, seed)


@pytest.mark.soak
def test_ten_thousand_runs_went_well(soak: Soak) -> None:
    done = {int(file.stem) for file in soak.folder.glob("*.done")}
    assert done == set(SEEDS)
    assert len(done) * RUNS_OF_A_SEED == 10_000


class Fine(RuleBasedStateMachine):
    """A town in which nothing can go wrong."""

    played: ClassVar[list[str]] = []

    @rule()
    def live(self) -> None:
        self.played.append("a step")


class Broken(RuleBasedStateMachine):
    """A town in which everything does."""

    @rule()
    def fail(self) -> None:
        raise BreachError("it broke")


def test_a_soak_goes_on_where_it_was_and_its_counts_add_up(tmp_path: Path) -> None:
    first = Soak(tmp_path, runs=2)
    first.play(Fine, 0)
    with pytest.raises(BreachError, match="it broke") as failure:
        first.play(Broken, 1)
    assert f"{__file__[len(str(ROOT)) + 1 :]}::" in failure.value.__notes__[-1]
    assert "it broke" in (tmp_path / "1.failed").read_text(encoding="utf-8")
    assert "2 runs, 0 of before, 1 seeds failed; 2 went well" in str(first)
    again, steps = Soak(tmp_path, runs=2), len(Fine.played)
    again.play(Fine, 0)
    assert len(Fine.played) == steps, "what went well is not played again"
    again.play(Fine, 1)
    assert "2 runs, 2 of before, 0 seeds failed; 4 went well" in str(again)
    assert list(tmp_path.glob("*.failed")) == []


def test_every_measure_of_the_outcomes_has_its_count_in_the_model() -> None:
    assert {str(name) for name in COUNTS} == figures.NAMES
    assert {str(name) for name in TIMES} == {*figures.TIMES_OF_REFERRAL, *figures.TIMES_OF_OFFER}


def test_a_figure_that_the_model_does_not_count_is_found(machine: type[WholeMachine]) -> None:
    town = machine()
    town.submit(Meeting("emergency_shelter", "urgent", "given", "once"), OFFICER, "rest")
    check_figures(town.works, town.town, 0)
    with pytest.raises(BreachError, match="said_no: 0, not 1"):
        check_figures(town.works, town.town, 1)
