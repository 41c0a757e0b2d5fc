"""What the tests of the local servers share: looking at processes."""

from collections.abc import Callable

import psutil
import pytest

Running = Callable[[str], list[psutil.Process]]


@pytest.fixture
def running() -> Running:
    """The processes whose command line holds the words."""

    def found(words: str) -> list[psutil.Process]:
        commands = ((p, p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"]))
        return [p for p, command in commands if any(words in part for part in command)]

    return found
