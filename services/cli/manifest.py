"""What a backup says of itself: when, of what, by which version, and the digest of each file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from services.chassis import migrations
from services.chassis.private_file import sync_folder, write_private
from services.cli.home import HomeError, told

FILE: Final = "manifest.json"
FORMAT: Final = 1
_CHUNK: Final = 1 << 20


class Kind(StrEnum):
    """The two parts of a backup, which are kept in different places."""

    DATA = "data"
    KEYS = "keys"


class Column(StrEnum):
    """The two ways to run a suite: what one has kept, the other does not take."""

    EMBEDDED = "embedded"
    SERVERS = "servers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``files`` has the SHA-256 of each file, ``schemas`` the schema version of each database."""

    kind: Kind
    column: Column
    taken_at: datetime
    handoff: str
    schemas: Mapping[str, str]
    files: Mapping[str, str]


def seal(folder: Path, made: Manifest) -> None:
    """Write the manifest, the last file of a backup: a folder without one is no backup."""
    content = asdict(made) | {"format": FORMAT, "taken_at": made.taken_at.isoformat()}
    for place in {folder, *(path.parent for path in folder.rglob("*"))}:
        sync_folder(place)
    write_private(folder / FILE, json.dumps(content, indent=1))


def read(folder: Path, kind: Kind) -> Manifest:
    """The manifest of a backup; raises HomeError where it is none, or of another kind or format."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="ascii"))
        if content.pop("format") != FORMAT:
            raise HomeError(f"{folder} was written by another version of Handoff: install that one")
        taken_at = datetime.fromisoformat(content.pop("taken_at"))
        of, column = Kind(content.pop("kind")), Column(content.pop("column"))
        found = Manifest(kind=of, column=column, taken_at=taken_at, **content)
    except FileNotFoundError:
        raise HomeError(f"{folder} holds no backup, or one that was not finished") from None
    except OSError as error:
        raise HomeError(f"{error.filename}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise HomeError(f"{folder / FILE} is not as it was written: take another backup") from None
    if found.kind is not kind:
        raise HomeError(f"{folder} holds {found.kind}, not {kind}: are the two folders swapped?")
    return found


def verify(folder: Path, made: Manifest) -> None:
    """Raise HomeError where a file is missing, was changed, or is one too many; or is too new."""
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {FILE}
    wrong = sorted(there ^ made.files.keys())
    if wrong:
        raise HomeError(f"{folder} is not as it was written: {wrong[0]} is missing or too many")
    for name, written in made.files.items():
        with told(folder / name):
            if digest(folder / name) != written:
                raise HomeError(f"{folder / name} was changed after the backup: take another one")
    for store, schema in made.schemas.items():
        if schema not in migrations.known(store):
            raise HomeError(f"{folder} has {store} at schema {schema}: install a newer Handoff")


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in a folder, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): digest(path) for path in files}


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
