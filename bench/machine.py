"""The machine that a figure was measured on, and how busy it was with something else."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psutil

LOOK_S: Final = 1.0
# More of a core than this at somebody else's work, and absolute figures are no figures.
QUIET: Final = 0.06
_PACKAGES: Final = ("flask", "gunicorn", "sqlalchemy", "psycopg", "kafka-python", "marshmallow")


def describe() -> dict[str, Any]:
    """Processor, cores, memory, system and versions; looks for a second how busy it is."""
    busy = foreign_cores()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "busy_cores_before": round(busy, 2),
        "quiet": busy <= QUIET,
    }


def foreign_cores() -> float:
    """How many cores were at work during one second in which this process did nothing."""
    share = psutil.cpu_percent(interval=LOOK_S) / 100
    return share * (os.cpu_count() or 1)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
