"""`handoff doctor`: looks over a suite's folder and says what is wrong and how to mend it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from services.chassis.platform import SIGNING
from services.chassis.settings import Settings
from services.cli import answering, checkup, datafiles, production
from services.cli.access import Opened
from services.cli.checkup import Finding
from services.cli.client import ClientError
from services.cli.options import examples, home_option
from services.cli.screen import say, table

OK: Final = "ok"
WARNING: Final = "warn"
WRONG: Final = "WRONG"


@click.command(epilog=examples("handoff doctor", "handoff doctor --home /srv/handoff"))
@home_option
def doctor(home: Path | None) -> None:
    """Check settings, keys, databases, event log, clock and disk, whether or not the suite runs.

    On servers it checks PostgreSQL (each database, its schema and its role), Kafka and its topics,
    the identity provider's keys and the clocks, and says what each process is for. The exit code
    is 1 where anything is wrong, not for a warning. Nothing is changed.
    """
    findings, servers = _findings(home)
    rows = [[f.check, _mark(f), f.state, f.mend] for f in findings]
    table("Handoff", ("check", "", "state", "what to do"), rows)
    if servers:
        columns = ("process", "what it is for", "command")
        table("What each process is for", columns, production.processes())
    wrong = [finding.check for finding in findings if not finding.right]
    if wrong:
        raise ClientError(f"{len(wrong)} wrong: {', '.join(wrong)}")
    warnings = ", ".join(finding.check for finding in findings if finding.warns)
    say(f"all is well; see to: {warnings}" if warnings else "all is well")


def _mark(finding: Finding) -> str:
    if not finding.right:
        return WRONG
    return WARNING if finding.warns else OK


def _findings(home: Path | None) -> tuple[list[Finding], bool]:
    """Every finding, and whether they are of servers.

    Wrong settings or folders end the search: nothing else is found then.
    """
    found = checkup.settings_of(home)
    if isinstance(found, Finding):
        return [found], False
    servers = production.servers_of(found)
    if isinstance(servers, Finding):
        return [servers], False
    if servers is not None:
        look = _of_servers if found.on_servers else _of_local_servers
        return list(look(servers)), True
    folders = list(datafiles.folders(found))
    return folders or [checkup.mode(found), *_of_folder(found)], False


def _of_servers(servers: Opened) -> Iterator[Finding]:
    yield checkup.mode(servers.settings)
    yield from production.findings(servers)


def _of_local_servers(servers: Opened) -> Iterator[Finding]:
    """Servers that rest with their suite are not asked."""
    found = servers.settings
    if checkup.is_locked(found.data / ".lock"):
        yield from _of_servers(servers)
        yield checkup.key_file(found, SIGNING)
    else:
        yield checkup.mode(found)
        yield from checkup.keys(found)
    yield from datafiles.mail(found)
    yield checkup.disk(found)
    yield answering.running(found, "handoff up --local-servers")


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
