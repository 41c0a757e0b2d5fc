"""Failpoints: an armed process dies where it is told, once; any other passes them all."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from services.chassis import failpoints
from services.chassis.failpoints import Charge, Point, enter, reached

DIE: Final = Charge("town.relay", Point.RELAY_SENT, 2)
# Ticks as a relay's; what is printed was done before the end.
LIFE: Final = """
import sys
from pathlib import Path
from services.chassis.failpoints import Point, arm, enter, reached
arm(Path(sys.argv[1]))
for tick in range(3):
    for flow in ("town.worker", "town.relay"):
        enter(flow)
        for turn in range(tick + 1):
            reached(Point.RELAY_READ)
            reached(Point.RELAY_SENT)
            print(flow, tick, turn, flush=True)
"""


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def live(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIFE, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def test_a_process_dies_by_sigkill_at_the_named_passing_and_the_next_one_lives(
    tmp_path: Path,
) -> None:
    (tmp_path / DIE.name).touch()
    first = live(tmp_path)
    assert first.returncode == -signal.SIGKILL
    # The first tick passes it once; so does the second in the other flow, and then once here.
    done = [line for line in first.stdout.splitlines() if line.startswith("town.")]
    assert done[-2:] == ["town.worker 1 1", "town.relay 1 0"]
    (fired,) = tmp_path.iterdir()
    assert fired.name.startswith(f"{DIE.name}{failpoints.MARK}")
    second = live(tmp_path)
    assert second.returncode == 0
    assert "town.relay 2 2" in second.stdout
    assert "failpoints_armed" in second.stdout, "it says aloud that it may kill itself"


def test_a_process_that_is_not_armed_passes_every_charge(tmp_path: Path) -> None:
    (tmp_path / DIE.name).touch()
    failpoints.arm(None)
    enter(DIE.flow)
    for _ in range(3):
        reached(DIE.point)
    assert not failpoints.is_armed()
    assert [path.name for path in tmp_path.iterdir()] == [DIE.name]


def test_an_armed_process_without_a_charge_goes_on(tmp_path: Path) -> None:
    failpoints.arm(tmp_path)
    enter(DIE.flow)
    for point in Point:
        reached(point)
    assert list(tmp_path.iterdir()) == []
