"""`handoff doctor`: looks over a suite's folder and says what is wrong and how to mend it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from services.chassis.settings import Settings
from services.cli import answering, checkup, datafiles
from services.cli.checkup import Finding
from services.cli.client import ClientError
from services.cli.options import examples, home_option
from services.cli.screen import say, table

MARKS: Final = {True: "ok", False: "WRONG"}


@click.command(epilog=examples("handoff doctor", "handoff doctor --home /srv/handoff"))
@home_option
def doctor(home: Path | None) -> None:
    """Check settings, keys, databases, event log, clock and disk, whether or not the suite runs.

    The exit code is 1 where anything is wrong. Nothing is changed.
    """
    findings = list(_findings(home))
    rows = [[f.check, MARKS[f.right], f.state, f.mend] for f in findings]
    table("Handoff", ("check", "", "state", "what to do"), rows)
    wrong = [finding.check for finding in findings if not finding.right]
    if wrong:
        raise ClientError(f"{len(wrong)} wrong: {', '.join(wrong)}")
    say("all is well")


def _findings(home: Path | None) -> Iterator[Finding]:
    """Every finding; wrong settings or folders end the search: nothing else is found then."""
    found = checkup.settings_of(home)
    if isinstance(found, Finding):
        yield found
        return
    folders = list(datafiles.folders(found))
    yield from folders
    if folders:
        return
    yield checkup.mode(found)
    yield from _of_folder(found)


def _of_folder(found: Settings) -> Iterator[Finding]:
    yield from checkup.keys(found)
    yield datafiles.key_store(found)
    yield from datafiles.databases(found)
    yield datafiles.events(found)
    yield from datafiles.mail(found)
    yield checkup.sqlite_version()
    yield checkup.clock(found, datafiles.newest_record(found))
    yield checkup.disk(found)
    yield answering.running(found)
