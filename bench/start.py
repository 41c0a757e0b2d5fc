"""Cold starts: from launch to ready, beside an interpreter that imports the libraries."""

import subprocess
import sys
import time
from statistics import median
from typing import Final

from bench.figure import Figure, Measure, at_most
from bench.run import Run
from bench.town import Town, open_town
from services.cli import readiness
from services.local_servers.waiting import wait_until

GOAL_S: Final = 2.0
READY_S: Final = 120.0
_LIBRARIES: Final = "import flask, flask_smorest, marshmallow, psycopg, sqlalchemy.orm"


def measure(run: Run) -> Figure:
    """Seconds until a process says that it is ready, its servers being up."""
    found: dict[str, list[float]] = {}
    bare: list[float] = []
    with open_town(run.folder) as town:
        for _ in range(run.rounds):
            bare.append(_imported())
            for name in town.suite.processes:
                found.setdefault(name, []).append(_started(town, name))
    measures = [Measure("importing the libraries", "s", tuple(bare), floor=True)]
    measures += [Measure(name, "s", tuple(took)) for name, took in found.items()]
    slowest = max(median(took) for took in found.values())
    verdicts = (at_most("s of the slowest process", slowest, GOAL_S),)
    notes = ("A worker is ready once its consumers were let into their groups.",)
    return Figure("start", "Cold start of each process", tuple(measures), verdicts, notes)


def _started(town: Town, name: str) -> float:
    process, post = town.suite.processes[name], town.suite.posts[name]
    process.stop()
    began = time.perf_counter()
    process.launch()
    if not wait_until(lambda: readiness.fault_of(post) is None, READY_S):
        raise RuntimeError(f"{name} is not ready: {readiness.fault_of(post)}")
    return time.perf_counter() - began


def _imported() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _LIBRARIES], check=True)  # noqa: S603 - this interpreter
    return time.perf_counter() - began
