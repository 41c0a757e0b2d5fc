"""Bad messages on every topic: none stops a worker for good, none is lost, none holds others up."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest
from sqlalchemy import Table, func, select

from contracts.topics import TOPICS
from services.chassis.consumer import TooManyParkedError
from services.chassis.tables import parked, quarantined, waiting
from tests.journey.clockwork import Clockwork, open_clockwork
from tests.journey.directory import directory, program
from tests.journey.poison import Fate, Poison, of_topic
from tests.journey.town import ADMIN, OFFICER, partner, submission

FEW, MANY = 36, 1_000
TABLES: Final[dict[Fate, Table]] = {
    Fate.PARKED: parked,
    Fate.QUARANTINED: quarantined,
    Fate.WAITING: waiting,
}
HARBOUR: Final = partner("harbour")


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Clockwork]:
    """A suite with one program, whose log tells nothing of what is in a message."""
    with open_clockwork(tmp_path / "home") as opened:
        opened.call(ADMIN, "POST", "/v1/directory/imports", directory(program("harbour/beds")))
        opened.call(ADMIN, "PUT", "/v1/units/central", {"name": "Central", "training": False})
        opened.settle()
        yield opened
        assert "Canary" not in opened.errors.getvalue()


def served(works: Clockwork) -> None:
    """Somebody is referred, and housed."""
    answer = works.call(OFFICER, "POST", "/v1/referrals", submission(), Idempotency_Key="k")
    assert answer.status_code == 201, answer.text
    works.settle()
    (offer,) = works.get(HARBOUR, "/v1/offers?live=true")["items"]
    for step, said in (("accept", {}), ("complete", {"outcome": "sheltered"})):
        done = works.call(HARBOUR, "POST", f"/v1/offers/{offer['offer_id']}/{step}", said)
        assert done.status_code == 200, done.text
    works.settle()


def swallowed(works: Clockwork) -> int:
    """Go on until all was taken; returns how often a worker stopped for too many parked keys."""
    for stops in range(10_000):
        try:
            works.settle()
        except TooManyParkedError:
            works.pass_time(minutes=6)
        else:
            return stops
    raise AssertionError("the workers never come to rest")


def fates(works: Clockwork) -> dict[tuple[str, str, Fate], int]:
    """How many messages lie where, by consumer and topic."""
    found: dict[tuple[str, str, Fate], int] = {}
    for service in works.services:
        with service.database.transaction() as session:
            for fate, table in TABLES.items():
                place = (table.c.consumer, table.c.topic)
                for row in session.execute(select(*place, func.count()).group_by(*place)):
                    found[row[0], row[1], fate] = row[2]
    return found


def expected(poisons: list[Poison]) -> dict[tuple[str, str, Fate], int]:
    """The same, if every consumer puts each message where it belongs."""
    counted = Counter(
        (consumer.value, poison.message.topic, poison.fate)
        for poison in poisons
        for consumer in TOPICS[poison.message.topic].consumers
    )
    return dict(counted)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_every_bad_message_lies_where_a_human_finds_it_and_no_other_key_waits(
    works: Clockwork, count: int
) -> None:
    random = Random(count)  # noqa: S311 - the same bad messages each time, no secret
    poisons = [poison for topic in sorted(TOPICS) for poison in of_topic(topic, count, random)]
    random.shuffle(poisons)
    works.log.deliver([poison.message for poison in poisons])
    assert swallowed(works) > 0
    assert fates(works) == expected(poisons)
    works.pass_time(minutes=2)
    alarms = [alarm for service in works.services for alarm in service.alarms()]
    assert {alarm.split()[0] for alarm in alarms} == {"a", "parked", "quarantined"}
    served(works)
    assert fates(works) == expected(poisons)
