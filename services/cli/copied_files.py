"""Copying SQLite files and plain files, out of a suite into a backup and back."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from services.chassis.database import sqlite_module
from services.chassis.key_file import LOCK
from services.chassis.settings import Settings
from services.cli import access, home
from services.cli.home import HomeError
from services.cli.screen import Meter

MAIL: Final = "mail"
# What a start makes anew, or what is copied as a database.
_NOT_KEPT: Final = frozenset({access.FILE, LOCK})
_PAGES: Final = 4096


def key_files(found: Settings) -> dict[str, bytes]:
    """What stands in the files of the keys folder, but for the store of the persons' keys."""
    return {
        path.name: path.read_bytes()
        for path in sorted(found.keys.iterdir())
        if path.is_file()
        and not path.name.startswith((".", home.STORE))
        and path.name not in _NOT_KEPT
    }


def plain_files(found: Settings) -> list[Path]:
    """What stands beside the databases as of now: the settable clock, and the letters."""
    clock = [found.clock_file] if found.clock_file.exists() else []
    return clock + sorted((found.home / MAIL).glob("*.eml"))


def write_all(folder: Path, contents: Mapping[str, bytes]) -> None:
    """New files, for their owner alone, durable."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in contents.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def copy_all(paths: Iterable[Path], base: Path, target: Path) -> None:
    """Copy files that stand somewhere in a folder to the same places in another."""
    for path in paths:
        place = target / path.relative_to(base)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        place.chmod(0o600)
        _sync(place)


def copy_database(view: Any, target: Path, shown: Meter) -> None:
    """Copy what a connection to a SQLite file shows into a new file, and look it over."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    made = sqlite_module().connect(str(target), isolation_level=None)

    def progress(_: int, left: int, total: int) -> None:
        shown.show(total - left, total, target.name)

    try:
        view.backup(made, pages=_PAGES, progress=progress)
        made.execute("PRAGMA journal_mode=DELETE")  # one file, and nothing beside it
        ((said,),) = made.execute("PRAGMA quick_check(1)").fetchall()
    finally:
        made.close()
    if said != "ok":
        raise HomeError(f"what was copied to {target} is damaged ({said}): see handoff doctor")
    _sync(target)


def schema_of(view: Any) -> str:
    """The schema version that a connection to a service's SQLite file shows."""
    ((version,),) = view.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(version)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
