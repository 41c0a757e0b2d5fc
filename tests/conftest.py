"""What every test obeys: closed sockets, repeatable examples, and a count at the end."""

from pathlib import Path

import pytest
from hypothesis import settings

# Real Kafka and PostgreSQL, for whatever test asks for them.
pytest_plugins = ["tests.servers"]

HERE = Path(__file__).parent
# These prove rules, not wires: a socket in them is a mistake.
CLOSED = frozenset({"unit", "contract", "architecture"})
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# The same examples on every machine: a run that fails here fails everywhere.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)  # before those who read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests outside the closed folders reach the loopback, and nothing beyond it.

    Where processes share the run, each file stays in one of them, and so does everything that runs
    on the one suite on servers: its start takes long, and two of them are too many for a machine.
    """
    for item in items:
        place = item.path.relative_to(HERE)
        if place.parts[0] not in CLOSED:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))
        group = "production" if _on_production(item) else str(place)
        item.add_marker(pytest.mark.xdist_group(group))


def _on_production(item: pytest.Item) -> bool:
    used: list[str] = getattr(item, "fixturenames", [])
    called = getattr(item, "callspec", None)
    return "production" in used or "production" in (called.params.values() if called else ())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the counts on one line, the noughts too."""
    passed, failed, errors, skipped = (
        len(terminalreporter.stats.get(what, []))
        for what in ("passed", "failed", "error", "skipped")
    )
    terminalreporter.write_line(f"{passed} passed, {failed + errors} failed, {skipped} skipped")
