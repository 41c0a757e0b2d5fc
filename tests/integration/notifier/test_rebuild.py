"""Random histories, told live in any interleaving with duplicates, or rebuilt: the same rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contracts.vocabulary import HandoffKind, Origin, Outcome, Reason, Sector, Side
from services.chassis import tables
from services.chassis.database import Database
from services.chassis.event_log import Record
from services.notifier.handlers import outcomes
from services.notifier.tables import Model
from services.notifier.usecases.rebuild import rebuild
from tests.integration.notifier.story import FACTS, START, Story, said_no

FIGURES: Final = ("progress", "rollup_counts", "rollup_times")
Step = Callable[[Story], Any]

HANDOFFS: Final[tuple[Step, ...]] = (
    lambda story: story.handed_over(HandoffKind.COLD),
    lambda story: story.handed_over(HandoffKind.IN_PERSON, called_at=story.now),
    lambda story: story.handed_over(
        HandoffKind.IN_PERSON,
        called_at=story.now - timedelta(minutes=25),
        arrived_at=story.now,
    ),
    lambda story: story.handed_over(),
)
LIVE: Final[tuple[Step, ...]] = (
    lambda story: story.accepted(),
    lambda story: story.declined(Reason.NO_CAPACITY),
    lambda story: story.declined(Reason.NOT_ELIGIBLE),
    lambda story: story.lapsed(),
    lambda story: story.rescinded(),
)
HELD: Final[tuple[Step, ...]] = (
    lambda story: story.contacted(),
    lambda story: story.engaged(),
    lambda story: story.completed(Outcome.HOUSED),
    lambda story: story.completed(Outcome.NOT_SERVED),
    lambda story: story.given_back(),
    lambda story: story.given_back(Side.PERSON),
    lambda story: story.revoked(),
)
OPEN: Final[tuple[Step, ...]] = (
    lambda story: story.offered("harbour"),
    lambda story: story.offered("elsewhere"),
    lambda story: story.waitlisted(),
    lambda story: story.unplaced(),
    lambda story: story.review(),
    lambda story: story.corrected(sector=Sector.YOUTH, age=15, language=None),
    lambda story: story.corrected(training=True),
    lambda story: story.corrected(training=False, language="en"),
    lambda story: story.withdrawn(),
)


def possible(story: Story) -> Sequence[Step]:
    """What can happen next."""
    if story.snapshot.state in {"closed", "withdrawn"}:
        return (*(lambda story: story,) * 8, lambda story: story.in_error())
    if story.snapshot.state == "entered_in_error":
        return ()
    if story.snapshot.holder:
        return (*HELD, *HANDOFFS[1:3])
    # Weighted, so that histories get somewhere: offers are made, and answered.
    return (*LIVE, *LIVE, *OPEN) if story.live else (*OPEN[:2] * 4, *OPEN, *HANDOFFS)


def streams_of(seed: int) -> list[list[Record]]:
    """The records of one to four referrals and of a unit's tallies, each in its order."""
    dice = Random(seed)  # noqa: S311 - no secret
    streams = [walked(dice, f"{seed}/{number}") for number in range(dice.randint(1, 4))]
    return [*streams, [said_no(seq) for seq in range(1, dice.randint(1, 3))]]


def walked(dice: Random, name: str) -> list[Record]:
    """One referral's records: whatever can happen, happens at some time."""
    story = Story(name, replace(FACTS, origin=dice.choice(list(Origin)))).submitted()
    for _ in range(dice.randint(0, 10)):
        steps = possible(story.wait(minutes=dice.randint(0, 50_000)))
        if steps:
            dice.choice(steps)(story)
    return story.records


def one_after_the_other(streams: list[list[Record]]) -> list[Record]:
    return [record for stream in streams for record in stream]


def in_turns(streams: list[list[Record]]) -> list[Record]:
    return [r for turn in zip_longest(*reversed(streams)) for r in turn if r is not None]


def with_duplicates(records: list[Record], seed: int) -> list[Record]:
    """Some records again, later: as a producer that retries would send them."""
    dice, sent = Random(seed), list[Record]()  # noqa: S311 - no secret
    for number, record in enumerate(records):
        sent.append(record)
        sent += dice.sample(records[: number + 1], dice.randint(0, min(2, number)))
    return sent


@contextmanager
def projector() -> Iterator["Projector"]:
    database = Database("sqlite://")
    tables.metadata.create_all(database.engine)
    Model.metadata.create_all(database.engine)
    yield Projector(database)
    database.close()


class Projector:
    """The inbox of outcomes on a database in memory."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, records: list[Record], batch: int) -> None:
        for start in range(0, len(records), batch):
            with self.database.transaction() as session:
                outcomes.inbox().take(session, records[start : start + batch], START)

    def rows(self) -> list[list[tuple[Any, ...]]]:
        with self.database.transaction() as session:
            found = [session.execute(select(Model.metadata.tables[name])) for name in FIGURES]
            return [sorted((tuple(row) for row in rows), key=repr) for rows in found]


@settings(max_examples=15, deadline=None)
@given(st.integers(0), st.integers(1, 7))
def test_live_in_any_order_with_duplicates_and_rebuilt_are_identical(seed: int, batch: int) -> None:
    streams = streams_of(seed)
    with projector() as live, projector() as shuffled:
        live.take(one_after_the_other(streams), batch=100)
        shuffled.take(with_duplicates(in_turns(streams), seed), batch)
        figures = live.rows()
        assert shuffled.rows() == figures
        with live.database.transaction() as session:
            rebuild(session)
        assert live.rows() == [[], [], []]
        live.take(in_turns(streams), batch)
        assert live.rows() == figures
        assert all(row[-1] > 0 for table in figures[1:] for row in table)


def test_the_random_histories_reach_every_kind_of_end() -> None:
    """The property above is worth something only if its histories go somewhere."""
    with projector() as live:
        for seed in range(20):
            live.take(one_after_the_other(streams_of(seed)), batch=100)
        measures = {row[3] for row in live.rows()[1]}
    ends = {"got_help", "withdrawn", "no_capacity", "offers_returned", "offers_lapsed"}
    ends |= {"handoffs_in_time"}
    assert ends <= measures
