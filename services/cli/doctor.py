"""`handoff doctor`: looks over a suite's folder and says what is wrong and how to mend it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from services.chassis.settings import Settings
from services.cli import checkup
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
    """Every finding; wrong settings end the search, for nothing else can be found then."""
    found = checkup.settings_of(home)
    if isinstance(found, Finding):
        yield found
        return
    yield Finding("settings", right=True, state=f"mode {found.mode}, home {found.home}")
    if not found.home.exists():
        yield Finding("folder", right=False, state=f"{found.home} is not there", mend="handoff up")
        return
    yield from _of_folder(found)


def _of_folder(found: Settings) -> Iterator[Finding]:
    yield from checkup.keys(found)
    yield from checkup.databases(found)
    yield checkup.events(found)
    yield checkup.sqlite_version()
    yield checkup.clock(found)
    yield checkup.disk(found)
    yield checkup.running(found)
