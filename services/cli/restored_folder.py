"""Restoring what stands in folders: the embedded suite, and the keys, clock and letters of any."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.database import Database
from services.chassis.keys import MasterKeys, PersonKeys
from services.chassis.platform import MASTER
from services.chassis.private_file import sync_folder
from services.chassis.settings import Settings
from services.cli import copied_files, home
from services.cli.backup import HOME_IN, KEYS_IN, STORES_IN
from services.cli.home import HomeError
from services.cli.screen import Meter

DRAFT: Final = ".restoring"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The two parts of a backup, and the persons whose keys are to be destroyed again."""

    data: Path
    keys: Path
    erased: list[str]


def embedded(found: Settings, parts: Parts, shown: Meter) -> None:
    """Restore into folders that hold nothing; what was cut short is begun again.

    The data come to stand last, so that no start takes half a suite for a whole one.
    """
    refuse_anything([found.data, found.keys, found.clock_file, found.home / copied_files.MAIL])
    data, keys = draft_of(found.data), draft_of(found.keys)
    files = sorted((parts.data / STORES_IN).iterdir())
    for number, path in enumerate(files, 1):
        copied_files.copy_all([path], path.parent, data)
        shown.show(number, len(files), path.name)
    copied_files.copy_all([parts.keys / STORES_IN / home.STORE], parts.keys / STORES_IN, keys)
    _copy_keys(parts, keys)
    destroy_again(Database(f"sqlite:///{keys / home.STORE}"), keys, parts.erased)
    keys.rename(found.keys)
    plain_files(found, parts)
    data.rename(found.data)
    sync_folder(found.home)


def destroy_again(store: Database, keys: Path, erased: Iterable[str]) -> None:
    """Destroy the keys of persons who were erased after the backup; closes the store."""
    try:
        persons = PersonKeys(store, MasterKeys.read(keys / MASTER))
        for person in erased:
            persons.destroy(person)
    finally:
        store.close()


def plain_files(found: Settings, parts: Parts) -> None:
    """Put back the settable clock and the letters."""
    kept = parts.data / HOME_IN
    copied_files.copy_all((p for p in kept.rglob("*") if p.is_file()), kept, found.home)


def key_files(found: Settings, parts: Parts) -> None:
    """Put back the key files; what stands there already must be the same."""
    if found.keys.exists():
        refuse_other_keys(found, parts)
        return
    draft = draft_of(found.keys)
    _copy_keys(parts, draft)
    draft.rename(found.keys)
    sync_folder(found.keys.parent)


def refuse_other_keys(found: Settings, parts: Parts) -> None:
    """Raise HomeError where the keys folder lacks a key file of the backup, or has another one."""
    for path in sorted((parts.keys / KEYS_IN).iterdir() if found.keys.exists() else []):
        own = found.keys / path.name
        if path.name == MASTER and not (own.exists() and own.read_bytes() == path.read_bytes()):
            raise HomeError(f"{own} is not the one of the backup: move {found.keys} away first")


def refuse_anything(places: Iterable[Path]) -> None:
    """Raise HomeError for a file, or a folder with anything in it, that stands in the way."""
    for place in places:
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise HomeError(f"{place} is there already: move it away first, nothing is overwritten")
        if place.is_dir():
            place.rmdir()


def draft_of(place: Path) -> Path:
    """A new folder beside a place, that is to be renamed to it; one left over is removed."""
    draft = place.with_name(f"{place.name}{DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    return draft


def _copy_keys(parts: Parts, keys: Path) -> None:
    kept = parts.keys / KEYS_IN
    copied_files.copy_all(sorted(kept.iterdir()), kept, keys)
