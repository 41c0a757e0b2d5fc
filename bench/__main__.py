"""Runs benchmarks by name, or all of them: `python -m bench intake relay --quick`."""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from bench import machine, report
from bench.figure import Figure
from bench.run import Run

# Where each stands; imported when it is run, as the others' servers are no business of its.
ALL: Final = (
    "decisions",
    "relay",
    "directory",
    "intake",
    "growth",
    "offered",
    "pipeline",
    "memory",
    "start",
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(ALL))
@click.option("--quick", is_flag=True, help="Smaller, for a look: ratios still hold roughly.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=report.RESULTS,
    help="Where the results go (bench/results).",
)
def main(names: tuple[str, ...], folder: Path, *, quick: bool) -> None:
    """Measure NAMES, or everything, each beside its floor, and write it down."""
    for name in names or ALL:
        click.echo(f"{name} ...", err=True)
        measure: Callable[[Run], Figure] = import_module(f"bench.{name}").measure
        told: dict[str, Any] = {
            "at": datetime.now(UTC).date().isoformat(),
            "quick": quick,
            "machine": machine.describe(),
        }
        with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
            figure = measure(Run(Path(scratch), quick))
        report.keep(figure, told, folder)
        if folder == report.RESULTS:
            report.show(report.FRONT, folder)
        click.echo("\n".join([figure.title, *report.lines(figure)]))


if __name__ == "__main__":
    sys.exit(main())
