"""The file of an exported head: a line for each chain, and at its end what is signed over them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO, Final

import orjson
from joserfc.jwk import KeySet

from services.chassis import signed_head
from services.chassis.chains import BATCH, Head
from services.chassis.merkle import MerkleTree
from services.chassis.signed_head import HeadError, Statement
from services.cli.audit_source import Source
from services.cli.screen import Meter

SIGNED: Final = "signed"


@dataclass(slots=True)
class _Writing:
    """Lines as they go into the file, into the tree and into the counts."""

    file: BinaryIO
    tree: MerkleTree
    services: dict[str, int]

    def add(self, service: str, head: Head) -> None:
        line = signed_head.leaf(service, head)
        self.file.write(line + b"\n")
        self.tree.add(line)
        self.services[service] += 1


def write(path: Path, found: Source, now: datetime, keys: KeySet, shown: Meter) -> Statement:
    """Write the heads of every chain, signed; raises HeadError, for one, where the file exists."""
    if path.exists():
        raise HeadError(f"{path} exists, and a head is never written over: give another name")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            statement = _fill(file, found, now, keys, shown)
        os.link(draft, path)  # unlike a rename, a link never replaces what stands there
    except OSError as error:
        raise HeadError(f"{path}: {error.strerror}") from None
    finally:
        with suppress(OSError):
            draft.unlink()
    return statement


def check(path: Path, keys: KeySet) -> Statement:
    """What the file states, once its signature and every line stand; raises HeadError."""
    tree, signed = _added_up(path)
    try:
        statement = signed_head.read(signed, keys)
    except HeadError as error:
        raise HeadError(f"{path}: {error}") from None
    if (statement.root, statement.heads) != (tree.root(), tree.leaves):
        raise HeadError(f"{path}: its lines are not those that were signed")
    return statement


def _added_up(path: Path) -> tuple[MerkleTree, str]:
    """The tree over the lines of a file, and what is signed at its end."""
    tree, signed = MerkleTree(), None
    for line in _lines(path):
        if signed is not None:
            raise HeadError(f"{path}: something follows on its signature")
        signed = _signature(line)
        if signed is None:
            tree.add(line)
    if signed is None:
        raise HeadError(f"{path}: no signature at its end: it is no exported head, or was cut off")
    return tree, signed


def batches(path: Path) -> Iterator[tuple[str, list[Head]]]:
    """The heads of a file that was checked, by service, some at a time."""
    found = (signed_head.head_of(line) for line in _lines(path) if _signature(line) is None)
    for service, group in groupby(found, key=lambda pair: pair[0]):
        heads = (head for _, head in group)
        while batch := list(islice(heads, BATCH)):
            yield service, batch


def _fill(file: BinaryIO, found: Source, now: datetime, keys: KeySet, shown: Meter) -> Statement:
    sizes = found.size()
    total = sum(size.chains for size in sizes.values())
    writing = _Writing(file, MerkleTree(), dict.fromkeys(sizes, 0))
    for service in sorted(sizes):
        for head in all_heads(found, service):
            writing.add(service, head)
            shown.show(min(writing.tree.leaves, total), total, service)
    tree = writing.tree
    statement = Statement(now, tree.root(), tree.leaves, writing.services)
    file.write(orjson.dumps({SIGNED: signed_head.sign(statement, keys)}) + b"\n")
    file.flush()
    os.fsync(file.fileno())
    return statement


def all_heads(found: Source, service: str) -> Iterator[Head]:
    """Every head of a service; one that begins meanwhile may come or not."""
    after: Head | None = None
    while True:
        page, _ = found.heads(service, after)
        yield from page
        if not page:
            return
        after = page[-1]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                yield line.rstrip(b"\n")
    except OSError as error:
        raise HeadError(f"{path}: {error.strerror}") from None


def _signature(line: bytes) -> str | None:
    """The signed statement, where the line is no head of a chain."""
    if not line.startswith(b"{"):
        return None
    with suppress(ValueError, KeyError, TypeError):
        return str(orjson.loads(line)[SIGNED])
    return ""
