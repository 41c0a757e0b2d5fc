"""Bad messages for every topic: what is wrong with each, and where it must end."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import cycle
from random import Random
from typing import Final
from uuid import UUID

from contracts import evolution
from contracts.codec import MAX_BYTES, Message
from contracts.topics import TOPICS
from services.cli import contracts

EXAMPLES: Final = contracts.FOLDER / contracts.EXAMPLES
# Small on the wire, forty megabytes where somebody unpacks it.
BOMB: Final = gzip.compress(bytes(40_000_000))
DEEP: Final = 10_000


class Fate(StrEnum):
    """Where a bad message may lie."""

    PARKED = "parked"
    QUARANTINED = "quarantined"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Poison:
    """A bad message, what is wrong with it, and where every consumer must put it."""

    wrong: str
    message: Message
    fate: Fate


Spoil = Callable[[Message, Random], Message]


def _valued(value: bytes) -> Spoil:
    return lambda message, _: replace(message, value=value)


def _headed(**headers: bytes | None) -> Spoil:
    def spoil(message: Message, _: Random) -> Message:
        changed = {**message.headers, **headers}
        left = {name: value for name, value in changed.items() if value is not None}
        return replace(message, headers=left)

    return spoil


def _cut(message: Message, random: Random) -> Message:
    return replace(message, value=message.value[: random.randrange(len(message.value) - 1)])


def _scrambled(message: Message, random: Random) -> Message:
    value = bytearray(message.value)
    value[random.randrange(len(value))] = 0xFF  # stands in no UTF-8
    return replace(message, value=bytes(value))


def _filled(message: Message, _: Random) -> Message:
    content = json.loads(message.value)
    return replace(message, value=json.dumps({name: ["Jane Canary"] for name in content}).encode())


PARKED: Final[dict[str, Spoil]] = {
    "cut short": _cut,
    "bad UTF-8": _scrambled,
    "nothing in it": _valued(b""),
    "a tombstone's null": _valued(b"null"),
    "a list": _valued(b"[]"),
    "nested deep": _valued(b"[" * DEEP),
    "a compressed bomb": _valued(BOMB),
    "of another schema": _filled,
    "of no id": _headed(ce_id=None),
    "of an id that is none": _headed(ce_id=b"seven"),
    "of no time": _headed(ce_time=b"yesterday"),
    "of an unknown version": _headed(ce_type=b"handoff.offer.made.v99"),
}
QUARANTINED: Final[dict[str, Spoil]] = {
    "of no type": _headed(ce_type=None),
    "of no number": _headed(ce_sequence=b"-1"),
    "of a number beyond all": _headed(ce_sequence=b"9" * 40),
    "too large": _valued(b" " * (MAX_BYTES + 1)),
}
WAITING: Final[dict[str, Spoil]] = {
    "ahead of its turn": _headed(ce_sequence=b"7"),
    "ahead and cut short": lambda message, random: _cut(
        _headed(ce_sequence=b"9")(message, random), random
    ),
}
KINDS: Final = (
    *((Fate.PARKED, wrong, spoil) for wrong, spoil in PARKED.items()),
    *((Fate.QUARANTINED, wrong, spoil) for wrong, spoil in QUARANTINED.items()),
    *((Fate.WAITING, wrong, spoil) for wrong, spoil in WAITING.items()),
)


def of_topic(topic: str, count: int, random: Random) -> Iterator[Poison]:
    """So many bad messages, each under a key of its own, every kind in its turn.

    A compacted topic knows no gap: what is ahead of its turn there is the newest, and right.
    """
    good = cycle(_good(topic))
    kinds = cycle(k for k in KINDS if not (TOPICS[topic].compacted and k[0] is Fate.WAITING))
    for (fate, wrong, spoil), message, _ in zip(kinds, good, range(count), strict=False):
        key = str(UUID(int=random.getrandbits(128), version=4))
        first = _headed(ce_sequence=b"1")(replace(message, key=key), random)
        yield Poison(wrong, spoil(first, random), fate)


def _good(topic: str) -> list[Message]:
    """The golden messages of a topic."""
    found = [
        evolution.message_of(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(EXAMPLES.glob("*/*.json"))
    ]
    return [message for message in found if message.topic == topic] or [
        replace(message, topic=topic)
        for message in found
        if message.headers["ce_type"].decode() in TOPICS[topic].events
    ]
