"""Memory: what each process of the suite has to itself, beside an interpreter with its imports."""

import json
import subprocess
import sys
from typing import Final

from bench.asking import as_fast_as_answered
from bench.figure import Figure, Measure, at_most
from bench.run import Run
from bench.spent import pss_mb
from bench.town import Town, open_town

GOAL_MB: Final = 80.0
_BARE: Final = """
import json, flask, gunicorn, kafka, marshmallow, psutil, psycopg, sqlalchemy
print(json.dumps(psutil.Process().memory_full_info().pss / 1e6))
"""


def measure(run: Run) -> Figure:
    """The proportional set size of the largest process of each kind, at rest and under load."""
    with open_town(run.folder) as town:
        rest, bare = _sizes(town), [_bare() for _ in range(run.rounds)]
        as_fast_as_answered(run.size(100, 500), 8, town.senders("submit").open)
        town.settle()
        loaded = _sizes(town)
    measures = [Measure("an interpreter with the libraries", "MB", tuple(bare), floor=True)]
    measures += [
        Measure(name, "MB", (rest[name], loaded[name]))
        for name in sorted(loaded, key=lambda each: loaded[each])
    ]
    largest = max(loaded.values())
    verdicts = (at_most("MB of the largest process", largest, GOAL_MB),)
    notes = ("Least at rest, most after work; of web processes the larger of two is told.",)
    return Figure("memory", "Memory of each process (PSS)", tuple(measures), verdicts, notes)


def _sizes(town: Town) -> dict[str, float]:
    return {name: max(pss_mb(process.pid)) for name, process in town.suite.processes.items()}


def _bare() -> float:
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", _BARE], check=True, capture_output=True
    )
    return float(json.loads(done.stdout))
