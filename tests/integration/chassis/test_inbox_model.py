"""The inbox against a model: whatever happens to messages, each key is handled 1..n in order."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.codec import UnreadableError
from contracts.topics import Consumer
from services.chassis import held as held_back
from services.chassis.consumer import ConsumerLoop, ParkLimit
from services.chassis.event_log import LogUnavailableError, Record
from services.chassis.inbox import Inbox
from services.chassis.standing import Standing
from services.chassis.tables import parked
from tests.ports.samples import (
    NOON,
    TALLIES,
    Ledger,
    StillClock,
    database_at,
    ledger_of,
    misfit,
    record,
)

KEYS = ("unit-a", "unit-b", "unit-c")
PICKS = st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=6)


MISFIT = misfit(record(1)).message.value


def place_of(one: Record) -> tuple[str, int]:
    """Key and number."""
    return one.message.key, int(one.message.headers["ce_sequence"])


class HandFed:
    """A subscription that gives what it is told to give, and may lose a commit."""

    def __init__(self) -> None:
        self.next: Sequence[Record] = ()
        self.loses_commit = False

    def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        del max_records, seconds
        given, self.next = self.next, ()
        return given

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        del offsets
        if self.loses_commit:
            raise LogUnavailableError("crashed")

    def lag(self) -> int:
        return len(self.next)

    def owed(self) -> int:
        return self.lag()

    def close(self) -> None:
        """Nothing is held."""


class InboxMachine(RuleBasedStateMachine):
    """Publishes, misfits too, delivers in any order and number, crashes, fails, mends, redrives."""

    inbox_type: type[Inbox] = Inbox

    def __init__(self) -> None:
        super().__init__()
        self.database = database_at("sqlite://")
        self.ledger = Ledger()
        self.subscription = HandFed()
        self.published: list[Record] = []
        self.misfits: set[tuple[str, int]] = set()
        self.start_again()

    def start_again(self) -> None:
        """A process that knows nothing but its database."""
        box = self.inbox_type(Consumer.OUTCOMES, self.ledger.handlers)
        loop = ConsumerLoop(
            box, self.subscription, self.database, StillClock(), ParkLimit(keys=len(KEYS))
        )
        self.box, self.loop = box, loop

    def count(self, key: str) -> int:
        """How many messages of the key were published, each counted once with its copies."""
        return len({seq for name, seq in map(place_of, self.published) if name == key})

    def give(self, batch: Sequence[Record]) -> None:
        """One batch through the loop."""
        self.subscription.next = batch
        self.loop.tick()

    @rule(key=st.sampled_from(KEYS), number=st.integers(1, 3))
    def publish(self, key: str, number: int) -> None:
        for _ in range(number):
            self.published.append(record(self.count(key) + 1, key))

    @rule(key=st.sampled_from(KEYS))
    def publish_a_misfit(self, key: str) -> None:
        one = misfit(record(self.count(key) + 1, key))
        self.published.append(one)
        self.misfits.add(place_of(one))

    @rule()
    def send_the_misfits_again_mended(self) -> None:
        self.published += [record(seq, key) for key, seq in sorted(self.misfits)]
        self.misfits.clear()

    @precondition(lambda self: self.published)
    @rule(picks=PICKS)
    def deliver(self, picks: list[int]) -> None:
        self.give([self.published[pick % len(self.published)] for pick in picks])

    @precondition(lambda self: self.published)
    @rule(picks=PICKS)
    def crash_between_handling_and_the_commit_of_the_offset(self, picks: list[int]) -> None:
        self.subscription.loses_commit = True
        with pytest.raises(LogUnavailableError):
            self.deliver(picks)
        self.subscription.loses_commit = False
        self.start_again()

    @rule(key=st.sampled_from(KEYS), seq=st.integers(1, 12))
    def break_the_handler(self, key: str, seq: int) -> None:
        self.ledger.failing.add((key, seq))

    @rule()
    def mend_the_handler(self) -> None:
        self.ledger.failing.clear()

    @rule()
    def redrive_all(self) -> None:
        with self.database.transaction() as session:
            rows = held_back.parked_keys(session)
        for row in rows:
            if (row["key"], row["seq"]) not in self.ledger.failing:
                self.redrive(row["key"])

    def redrive(self, key: str) -> None:
        """Redrive a key whose handler works: only a misfit fails then."""
        with self.database.transaction() as session:
            value = session.scalar(select(parked.c.value).where(parked.c.key == key))
        expected = nullcontext() if value != MISFIT else pytest.raises(UnreadableError)
        with expected, self.database.transaction() as session:
            assert self.box.redrive(session, TALLIES, key, NOON) >= 1

    @invariant()
    def each_key_is_handled_in_order_without_gap_or_repeat(self) -> None:
        for key, seqs in ledger_of(self.database).items():
            assert seqs == list(range(1, len(seqs) + 1)), key

    def teardown(self) -> None:
        """Once all is mended and delivered, all was handled and nothing is held."""
        self.mend_the_handler()
        self.send_the_misfits_again_mended()
        self.redrive_all()
        if self.published:
            self.give(self.published)
        everything = {k: list(range(1, self.count(k) + 1)) for k in KEYS if self.count(k)}
        try:
            assert ledger_of(self.database) == everything
            with self.database.transaction() as session:
                assert set(held_back.counts(session).values()) == {0}
        finally:
            self.database.close()


class CarelessInbox(Inbox):
    """An inbox without its check: every message is taken for the next."""

    def _lock(self, session: Session, places: set[tuple[str, str]]) -> Standing:
        standing = super()._lock(session, places)
        standing.last = dict.fromkeys(standing.last, 0)
        return standing


class CarelessMachine(InboxMachine):
    """The same life with the careless inbox."""

    inbox_type = CarelessInbox


def run(machine: type[InboxMachine], **options: Any) -> None:
    """Let the machine live."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )


def test_every_history_of_messages_ends_as_the_model_says() -> None:
    run(InboxMachine, max_examples=80, stateful_step_count=25)


def test_the_model_finds_an_inbox_without_its_check() -> None:
    with pytest.raises(AssertionError):
        run(CarelessMachine, phases=[Phase.generate], report_multiple_bugs=False)
