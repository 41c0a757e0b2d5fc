"""What every database must do for the chassis: one suite, whatever the database is."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, select, update
from sqlalchemy.exc import IntegrityError

from contracts.problems import ProblemError
from contracts.topics import Consumer
from contracts.vocabulary import Role
from services.chassis import audit, held, idempotency, keys, outbox
from services.chassis.actor import Actor, service_actor
from services.chassis.columns import UtcDateTime
from services.chassis.database import Database, NestedTransactionError
from services.chassis.event_log import Record
from services.chassis.inbox import Inbox
from services.chassis.keys import KEY_BYTES, KeyDestroyedError, MasterKeys, PersonKeys
from services.chassis.tables import audit as audit_table
from services.chassis.tables import history
from services.chassis.tables import outbox as outbox_table
from tests.ports.at_once import THREADS, at_once
from tests.ports.samples import NOON, TALLIES, Ledger, handled, ledger_of, record, tally

OpenDatabase = Callable[[], Database]

PARTNER = Actor(subject="pat", role=Role.PARTNER, agency_id="agency-a")
MASTERS = MasterKeys("master-1", {"master-1": bytes(range(KEY_BYTES))})
ROUNDS = 6
EVERY = list(range(1, THREADS * ROUNDS + 1))

metadata = MetaData()
moments = Table(
    "moments",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)


def publish(database: Database, key: str = "unit-a", count: int = 1) -> list[int]:
    """So many events of one stream, in one transaction."""
    with database.transaction() as session:
        return outbox.publish(session, TALLIES, key, [tally(key)] * count, NOON)


def faults(database: Database, key: str = "unit-a") -> list[str]:
    """What is wrong with a stream."""
    with database.transaction() as session:
        return outbox.verify(session, TALLIES, key)


def in_the_outbox(database: Database, key: str = "unit-a") -> list[int]:
    """The numbers of a stream in the order in which the relay takes them."""
    query = select(history.c.seq).join_from(outbox_table, history).order_by(outbox_table.c.id)
    with database.transaction() as session:
        return list(session.scalars(query.where(history.c.key == key)))


def write_down(database: Database, subject: str) -> None:
    """One entry in the audit of a subject."""
    with database.transaction() as session:
        audit.record(session, subject, NOON, PARTNER, "person_read", fields=["name"])


def audited(database: Database, subject: str) -> tuple[list[int], list[str]]:
    """The numbers of a subject's entries, and what is wrong with them."""
    with database.transaction() as session:
        numbers = [row["number"] for row in audit.entries(session, subject)]
        return numbers, audit.verify_subject(session, subject)


