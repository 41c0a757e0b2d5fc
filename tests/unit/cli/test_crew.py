"""The crew: who dies is started again with patience, and who keeps dying ends the suite."""

import subprocess
from dataclasses import dataclass, field

import pytest

from services.cli.crew import DEATHS, FIRST_BACK_OFF_S, LONGEST_BACK_OFF_S, SETTLED_S, Crew
from services.local_servers.errors import LocalServerError


@dataclass
class Process:
    """A process that dies when it is told to."""

    died: bool = False
    launches: int = 0
    broken: bool = False
    trouble: Exception | None = None

    def launch(self) -> None:
        if self.broken:
            raise LocalServerError("there is no such program")
        if self.trouble is not None:
            raise self.trouble
        self.died, self.launches = False, self.launches + 1

    def tail(self) -> str:
        return "the end of its log"


@dataclass
class Town:
    """A crew of one, whose clock a test moves."""

    process: Process = field(default_factory=Process)
    now: float = 100.0
    said: list[str] = field(default_factory=list)
    gave_up: int = 0

    def __post_init__(self) -> None:
        self.crew = Crew(self.said.append, self.give_up, lambda: self.now)
        self.crew.add("matcher.relay", self.process)

    def give_up(self) -> None:
        self.gave_up += 1

    def dies(self, after: float = 1.0) -> None:
        """The process dies after a while, and is started again if that is to be."""
        self.now += after
        self.process.died = True
        self.crew.look()
        self.now += LONGEST_BACK_OFF_S
        self.crew.look()


@pytest.fixture
def town() -> Town:
    return Town()


def test_who_lives_is_left_alone(town: Town) -> None:
    town.crew.look()
    assert (town.process.launches, town.said) == (0, [])


def test_who_died_is_started_again_after_the_back_off_and_not_before(town: Town) -> None:
    town.process.died = True
    town.crew.look()
    town.now += FIRST_BACK_OFF_S * 0.9
    town.crew.look()
    assert town.process.launches == 0
    town.now += FIRST_BACK_OFF_S
    town.crew.look()
    assert town.process.launches == 1
    assert town.said == ["matcher.relay has ended by itself; it is started again in 0.5 s"]


def test_the_back_off_grows_with_every_death_at_once(town: Town) -> None:
    for _ in range(DEATHS - 1):
        town.dies()
    assert [line.rpartition(" in ")[2] for line in town.said] == ["0.5 s", "1 s", "2 s", "4 s"]


def test_five_deaths_at_once_end_the_suite_with_the_end_of_the_log(town: Town) -> None:
    for _ in range(DEATHS):
        town.dies()
    assert town.gave_up == 1
    assert town.crew.failure is not None
    assert town.crew.failure.splitlines() == [
        "matcher.relay ended at once 5 times running; its log ends:",
        "the end of its log",
    ]
    town.dies()
    assert (town.gave_up, town.process.launches) == (1, DEATHS - 1)


def test_who_lived_for_a_while_is_forgiven(town: Town) -> None:
    for _ in range(3 * DEATHS):
        town.dies(after=SETTLED_S + 1)
    assert (town.gave_up, town.process.launches) == (0, 3 * DEATHS)


def test_who_was_stopped_meanwhile_stays_down(town: Town) -> None:
    town.process.died = True
    town.crew.look()
    town.process.died = False
    town.now += LONGEST_BACK_OFF_S
    town.crew.look()
    assert town.process.launches == 0


@pytest.mark.parametrize(
    "trouble", [BlockingIOError("no more processes"), subprocess.TimeoutExpired("relay", 1.0)]
)
def test_a_machine_that_cannot_start_it_now_is_asked_again_later(
    town: Town, trouble: Exception
) -> None:
    town.process.trouble = trouble
    town.dies()
    assert [line.rpartition(" in ")[2] for line in town.said] == ["0.5 s", "1 s"]
    town.process.trouble = None
    town.now += LONGEST_BACK_OFF_S
    town.crew.look()
    assert (town.process.launches, town.gave_up) == (1, 0)


def test_a_machine_that_can_never_start_it_is_given_up(town: Town) -> None:
    town.process.trouble = OSError("no memory")
    town.process.died = True
    for _ in range(2 * DEATHS):
        town.crew.look()
        town.now += LONGEST_BACK_OFF_S
    assert (town.process.launches, town.gave_up) == (0, 1)


def test_who_cannot_be_started_again_ends_the_suite(town: Town) -> None:
    town.process.broken = True
    town.dies()
    assert town.gave_up == 1
    assert "no such program" in (town.crew.failure or "")
