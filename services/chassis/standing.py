"""How far a consumer is with each (topic, key) of a batch, and what that says of a message."""

from dataclasses import dataclass, field

from contracts.codec import Address
from contracts.topics import TOPICS

Place = tuple[str, str]


@dataclass(slots=True)
class Standing:
    """How far each (topic, key) of a batch is, locked for this transaction."""

    last: dict[Place, int]
    parked: dict[Place, int]
    waiting: set[Place]
    moved: set[Place] = field(default_factory=set)


def is_done(standing: Standing, place: Address) -> bool:
    """Whether a message was handled before, or its key is parked with it or a newer one."""
    here = (place.topic, place.key)
    return place.seq <= max(standing.last[here], standing.parked.get(here, 0))


def is_in_turn(standing: Standing, place: Address) -> bool:
    """Compacted topics have no gap rule: the newest wins, even over a parked one."""
    here = (place.topic, place.key)
    if TOPICS[place.topic].compacted:
        return True
    return place.seq == standing.last[here] + 1 and here not in standing.parked
