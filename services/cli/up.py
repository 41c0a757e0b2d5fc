"""`handoff up`: runs the whole suite in one process until it is told to stop."""

import errno
import logging
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from services.chassis import logs
from services.chassis.clock import SettableClock
from services.chassis.settings import SettingError, Settings
from services.cli import city, pasting, people, settings
from services.cli.client import ClientError, connect
from services.cli.embedded import Suite
from services.cli.home import HomeError, told
from services.cli.options import examples, home_option
from services.cli.screen import say

STOP: Final = frozenset({signal.SIGINT, signal.SIGTERM})
ROLES: Final = {
    "officer": people.officer(pasting.UNIT),
    "partner": people.partner(pasting.AGENCY),
    "coordinator": people.COORDINATOR,
    "manager": people.MANAGER,
    "admin": people.ADMIN,
}


@click.command(epilog=examples("handoff up", "handoff up --home /srv/handoff --port 8080"))
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: HANDOFF_PORT or 8000).")
@click.option("--demo-clock", is_flag=True, help="A clock that only PUT /ops/clock moves.")
@home_option
def up(*, home: Path | None, port: int | None, demo_clock: bool) -> None:
    """Run the suite, load the bundled city into an empty directory, and print how to use it.

    Ctrl-C or SIGTERM stops it: requests and events under way are finished first.
    """
    found = settings.read(home, port, demo_clock=demo_clock)
    settings.check_services()
    _refuse_stray_clock(found)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
    try:
        with running(found) as suite:
            _open(suite)
            signal.sigwait(STOP)
            say("stopping: finishing what is under way")
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    say("stopped")


@contextmanager
def running(found: Settings, log: TextIO | None = None) -> Iterator[Suite]:
    """A suite that answers requests; closed at the end. Raises HomeError or SettingError.

    Its log goes to standard error unless another stream is given.
    """
    with _logging(found.log_level, log):
        try:
            suite = Suite(found)
        except OSError as error:
            raise _cause(error, found) from None
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
def _logging(level: str, stream: TextIO | None) -> Iterator[None]:
    """Log as a service while the suite runs, and as before when it has ended."""
    root = logging.getLogger()
    before = (root.handlers, root.level, sys.excepthook, threading.excepthook)
    logs.configure(level, stream)
    for noisy in ("httpx", "alembic"):  # the command's own requests, and what it looks up
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers, root.level, sys.excepthook, threading.excepthook = before


def _open(suite: Suite) -> None:
    """Load the city where nothing is loaded, then print addresses, tokens and commands."""
    sign_in = people.sign_in(suite.settings)
    with connect(suite.address, sign_in(people.ADMIN)) as admin:
        loaded = city.open_city(admin)
    say(f"Handoff is running on {suite.address}, in {suite.settings.home}")
    say("  the bundled city was loaded" if loaded else "  the directory is the one of last time")
    say(f"  API reference  {suite.address}/docs/")
    say(f"  health         {suite.address}/readyz")
    called, at = pasting.command(sys.argv[0], Path(sys.executable)), _home_option(suite.settings)
    say(f"  mail           {called} mail{at}")
    say(f"\nPaste into a shell (tokens live 24 hours; `{called} token create{at}` makes more):\n")
    say(pasting.commands(suite.address, {name: sign_in(who)() for name, who in ROLES.items()}))
    say("Ctrl-C stops the suite.")


def _home_option(found: Settings) -> str:
    """What a command needs to find this folder: nothing where the settings name it."""
    return "" if found.home == settings.read().home else f" --home {shlex.quote(str(found.home))}"


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
