"""Tests that prove rules open no socket; tests that serve reach this machine and no other."""

import socket
from pathlib import Path

import pytest

from tests.conftest import HERE, pytest_collection_modifyitems


class Item:
    """As much of a collected test as the conftest looks at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marks: list[pytest.MarkDecorator] = []

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks.append(mark)


def hosts(folder: str) -> list[str]:
    """The hosts that a test of a folder may call."""
    item = Item(HERE / folder / "test_any.py")
    pytest_collection_modifyitems([item])  # type: ignore[list-item]
    return [host for mark in item.marks for host in mark.args[0]]


def test_a_test_that_proves_rules_opens_no_socket() -> None:
    with pytest.raises(UserWarning, match=r"tried to use socket\.socket"):
        socket.socket()


@pytest.mark.parametrize("folder", ["unit", "unit/matcher", "contract", "architecture"])
def test_closed_folders_reach_nobody(folder: str) -> None:
    assert hosts(folder) == []


@pytest.mark.parametrize("folder", ["integration", "journey"])
def test_other_folders_reach_this_machine_only(folder: str) -> None:
    assert hosts(folder) == ["127.0.0.1", "::1", "localhost"]
