"""The folder of an embedded suite: made on first start, locked while in use, keys apart."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.keys import MasterKeys
from services.chassis.platform import Platform
from services.chassis.settings import Settings
from services.chassis.tokens import Tokens, create_key_file, read_keys

MASTER: Final = "master.json"
SIGNING: Final = "token-signing.json"


class HomeError(Exception):
    """The folder cannot be used; the text says why and what to do."""


@dataclass(slots=True)
class Lock:
    """The right to use a data folder; held until the process ends or ``release``."""

    descriptor: int

    def release(self) -> None:
        """Let another process use the folder."""
        os.close(self.descriptor)


def prepare(settings: Settings) -> None:
    """Make the folders and, on the very first start, the keys.

    Raises HomeError where data stand there but their keys are gone: new keys would not open them.
    """
    keys = [settings.keys / MASTER, settings.keys / SIGNING]
    fresh = not any(settings.data.glob("*.sqlite"))
    missing = [path.name for path in keys if not path.exists()]
    if missing and not fresh:
        raise HomeError(
            f"{settings.data} holds data, but {settings.keys} lacks {', '.join(missing)}: "
            "restore the keys from their backup"
        )
    for folder in (settings.data, settings.keys):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not keys[0].exists():
        MasterKeys.create_file(keys[0], "master-1")
    if not keys[1].exists():
        create_key_file(keys[1], "signing-1")


def lock(settings: Settings) -> Lock:
    """Lock the data folder; raises HomeError where another suite has it."""
    descriptor = os.open(settings.data / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise HomeError(f"another suite is running on {settings.data}: stop it first") from None
    return Lock(descriptor)


def platform(settings: Settings) -> Platform:
    """Keys, tokens and clock of a prepared folder; raises HomeError where keys are not usable."""
    try:
        masters = MasterKeys.read(settings.keys / MASTER)
        tokens = Tokens(read_keys(_signing(settings)), settings.issuer, settings.audience)
    except (OSError, ValueError, KeyError) as error:
        raise HomeError(f"the keys in {settings.keys} cannot be used: {error}") from None
    return Platform(settings=settings, clock=settings.clock(), tokens=tokens, masters=masters)


def _signing(settings: Settings) -> Path:
    return settings.keys / SIGNING
