"""A key per person, wrapped by a master key, in a store apart from the data it opens."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, select

from services.chassis.columns import UtcDateTime
from services.chassis.database import Database
from services.chassis.private_file import write_private

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
metadata = MetaData()

person_keys = Table(
    "person_keys",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("master", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)


class KeyDestroyedError(Exception):
    """The person's key is gone: nothing sealed with it can be read again."""


class MasterKeys:
    """The master keys of a file: the current one wraps, all of them unwrap."""

    def __init__(self, current: str, keys: dict[str, bytes]) -> None:
        self.current = current
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> "MasterKeys":
        """Read a key file; raises ValueError where it holds no usable key."""
        right = f"{path.name} needs a current key, and {KEY_BYTES} bytes in each, as base64"
        try:
            content = json.loads(path.read_text(encoding="ascii"))
            current, texts = str(content["current"]), content["keys"]
            keys = {name: base64.b64decode(text, validate=True) for name, text in texts.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(right) from None
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError(right)
        return cls(current, keys)

    @staticmethod
    def create_file(path: Path, name: str) -> None:
        """Write a new master key, readable by its owner alone."""
        key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
        write_private(path, json.dumps({"current": name, "keys": {name: key}}))

    def wrap(self, person: str, key: bytes) -> bytes:
        """The key sealed for this person under the current master key."""
        return seal(self._keys[self.current], key, person)

    def unwrap(self, master: str, person: str, wrapped: bytes) -> bytes:
        """The key of this person; raises KeyDestroyedError where the master key is gone."""
        if master not in self._keys:
            raise KeyDestroyedError(person)
        return unseal(self._keys[master], wrapped, person)

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, such as the idempotency MAC."""
        return hmac.digest(self._keys[self.current], purpose.encode(), hashlib.sha256)


def seal(key: bytes, plain: bytes, place: str) -> bytes:
    """AES-256-GCM with a random nonce; ``place`` is bound in, so a swap is refused."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The plain bytes; raises ValueError where bytes or place are not what was sealed."""
    nonce, hidden = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, hidden, place.encode())
    except (InvalidTag, ValueError):
        raise ValueError(f"what stands at {place} was not sealed there") from None


class PersonKeys:
    """The key store: create, read and destroy the key of a person; its table stands already."""

    def __init__(self, database: Database, masters: MasterKeys) -> None:
        self._database = database
        self._masters = masters

    def create(self, person: str, now: datetime) -> bytes:
        """A new key, durable before any data is sealed with it."""
        key = secrets.token_bytes(KEY_BYTES)
        row = {
            "person": person,
            "master": self._masters.current,
            "wrapped": self._masters.wrap(person, key),
            "created_at": now,
        }
        with self._database.transaction() as session:
            session.execute(person_keys.insert().values(row))
        return key

    def read(self, person: str) -> bytes:
        """The key of a person; raises KeyDestroyedError."""
        with self._database.transaction() as session:
            row = session.execute(select(person_keys).where(person_keys.c.person == person)).first()
        if row is None:
            raise KeyDestroyedError(person)
        return self._masters.unwrap(row.master, person, row.wrapped)

    def destroy(self, person: str) -> bool:
        """Forget a person's key for ever; False where there was none."""
        with self._database.transaction() as session:
            gone = session.execute(person_keys.delete().where(person_keys.c.person == person))
        self._database.scrub()
        return bool(gone.rowcount)  # type: ignore[attr-defined]
