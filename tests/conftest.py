"""What every test obeys: closed sockets, repeatable examples, and a count at the end."""

from pathlib import Path

import pytest
import structlog
from hypothesis import settings

# Real Kafka and PostgreSQL, for whatever test asks for them.
pytest_plugins = ["tests.servers"]

HERE = Path(__file__).parent
# These prove rules, not wires: a socket in them is a mistake.
CLOSED = frozenset({"unit", "contract", "architecture"})
# These go first, so that no core waits for one of them in the end.
LONGEST = frozenset(f"test_{name}.py" for name in ("whole_model", "month", "fifty_kills", "matrix"))
LOOPBACK = ["127.0.0.1", "::1", "localhost"]

# The same examples on every machine: a run that fails here fails everywhere.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Log a fault with a plain traceback: the picture that a console gets takes seconds."""
    structlog.configure(
        [structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests outside the closed folders reach the loopback, and nothing beyond it."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if item.path.relative_to(HERE).parts[0] not in CLOSED:
            item.add_marker(pytest.mark.allow_hosts(LOOPBACK))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the counts on one line, the noughts too."""
    passed, failed, errors, skipped = (
        len(terminalreporter.stats.get(what, []))
        for what in ("passed", "failed", "error", "skipped")
    )
    terminalreporter.write_line(f"{passed} passed, {failed + errors} failed, {skipped} skipped")
