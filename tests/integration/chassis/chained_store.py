"""A store with chains of both kinds, and what verifying finds in it."""

from datetime import timedelta
from typing import Any

from contracts.vocabulary import Role
from services.chassis import audit, chains, outbox
from services.chassis.actor import Actor
from services.chassis.chains import Chains, Head, Place
from services.chassis.database import Database
from services.chassis.tables import audit as entries
from services.chassis.tables import history, stream_heads
from tests.ports.samples import NOON, TALLIES, tally

PARTNER = Actor(subject="pat", role=Role.PARTNER, agency_id="agency-a")
ONE, TWO = "referral:1", "referral:2"


def write(store: Database, subject: str = ONE, count: int = 1) -> None:
    with store.transaction() as session:
        for number in range(count):
            at = NOON + timedelta(minutes=number)
            audit.record(session, subject, at, PARTNER, "person.read", fields=["name"])


def publish(store: Database, unit: str = "unit-a", count: int = 1) -> None:
    with store.transaction() as session:
        outbox.publish(session, TALLIES, unit, [tally(unit)] * count, NOON)


def fill(store: Database) -> None:
    for subject in (ONE, TWO):
        write(store, subject, 4)
    for unit in ("unit-a", "unit-b"):
        publish(store, unit, 4)


def heads(store: Database, limit: int = 3) -> list[Head]:
    """Every head of the store, page after page."""
    found: list[Head] = []
    while True:
        after = (found[-1].topic, found[-1].key) if found else None
        with store.transaction() as session:
            page = chains.heads(session, after, limit)
        if not page:
            return found
        found += page


def walked(store: Database, limit: int) -> tuple[int, list[str]]:
    """How many links there are, and what is wrong with them."""
    links, faults = 0, list[str]()
    for of in Chains:
        place: Place | None = None
        while True:
            with store.transaction() as session:
                stretch = chains.walk(session, of, place, limit)
            links, faults = links + stretch.links, faults + stretch.faults
            place = stretch.next
            if place is None:
                break
    return links, faults


def faults(store: Database, exported: list[Head] | None = None, limit: int = 1_000) -> list[str]:
    """Everything that is found wrong, with a head or without."""
    found, page = walked(store, limit)[1], heads(store)
    with store.transaction() as session:
        found += chains.emptied(session, page)
        return found + (chains.hold(session, exported) if exported else [])


def change(store: Database, *statements: Any) -> None:
    with store.transaction() as session:
        for statement in statements:
            session.execute(statement)


def entry(number: int, subject: str = ONE) -> Any:
    return (entries.c.subject == subject) & (entries.c.number == number)


def event(seq: int, unit: str = "unit-a") -> Any:
    return (history.c.key == unit) & (history.c.seq == seq)


def head(key: str) -> Any:
    return stream_heads.c.key == key
