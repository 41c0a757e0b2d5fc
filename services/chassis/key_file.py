"""The file of the master keys: what stands in it, and how it is changed while others read it."""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from services.chassis.private_file import replace_private, write_private

KEY_BYTES: Final = 32
LOCK: Final = ".master.lock"


class MasterKeyError(Exception):
    """A change that the key file does not allow; the text says why."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The current master key wraps, every one unwraps; ``secret`` stays, whatever is rotated.

    ``created`` tells when each key was made, where that is known.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    secret: bytes = field(repr=False)
    created: Mapping[str, datetime] = field(default_factory=dict)

    def with_master(self, name: str, now: datetime) -> "KeyFile":
        """One more master key, which unwraps; ``using`` lets it wrap."""
        keys = {**self.keys, name: secrets.token_bytes(KEY_BYTES)}
        return replace(self, keys=keys, created={**self.created, name: now})

    def using(self, name: str) -> "KeyFile":
        """The same keys, this one the current; raises MasterKeyError where it is not there."""
        self._refuse_unknown(name)
        return replace(self, current=name)

    def without(self, name: str) -> "KeyFile":
        """All but this one; raises MasterKeyError for the current one, or one that is not there."""
        self._refuse_unknown(name)
        if name == self.current:
            raise MasterKeyError(f"{name} is the current master key: put another to use first")
        keys = {each: key for each, key in self.keys.items() if each != name}
        created = {each: at for each, at in self.created.items() if each != name}
        return replace(self, keys=keys, created=created)

    def newest(self) -> str:
        """The master key that was added last."""
        return list(self.keys)[-1]

    def text(self) -> str:
        """The content of the file."""
        content = {
            "current": self.current,
            "keys": {name: base64.b64encode(key).decode() for name, key in self.keys.items()},
            "secret": base64.b64encode(self.secret).decode(),
            "created": {name: at.isoformat() for name, at in self.created.items()},
        }
        return json.dumps(content, indent=1)

    def _refuse_unknown(self, name: str) -> None:
        if name not in self.keys:
            raise MasterKeyError(f"there is no master key {name}: there are {', '.join(self.keys)}")


def new_file(name: str, now: datetime | None = None) -> KeyFile:
    """A key file with its first master key."""
    keys = {name: secrets.token_bytes(KEY_BYTES)}
    created = {} if now is None else {name: now}
    return KeyFile(name, keys, secrets.token_bytes(KEY_BYTES), created)


def new_name(now: datetime) -> str:
    """A name for a master key that no other ever had, in the order of the days."""
    return f"master-{now.astimezone(UTC):%Y%m%d}-{secrets.token_hex(3)}"


def parse(text: str, name: str) -> KeyFile:
    """What stands in a key file of this name; raises ValueError where it holds no usable key."""
    right = f"{name} needs a current key, and {KEY_BYTES} bytes in each, as base64"
    try:
        content = json.loads(text)
        current = str(content["current"])
        keys = {each: _bytes(key) for each, key in content["keys"].items()}
        created = {n: datetime.fromisoformat(at) for n, at in content.get("created", {}).items()}
        secret = _secret(content, keys)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        raise ValueError(right) from None
    if current not in keys or any(len(key) != KEY_BYTES for key in (*keys.values(), secret)):
        raise ValueError(right)
    return KeyFile(current, keys, secret, created)


def read(path: Path) -> KeyFile:
    """Read a key file; raises OSError, or ValueError where it holds no usable key."""
    return parse(path.read_text(encoding="ascii"), path.name)


def create(path: Path, content: KeyFile) -> None:
    """Write a new key file, readable by its owner alone; raises FileExistsError."""
    write_private(path, content.text())


def change(path: Path, step: Callable[[KeyFile], KeyFile]) -> KeyFile:
    """Replace the file by what the step makes of it; whoever reads sees the one or the other.

    Two changes at once wait for each other. Raises OSError, ValueError, or what the step raises.
    """
    with _alone(path):
        changed = step(read(path))
        replace_private(path, changed.text())
    return changed


def fingerprint(key: bytes) -> str:
    """What tells a master key from others, and gives nothing of it away."""
    return hmac.digest(key, b"handoff master key fingerprint", hashlib.sha256)[:8].hex()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_name(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _secret(content: Mapping[str, Any], keys: Mapping[str, bytes]) -> bytes:
    """Files from before there was a secret get one of their first key; a change writes it down."""
    if "secret" in content:
        return _bytes(content["secret"])
    return hmac.digest(next(iter(keys.values())), b"handoff secret", hashlib.sha256)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
