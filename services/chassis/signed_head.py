"""The signed head: one root over the heads of every chain, signed with a key of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.chassis.chains import Head
from services.chassis.tokens import ALGORITHMS, create_key_file

# The file of the keys folder; what signs tokens must not vouch for the audit.
AUDIT_SIGNING: Final = "audit-signing.json"
# Said in the signed header, so that nothing else that was ever signed passes for a head.
KIND: Final = "handoff-audit-head"
_REFUSED: Final = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


class HeadError(ValueError):
    """A head cannot be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed: when, the root over all heads, and how many of each service there are."""

    made_at: datetime
    root: str
    heads: int
    services: Mapping[str, int]


def leaf(service: str, head: Head) -> bytes:
    """A head as one line of the file, which is also one leaf of the tree; no line end in it."""
    return orjson.dumps([service, head.topic, head.key, head.seq, head.hash])


def head_of(line: bytes) -> tuple[str, Head]:
    """The service and head of a line; raises HeadError."""
    try:
        service, topic, key, seq, digest = orjson.loads(line)
    except (ValueError, TypeError):
        raise HeadError("a line of the head is no head of a chain") from None
    return str(service), Head(str(topic), str(key), int(seq), str(digest))


def sign(statement: Statement, keys: KeySet) -> str:
    """The statement signed with the first key (JWS, compact)."""
    key = keys.keys[0]
    content = {
        "made_at": statement.made_at.isoformat(),
        "root": statement.root,
        "heads": statement.heads,
        "services": dict(statement.services),
    }
    header = {"alg": ALGORITHMS[0], "kid": key.kid, "typ": KIND}
    return jws.serialize_compact(header, orjson.dumps(content), key, ALGORITHMS)


def read(signed: str, keys: KeySet) -> Statement:
    """What was signed; raises HeadError where none of the keys signed it, or as something else."""
    try:
        found = jws.deserialize_compact(signed, keys, ALGORITHMS)
        content: dict[str, Any] = orjson.loads(found.payload)
        kind = found.headers().get("typ")
        statement = Statement(
            made_at=datetime.fromisoformat(content["made_at"]),
            root=str(content["root"]),
            heads=int(content["heads"]),
            services={str(name): int(count) for name, count in content["services"].items()},
        )
    except _REFUSED:
        raise HeadError("the signature is not one of this suite's audit key") from None
    if kind != KIND:
        raise HeadError("what is signed there is no head")
    return statement


def make_key(folder: Path) -> bool:
    """Make the key that signs heads where the folder has none; whether it was made just now."""
    if (folder / AUDIT_SIGNING).exists():
        return False
    create_key_file(folder / AUDIT_SIGNING, "audit-1")
    return True
