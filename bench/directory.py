"""The directory: importing HSDS rows, beside a bare copy of the same rows into a table."""

import json
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from bench.figure import Figure, Measure, by_round
from bench.figure import Verdict as Said
from bench.run import Run
from bench.stage import Inside, Stage, open_stage, programs
from contracts.topics import Service
from services.cli import people

# So many programs go into a request, which may be 1 MiB.
EACH: Final = 200
IMPORTS: Final = "/v1/directory/imports"


def measure(run: Run) -> Figure:
    """Rows a second of new programs, of the same again, and of a bare copy."""
    requests = run.size(2, 10)
    found: dict[str, list[float]] = {"new": [], "again": [], "copy": []}
    with open_stage(run.folder) as stage, stage.service(Service.MATCHER) as inside:
        for number in range(run.rounds):
            parts = [programs(EACH, f"r{number}x{part}") for part in range(requests)]
            found["copy"].append(_copied(stage, parts))
            found["new"].append(_imported(inside, parts))
            found["again"].append(_imported(inside, parts))
    unit = "rows/s"
    measures = (
        Measure("the same rows copied as JSON", unit, tuple(found["copy"]), floor=True),
        Measure("new programs imported", unit, tuple(found["new"])),
        Measure("the same again, which changes nothing", unit, tuple(found["again"])),
    )
    verdicts = (Said("new ones, to the copy", by_round(found["new"], found["copy"])),)
    notes = ("An import checks every row and link, tells differences, and publishes programs.",)
    return Figure("directory", "Directory: importing HSDS rows", measures, verdicts, notes)


def _rows(parts: list[dict[str, Any]]) -> list[tuple[str, Mapping[str, str]]]:
    return [
        (table, row) for part in parts for table, rows in part["tables"].items() for row in rows
    ]


def _imported(inside: Inside, parts: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    for part in parts:
        inside.call(people.ADMIN, "POST", IMPORTS, part)
    return len(_rows(parts)) / (time.perf_counter() - began)


def _copied(stage: Stage, parts: list[dict[str, Any]]) -> float:
    rows = _rows(parts)
    with closing(stage.superuser("postgres")) as server, server.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS copied")
        cursor.execute('CREATE TABLE copied ("table" text, cells jsonb)')
        began = time.perf_counter()
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for table, row in rows:
                copy.write_row((table, json.dumps(row)))
        return len(rows) / (time.perf_counter() - began)
