"""The folder of a master's metrics: its own, and swept of what killed masters left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.chassis import metrics_folder
from services.chassis.metrics_folder import OWNER, PREFIX


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where masters make their folders."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def left(place: Path, name: str, owner: str | None) -> Path:
    """A folder with files in it that names its master so, or not at all."""
    folder = place / f"{PREFIX}{name}"
    folder.mkdir()
    (folder / "counter_1.db").touch()
    if owner is not None:
        (folder / OWNER).write_text(owner)
    return folder


def ended() -> str:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return str(process.pid)


def test_a_killed_masters_folder_goes_and_that_of_a_living_one_stays(place: Path) -> None:
    old, living = left(place, "old", ended()), left(place, "living", str(os.getpid()))
    made = metrics_folder.name()
    metrics_folder.make(made)
    assert made.parent == place
    assert set(place.iterdir()) == {made, living}
    assert not old.exists()
    assert made.stat().st_mode & 0o077 == 0
    assert (made / OWNER).read_text() == f"{os.getpid()}\n"


def test_what_is_no_masters_folder_hinders_no_start_and_is_left_alone(place: Path) -> None:
    strays = {left(place, "x", None), left(place, "y", "no number"), place / f"{PREFIX}file"}
    (place / f"{PREFIX}file").touch()
    elsewhere = place / "elsewhere"
    left(place, "gone", ended()).rename(elsewhere)
    link = place / f"{PREFIX}link"
    link.symlink_to(elsewhere)
    metrics_folder.make(metrics_folder.name())
    assert strays | {elsewhere, link} <= set(place.iterdir())
    assert (elsewhere / OWNER).exists()


def test_the_folder_of_another_user_is_let_be(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = left(place, "old", ended())
    monkeypatch.setattr("os.geteuid", lambda: old.stat().st_uid + 1)
    metrics_folder.make(metrics_folder.name())
    assert old.exists()


def test_no_two_names_are_the_same(place: Path) -> None:
    assert len({metrics_folder.name() for _ in range(100)}) == 100
    assert not list(place.iterdir())
