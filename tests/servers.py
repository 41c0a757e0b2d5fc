"""Real servers for every test that asks for them, and the one switch that leaves those tests out.

A test that uses the fixture ``kafka`` or ``postgres``, be it through another fixture, is marked so
by itself; one that starts servers of its own marks itself (``pytest.mark.kafka``).
"""

import gc
import os
import warnings
from collections.abc import Generator, Iterator, MutableMapping
from typing import Any, Final

import pytest

from services.local_servers.kafka import Kafka
from services.local_servers.kafka_jars import Progress, kafka_jars
from services.local_servers.postgres import Postgres

SERVERS: Final = ("kafka", "postgres")
# The only way to skip a test, and the summary says so.
WITHOUT: Final = "HANDOFF_TEST_WITHOUT"
# kafka-python leaves sockets to the garbage collector.
LEFT_SOCKETS: Final = "ignore:unclosed <(socket|ssl):ResourceWarning"
_left_out = pytest.StashKey[frozenset[str]]()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One broker that nobody hurts; its topics and groups are whoever's test runs."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One database cluster that nobody hurts; a test makes databases of its own in it."""
    with Postgres(tmp_path_factory.mktemp("postgres"), durable=False) as running:
        yield running


def pytest_configure(config: pytest.Config) -> None:
    """Read the switch; a word in it that is no server stops the run."""
    # Taken out of the environment, where the suite would call it a spelling mistake; a process that
    # shares the run with others hears of it from the first.
    given: MutableMapping[str, str] = getattr(config, "workerinput", os.environ)
    words = {word.strip() for word in given.pop(WITHOUT, "").split(",")} - {""}
    if wrong := ", ".join(sorted(words.difference(SERVERS))):
        raise pytest.UsageError(
            f"{WITHOUT} must be {', '.join(SERVERS)} or both with a comma between, not {wrong}"
        )
    config.stash[_left_out] = frozenset(words)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that shares this run what to leave out."""
    node.workerinput[WITHOUT] = ",".join(node.config.stash[_left_out])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that need servers, and skip those that are to do without."""
    left_out = config.stash[_left_out]
    for item in items:
        needed = _needed(item)
        for server in needed:
            item.add_marker(server)
        if "kafka" in needed:
            item.add_marker(pytest.mark.filterwarnings(LEFT_SOCKETS))
        if missing := sorted(needed & left_out):
            item.add_marker(pytest.mark.skip(reason=f"{WITHOUT}={','.join(missing)}"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch what the tests will start, and leave what was imported out of every later collection.

    Within a test no other machine may be reached; what was imported stays, and is most of the heap.
    """
    if not session.config.option.collectonly and any(_starts_kafka(item) for item in session.items):
        kafka_jars(progress=_telling(session.config))
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Collect the sockets that a test left, or else the next one would be blamed."""
    yield
    if item.get_closest_marker("kafka") is not None:
        sweep()


def pytest_sessionfinish() -> None:
    """Collect those that a failed test's traceback held until now."""
    sweep()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say that the switch is on, and how many tests it cost."""
    left_out = config.stash[_left_out]
    if left_out:
        skipped = len(terminalreporter.stats.get("skipped", []))
        terminalreporter.write_line(
            f"{WITHOUT}={','.join(sorted(left_out))}: {skipped} tests were skipped that need them; "
            "leave it out to run all"
        )


def _telling(config: pytest.Config) -> Progress:
    """Says each tenth of the first fetching, which takes minutes on a slow line."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    said = set[int]()

    def tell(done: int, of: int) -> None:
        tenth = 10 * done // of
        # A process that shares the run with others has no terminal.
        if reporter is not None and tenth not in said:
            said.add(tenth)
            reporter.ensure_newline()
            reporter.write_line(f"fetching Apache Kafka: {done:,} of about {of:,} bytes")

    return tell


def sweep() -> None:
    """Collect the sockets that the Kafka client left, without a word about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _needed(item: pytest.Item) -> set[str]:
    used: list[str] = getattr(item, "fixturenames", [])
    return {each for each in SERVERS if each in used or item.get_closest_marker(each)}


def _starts_kafka(item: pytest.Item) -> bool:
    return item.get_closest_marker("kafka") is not None and not item.get_closest_marker("skip")
