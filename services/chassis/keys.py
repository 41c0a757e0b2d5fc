"""A key per person, wrapped by a master key, in a store apart from the data it opens."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Engine, Index, LargeBinary, MetaData, String, Table, select

from contracts.problems import Problem, ProblemError
from services.chassis import key_file
from services.chassis.columns import UtcDateTime
from services.chassis.database import Database
from services.chassis.failpoints import Point, reached
from services.chassis.faults import reason_of
from services.chassis.key_file import KeyFile
from services.chassis.postgres import enter_as_writer

log = structlog.get_logger()

NONCE_BYTES: Final = 12
KEY_BYTES: Final = key_file.KEY_BYTES
# Between reading a row and opening it, its key may be wrapped anew and the old master retired.
_LOOKS: Final = 3
metadata = MetaData()

person_keys = Table(
    "person_keys",
    metadata,
    Column("person", String(64), primary_key=True),
    Column("master", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_person_keys_master", person_keys.c.master, person_keys.c.person)


def prepare(engine: Engine) -> None:
    """Make the table and its index where they are missing: for a store that is a file."""
    metadata.create_all(engine)
    for index in person_keys.indexes:
        index.create(engine, checkfirst=True)


class KeyDestroyedError(Exception):
    """The person's key is gone: nothing sealed with it can be read again."""


class MasterMissingError(ProblemError):
    """A person's key is wrapped by a master key that this process does not have."""

    def __init__(self, master: str) -> None:
        said = f"the keys here lack {master}: an administrator has to bring it (handoff keys list)"
        super().__init__(Problem.UNAVAILABLE, said)


class Wrapped(NamedTuple):
    """A sealed key, and the master key that opens it."""

    master: str
    sealed: bytes


class MasterKeys:
    """The master keys of a file: the current one wraps, all of them unwrap.

    The file is looked at before each use: a key that was added, put to use or retired counts at
    once, in every process. What cannot be read changes nothing.
    """

    def __init__(self, current: str, keys: dict[str, bytes], secret: bytes | None = None) -> None:
        self._content = KeyFile(current, keys, secret or keys[current])
        self._path: Path | None = None
        self._seen: tuple[int, int, int] | None = None

    @classmethod
    def read(cls, path: Path) -> "MasterKeys":
        """Follow a key file; raises OSError, or ValueError where it holds no usable key."""
        seen, content = _look(path), key_file.read(path)
        made = cls(content.current, dict(content.keys), content.secret)
        made._content, made._path, made._seen = content, path, seen
        return made

    @staticmethod
    def create_file(path: Path, name: str, now: datetime | None = None) -> None:
        """Write a new master key, readable by its owner alone."""
        key_file.create(path, key_file.new_file(name, now))

    @property
    def path(self) -> Path | None:
        """The file that is followed."""
        return self._path

    @property
    def content(self) -> KeyFile:
        """What stands in the file now."""
        if self._path is not None and _look(self._path) not in {None, self._seen}:
            self._take(self._path)
        return self._content

    @property
    def current(self) -> str:
        """The name of the master key that wraps."""
        return self.content.current

    def wrap(self, person: str, key: bytes) -> Wrapped:
        """The key sealed for this person under the current master key."""
        now = self.content
        return Wrapped(now.current, seal(now.keys[now.current], key, person))

    def unwrap(self, master: str, person: str, wrapped: bytes) -> bytes:
        """The key of this person; raises MasterMissingError where the master key is not here."""
        keys = self.content.keys
        if master not in keys:
            raise MasterMissingError(master)
        return unseal(keys[master], wrapped, person)

    def derive(self, purpose: str) -> bytes:
        """A key for one purpose, such as the idempotency MAC; no rotation changes it."""
        return hmac.digest(self._content.secret, purpose.encode(), hashlib.sha256)

    def _take(self, path: Path) -> None:
        """Read the file anew; of one that is harmed it is told once, and what was read holds."""
        self._seen = _look(path)
        try:
            self._content = key_file.read(path)
        except (OSError, ValueError) as error:
            log.warning("master_keys_not_read", reason=reason_of(error))


def _look(path: Path) -> tuple[int, int, int] | None:
    """What changes with the file; None where it cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


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
        with self._database.transaction() as session:
            # Before the master is chosen: who retires one waits for us, or we see what is left.
            enter_as_writer(session, person_keys)
            master, sealed = self._masters.wrap(person, key)
            row = {"person": person, "master": master, "wrapped": sealed, "created_at": now}
            session.execute(person_keys.insert().values(row))
        reached(Point.PERSON_KEY_KEPT)
        return key

    def read(self, person: str) -> bytes:
        """The key of a person; raises KeyDestroyedError, or MasterMissingError."""
        for _ in range(_LOOKS):
            found = self._find(person)
            with suppress(MasterMissingError):
                return self._masters.unwrap(found.master, person, found.sealed)
        raise MasterMissingError(found.master)

    def read_many(self, persons: Collection[str]) -> dict[str, bytes]:
        """The keys of several persons in one query; who has none is left out.

        So are, with one line in the log, those whose key cannot be unwrapped here.
        """
        query = select(person_keys.c.person).where(person_keys.c.person.in_(persons))
        columns = query.add_columns(person_keys.c.master, person_keys.c.wrapped)
        for _ in range(_LOOKS):
            with self._database.transaction() as session:
                rows = session.execute(columns).all()
            found = {who: self._unwrapped(who, name, key) for who, name, key in rows}
            if None not in found.values():
                break
        lost = sorted(who for who, key in found.items() if key is None)
        if lost:
            masters = sorted({name for who, name, _ in rows if who in lost})
            log.warning("person_keys_not_read", masters=masters, first=lost[0], persons=len(lost))
        return {who: key for who, key in found.items() if key is not None}

    def _unwrapped(self, person: str, master: str, wrapped: bytes) -> bytes | None:
        with suppress(MasterMissingError, ValueError):
            return self._masters.unwrap(master, person, wrapped)
        return None

    def destroy(self, person: str) -> bool:
        """Forget a person's key for ever; False where there was none."""
        with self._database.transaction() as session:
            gone = session.execute(person_keys.delete().where(person_keys.c.person == person))
        self._database.scrub()
        return bool(gone.rowcount)  # type: ignore[attr-defined]

    def _find(self, person: str) -> Wrapped:
        query = select(person_keys.c.master, person_keys.c.wrapped)
        with self._database.transaction() as session:
            row = session.execute(query.where(person_keys.c.person == person)).first()
        if row is None:
            raise KeyDestroyedError(person)
        return Wrapped(row.master, row.wrapped)
