"""A running suite with the bundled city, and the `handoff` command pointed at it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.chassis.actor import Actor
from services.chassis.settings import Settings
from services.cli import city, people, settings
from services.cli.client import Client, connect
from services.cli.embedded import Suite
from services.cli.main import main
from services.cli.settle import settle
from services.cli.up import running

SHARED_DATA = "shared_data"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests that need data which is no part of this project."""
    config.addinivalue_line("markers", f"{SHARED_DATA}: needs data kept elsewhere; see its module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those tests out of every run that does not ask for them by ``-m shared_data``."""
    if SHARED_DATA in config.option.markexpr:
        return
    out = [item for item in items if item.get_closest_marker(SHARED_DATA)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


@dataclass(frozen=True, slots=True)
class Handoff:
    """The command, on a folder and, where a suite runs there, at its address."""

    home: Path
    url: str | None = None

    def __call__(self, *args: str | Path) -> Result:
        """Run a command that takes a folder."""
        return self.bare(*args, "--home", self.home)

    def calling(self, *args: str | Path) -> Result:
        """Run a command that calls the suite."""
        return self(*args, "--url", self.url or "")

    def bare(self, *args: str | Path) -> Result:
        """Run a command just so."""
        return CliRunner().invoke(main, [str(arg) for arg in args], prog_name="handoff")


def line_of(result: Result) -> str:
    """The one line of a failure; anything more fails the test."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@dataclass(frozen=True, slots=True)
class Town:
    """A suite in this process, with the command and clients for it."""

    suite: Suite
    handoff: Handoff
    http: Client

    def acting(self, actor: Actor) -> Client:
        """A client for somebody."""
        return self.http.acting(people.sign_in(self.suite.settings)(actor))

    def settle(self) -> None:
        """Wait until nothing is under way."""
        settle(self.acting(people.ADMIN))


def settings_at(home: Path) -> Settings:
    """Settings of a demo on a free port, with the settable clock."""
    return settings.read(home, port=0, demo_clock=True)


@pytest.fixture(scope="module")
def empty_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A running suite with nothing in it."""
    home = tmp_path_factory.mktemp("suite")
    with running(settings_at(home)) as suite:
        token = people.sign_in(suite.settings)(people.ADMIN)
        with connect(suite.address, token) as http:
            yield Town(suite, Handoff(home, suite.address), http)


@pytest.fixture(scope="module")
def town(empty_town: Town) -> Town:
    """A running suite with the bundled city."""
    assert city.open_city(empty_town.http, empty_town.suite.platform.clock.now())
    empty_town.settle()
    return empty_town


@pytest.fixture
def new_home(tmp_path: Path) -> Handoff:
    """The command on a folder where no suite ever ran."""
    return Handoff(tmp_path / "home")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder to copy: making one takes longer than most tests."""
    home = tmp_path_factory.mktemp("migrated") / "home"
    assert Handoff(home)("migrate").exit_code == 0
    return home


@pytest.fixture
def stopped(migrated: Path, tmp_path: Path) -> Handoff:
    """A folder whose suite was upgraded and is not running."""
    return Handoff(shutil.copytree(migrated, tmp_path / "home"))
