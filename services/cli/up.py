"""`handoff up`: runs the whole suite, in one process or on servers, until it is told to stop."""

import errno
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from services.chassis import failpoints, logs
from services.chassis.clock import SettableClock
from services.chassis.serving import Stopping
from services.chassis.settings import SettingError, Settings
from services.cli import local_home, settings, welcome
from services.cli.client import ClientError
from services.cli.embedded import Suite
from services.cli.home import HomeError, told
from services.cli.options import examples, home_option
from services.cli.screen import say


@click.command(epilog=examples("handoff up", "handoff up --home /srv/handoff --port 8080"))
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: HANDOFF_PORT or 8000).")
@click.option(
    "--local-servers",
    is_flag=True,
    help="As in production: Kafka and PostgreSQL, and processes of their own for each service.",
)
@click.option("--demo-clock", is_flag=True, help="A clock that only PUT /ops/clock moves.")
@home_option
def up(*, home: Path | None, port: int | None, local_servers: bool, demo_clock: bool) -> None:
    """Run the suite, load the bundled city into an empty directory, and print how to use it.

    Everything runs in this one process on SQLite; with --local-servers three web services, their
    relays and their workers run as processes of their own, on a real Kafka and PostgreSQL whose
    data stay in the folder too (the first time, Kafka is fetched: 45 MB).

    Ctrl-C or SIGTERM stops it: requests and events under way are finished first.
    """
    found = settings.read(home, port, demo_clock=demo_clock)
    settings.check_services()
    _refuse_stray_clock(found)
    if local_servers:
        _on_servers(found)
    else:
        _in_one_process(found)


def _in_one_process(found: Settings) -> None:
    if found.on_servers:
        raise SettingError(
            "HANDOFF_..._DATABASE is for services on servers: add --local-servers, or leave it out"
        )
    local_home.refuse_servers(found)
    stopping = Stopping()
    with stopping.heeding_signals(), running(found, stopping=stopping) as suite:
        welcome.open_city(suite.address, suite.settings)
        welcome.print_commands(suite.address, suite.settings)
        stopping.wait()
        say("stopping: finishing what is under way")
    say("stopped")


def _on_servers(found: Settings) -> None:
    try:
        from services.cli import up_servers  # noqa: PLC0415 - absent without the servers extra
    except ModuleNotFoundError as error:
        raise SettingError(
            f"{error.name} is not installed: pip install 'handoff[servers]' for --local-servers"
        ) from None
    with told_of(found):
        up_servers.serve(found)


@contextmanager
def running(
    found: Settings, log: TextIO | None = None, stopping: Stopping | None = None
) -> Iterator[Suite]:
    """A suite that answers requests; closed at the end. Raises HomeError or SettingError.

    Its log goes to standard error unless another stream is given; ``stopping`` is what may already
    have been asked to stop.
    """
    with logging_as_service(found.log_level, log):
        failpoints.arm(found.failpoints)
        with told_of(found):
            suite = Suite(found, stopping)
        if isinstance(suite.platform.clock, SettableClock) and not found.clock_file.exists():
            suite.platform.clock.set(suite.platform.clock.now())
        suite.start()
        try:
            yield suite
        finally:
            late = suite.close()
            if late:
                raise ClientError(f"did not end in time: {', '.join(late)}")


@contextmanager
def told_of(found: Settings) -> Iterator[None]:
    """Say what an error of the system means here: a port that is taken, or a folder."""
    try:
        yield
    except OSError as error:
        raise _cause(error, found) from None


@contextmanager
def logging_as_service(level: str, stream: TextIO | None) -> Iterator[None]:
    """Log as a service while the suite runs, and as before when it has ended."""
    root = logging.getLogger()
    before = (root.handlers, root.level, sys.excepthook, threading.excepthook)
    logs.configure(level, stream)
    try:
        yield
    finally:
        root.handlers, root.level, sys.excepthook, threading.excepthook = before


def _refuse_stray_clock(found: Settings) -> None:
    """A folder that lived by a settable clock may hold times that are yet to come."""
    with told(found.home):
        strays = found.clock_file.exists() and not found.settable_clock
    if strays:
        raise SettingError(
            f"{found.home} was run on a settable clock: add --demo-clock, or choose another folder"
        )


def _cause(error: OSError, found: Settings) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return SettingError(
            f"port {found.port} of {found.host} is taken: choose another (--port, HANDOFF_PORT)"
        )
    if error.errno in {errno.EADDRNOTAVAIL, errno.EACCES} and error.filename is None:
        return SettingError(f"HANDOFF_HOST {found.host}, port {found.port}: {error.strerror}")
    return HomeError(f"{error.filename or found.home}: {error.strerror}")