class StoreSuite:
    """Inherit it and give a fixture ``open_database``: each call opens the same store anew.

    The store has the tables of the chassis and those of ``tests.ports.samples``.
    """

    @pytest.fixture
    def database(self, open_database: OpenDatabase) -> Iterator[Database]:
        """The store, open."""
        made = open_database()
        for tables in (metadata, keys.metadata):
            tables.create_all(made.engine)
        yield made
        made.close()

    @pytest.fixture
    def box(self) -> Inbox:
        """An inbox whose effects are rows."""
        return Inbox(Consumer.OUTCOMES, Ledger().handlers)

    def test_what_was_committed_is_there_for_whoever_opens_the_store_anew(
        self, database: Database, open_database: OpenDatabase
    ) -> None:
        publish(database, count=2)
        other = open_database()
        assert (publish(other), faults(other)) == ([3], [])
        other.close()

    def test_an_error_undoes_the_whole_transaction(self, database: Database) -> None:
        with suppress(RuntimeError), database.transaction() as session:
            session.execute(handled.insert().values(topic="t", key="k", seq=1))
            audit.record(session, "referral-1", NOON, PARTNER, "person_read")
            raise RuntimeError
        assert (ledger_of(database), audited(database, "referral-1")) == ({}, ([], []))

    def test_a_transaction_inside_another_is_refused_at_once(self, database: Database) -> None:
        with pytest.raises(NestedTransactionError), database.transaction():
            publish(database)
        assert publish(database) == [1]

    def test_numbers_are_gapless_per_stream(self, database: Database) -> None:
        said = [publish(database, "unit-a", 2), publish(database), publish(database, "unit-b")]
        assert said == [[1, 2], [3], [1]]

    def test_a_rolled_back_command_leaves_no_gap_and_no_event(self, database: Database) -> None:
        publish(database)
        with suppress(RuntimeError), database.transaction() as session:
            outbox.publish(session, TALLIES, "unit-a", [tally()], NOON)
            raise RuntimeError
        assert (publish(database), faults(database)) == ([2], [])
        with database.transaction() as session:
            assert outbox.unpublished(session) == 2

    def test_sixteen_threads_publish_to_one_stream_without_gap_or_fork(
        self, database: Database
    ) -> None:
        numbers = at_once(lambda _: publish(database)[0], ROUNDS)
        assert (sorted(numbers), faults(database)) == (EVERY, [])
        with database.transaction() as session:
            assert outbox.unpublished(session) == len(EVERY)

    def test_a_history_that_was_tampered_with_is_found_out(self, database: Database) -> None:
        publish(database, count=3)
        with database.transaction() as session:
            second = (history.c.key == "unit-a") & (history.c.seq == 2)
            session.execute(update(history).where(second).values(type="handoff.x.v1"))
        assert faults(database)[0] == "number 2 was changed"

    def test_any_order_of_arrival_is_handled_once_and_in_the_order_of_the_stream(
        self, database: Database, box: Inbox
    ) -> None:
        arrivals = [record(seq, key) for seq in range(1, 9) for key in ("unit-a", "unit-b")] * 3
        random.Random(7).shuffle(arrivals)  # noqa: S311 - a shuffle to repeat, no secret
        for start in range(0, len(arrivals), 5):
            self.take(database, box, arrivals[start : start + 5])
        assert ledger_of(database) == {key: list(range(1, 9)) for key in ("unit-a", "unit-b")}
        with database.transaction() as session:
            assert set(held.counts(session).values()) == {0}

    def test_a_batch_that_fails_leaves_the_position_where_it_was(self, database: Database) -> None:
        ledger = Ledger()
        ledger.failing.add(("unit-b", 1))
        box, batch = (
            Inbox(Consumer.OUTCOMES, ledger.handlers),
            [record(1), record(1, "unit-b")],
        )
        with pytest.raises(ValueError, match="Canary"):
            self.take(database, box, batch)
        assert ledger_of(database) == {}
        ledger.failing.clear()
        assert self.take(database, box, batch) == 2

    @pytest.mark.parametrize("key", ["x" * 81, "unit\0a"], ids=["too long", "with a NUL"])
    def test_a_key_that_no_database_holds_is_quarantined_and_holds_nothing_up(
        self, database: Database, box: Inbox, key: str
    ) -> None:
        strange = replace(record(1), message=replace(record(1).message, key=key))
        assert self.take(database, box, [strange, record(1)]) == 1
        with database.transaction() as session:
            assert held.counts(session)["quarantined"] == 1

    def test_sixteen_threads_with_the_same_messages_handle_each_once(
        self, database: Database, box: Inbox
    ) -> None:
        batch = [record(seq, key) for seq in (1, 2, 3) for key in ("unit-b", "unit-a")]
        at_once(lambda _: self.take(database, box, batch), 2)
        assert ledger_of(database) == {"unit-a": [1, 2, 3], "unit-b": [1, 2, 3]}

    def test_one_of_many_claims_of_an_idempotency_key_wins_and_all_get_its_answer(
        self, database: Database
    ) -> None:
        this = idempotency.attempt("caller", "POST /v1/notes", "key", b"{}", b"m" * 32)

        def claim(number: int) -> idempotency.Result:
            with database.transaction() as session:
                before = idempotency.begin(session, this, NOON)
                result = before or idempotency.Result(201, {"ETag": '"1"'}, {"number": number})
                if before is None:
                    idempotency.finish(session, this, result)
            return result

        answers = at_once(claim, ROUNDS)
        assert answers == [answers[0]] * len(EVERY)

    def test_an_idempotency_key_is_for_one_body_and_free_after_a_rollback(
        self, database: Database
    ) -> None:
        one, other = (idempotency.attempt("c", "r", "k", body, b"m" * 32) for body in (b"1", b"2"))
        with suppress(RuntimeError), database.transaction() as session:
            assert idempotency.begin(session, one, NOON) is None
            raise RuntimeError
        with database.transaction() as session:
            assert idempotency.begin(session, other, NOON) is None
        with pytest.raises(ProblemError, match="another body"), database.transaction() as session:
            idempotency.begin(session, one, NOON)

    def test_what_is_published_beside_a_republishing_goes_out_once_and_in_order(
        self, database: Database
    ) -> None:
        def work(number: int) -> None:
            if number % 4:
                publish(database)
                return
            with database.transaction() as session:
                outbox.republish(session, TALLIES)

        at_once(work, ROUNDS)
        published = sum(1 for number in range(len(EVERY)) if number % 4)
        assert in_the_outbox(database) == list(range(1, published + 1))

    def test_sixteen_threads_write_one_audit_chain_without_fork(self, database: Database) -> None:
        at_once(lambda _: write_down(database, "referral-1"), ROUNDS)
        assert audited(database, "referral-1") == (EVERY, [])

    def test_an_audit_cut_off_at_its_end_is_found_out(self, database: Database) -> None:
        for subject in ("referral-1", "referral-1", "referral-2"):
            write_down(database, subject)
        with database.transaction() as session:
            audit.record(session, "referral-2", NOON, service_actor("timer"), "offer_lapsed")
            last = (audit_table.c.subject == "referral-1") & (audit_table.c.number == 2)
            session.execute(delete(audit_table).where(last))
        assert audited(database, "referral-1") == ([1], ["the head says 2, the chain ends at 1"])
        assert audited(database, "referral-2") == ([1, 2], [])

    def test_each_person_has_one_key_also_for_whoever_opens_the_store_anew(
        self, database: Database
    ) -> None:
        mine = PersonKeys(database, MASTERS)
        made = {name: mine.create(name, NOON) for name in ("person-1", "person-2")}
        with pytest.raises(IntegrityError):
            mine.create("person-1", NOON)
        again = PersonKeys(database, MASTERS)
        assert {name: again.read(name) for name in made} == made
        assert len(set(made.values())) == 2

    def test_a_destroyed_key_is_gone_and_the_others_stay(self, database: Database) -> None:
        mine = PersonKeys(database, MASTERS)
        kept = [mine.create(name, NOON) for name in ("person-1", "person-2")][1]
        assert (mine.destroy("person-1"), mine.destroy("person-1")) == (True, False)
        with pytest.raises(KeyDestroyedError):
            mine.read("person-1")
        assert mine.read("person-2") == kept

    def test_sixteen_threads_make_a_key_each_and_lose_none(self, database: Database) -> None:
        mine = PersonKeys(database, MASTERS)
        made = dict(at_once(lambda _: self.new_key(mine), ROUNDS))
        assert {name: mine.read(name) for name in made} == made
        assert len(set(made.values())) == len(EVERY)

    def test_moments_come_back_in_utc_and_in_the_order_of_time(self, database: Database) -> None:
        east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
        steps = [timedelta(microseconds=n) for n in (-(10**13), -1, 0, 1, 10, 999_999, 10**6)]
        given = [(NOON + step).astimezone(zone) for step in steps for zone in (east, west)]
        given += [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)]
        with database.transaction() as session:
            session.execute(moments.insert(), [{"at": at} for at in reversed(given)])
            came = session.scalars(select(moments.c.at).order_by(moments.c.at)).all()
            later = session.scalars(select(moments.c.at).where(moments.c.at > NOON)).all()
        assert came == sorted(given)
        assert {moment.tzinfo for moment in came} == {UTC}
        assert sorted(later) == sorted(moment for moment in given if moment > NOON)

    def test_a_moment_without_a_zone_is_refused(self, database: Database) -> None:
        naive = NOON.replace(tzinfo=None)
        with pytest.raises(Exception, match="zone"), database.transaction() as session:
            session.execute(moments.insert().values(at=naive))

    @staticmethod
    def take(database: Database, box: Inbox, batch: Iterable[Record]) -> int:
        """One batch in one transaction."""
        with database.transaction() as session:
            return box.take(session, batch, NOON)

    @staticmethod
    def new_key(store: PersonKeys) -> tuple[str, bytes]:
        """A person with a key."""
        name = str(uuid4())
        return name, store.create(name, NOON)
