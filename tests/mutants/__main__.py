"""``python -m tests.mutants [NAME ...]``: play the seeded bugs; ends with 1 where one lives on."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import click

from tests.mutants.play import Verdict, play, sound
from tests.mutants.seeded import Bug, ListError, read


def main(names: Sequence[str]) -> int:
    """Play those named, or all of them."""
    bugs = [bug for bug in read() if not names or bug.name in names]
    if unknown := set(names) - {bug.name for bug in bugs}:
        click.echo(f"no such bug: {', '.join(sorted(unknown))}", err=True)
        return 2
    began = time.monotonic()
    well = sound(bugs)
    if well.broken or well.failed:
        click.echo(f"without any bug: {well.broken or sorted(well.failed)}", err=True)
        return 2
    click.echo(f"without any bug: all tests pass ({time.monotonic() - began:.0f} s)")
    with ThreadPoolExecutor(cpu_count()) as pool:
        caught = sum(pool.map(_told, bugs))
    click.echo(f"{caught}/{len(bugs)} seeded bugs caught in {time.monotonic() - began:.0f} s")
    return 0 if caught == len(bugs) else 1


def _told(bug: Bug) -> bool:
    began = time.monotonic()
    try:
        verdict = play(bug)
    except ListError as error:
        verdict = Verdict(frozenset(), str(error))
    took = f"{time.monotonic() - began:.0f} s"
    if verdict.caught(bug):
        click.echo(f"caught    {bug.name}, {took}: {bug.breaks}")
        return True
    click.echo(f"LIVES ON  {bug.name}, {took}: {bug.breaks}")
    for line in [verdict.broken] if verdict.broken else verdict.missed(bug):
        click.echo(f"          {line}")
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
