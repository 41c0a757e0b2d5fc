"""The second copies of the master keys: made, and remembered by fingerprint, date and place."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from services.chassis import key_file
from services.chassis.key_file import KeyFile
from services.chassis.platform import MASTER
from services.chassis.private_file import replace_private, sync_folder, write_private
from services.chassis.settings import Settings
from services.cli.home import HomeError, told

FILE: Final = "copies.json"


@dataclass(frozen=True, slots=True)
class Copy:
    """When a master key was last copied, and where to."""

    at: str
    place: str


def export(found: Settings, path: Path, now: datetime) -> KeyFile:
    """Write a second copy of the master keys, for its owner alone, and remember it.

    Raises HomeError for a file that is there already or stands beside the first copy.
    """
    path = path.resolve()
    with told(found.keys):
        content = key_file.read(found.keys / MASTER)
    if found.keys in path.parents or found.home in path.parents:
        raise HomeError(f"{path} is beside the keys that it copies: choose another place or medium")
    with told(path):
        try:
            write_private(path, content.text())
        except FileExistsError:
            raise HomeError(f"{path} is there already: choose another name") from None
    if key_file.read(path) != content:
        raise HomeError(f"{path} does not hold what was written: choose another medium")
    remember(found, content, path, now)
    return content


def remember(found: Settings, content: KeyFile, place: Path, now: datetime) -> None:
    """Note that these master keys have a second copy there."""
    copy = {"at": now.isoformat(timespec="seconds"), "place": str(place)}
    kept = {each: {"at": of.at, "place": of.place} for each, of in known(found).items()}
    made = {key_file.fingerprint(key): copy for key in content.keys.values()}
    with told(found.keys):
        replace_private(found.keys / FILE, json.dumps(kept | made, indent=1))
        sync_folder(found.keys)


def known(found: Settings) -> dict[str, Copy]:
    """The second copies by fingerprint; none where the record is gone or cannot be read."""
    try:
        content = json.loads((found.keys / FILE).read_text(encoding="utf-8"))
        return {name: Copy(str(of["at"]), str(of["place"])) for name, of in content.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def without_copy(found: Settings) -> list[str]:
    """The master keys that have no second copy; raises OSError or ValueError without key file."""
    content, have = key_file.read(found.keys / MASTER), known(found)
    return [name for name, key in content.keys.items() if key_file.fingerprint(key) not in have]
