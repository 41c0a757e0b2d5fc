"""What every EventLog must do: one suite, written against the port."""

from collections.abc import Callable, Iterable, Sequence
from itertools import count

import pytest

from contracts.codec import Message
from contracts.topics import TOPICS
from services.chassis.event_log import EventLog, Record, Subscription
from tests.ports.patience import reading, until
from tests.ports.samples import PROGRAMS, TALLIES, message

OpenLog = Callable[[], EventLog]

KEYS = tuple(f"unit-{number}" for number in range(20))
PATIENCE_S = 10.0


def read_all(subscription: Subscription, count: int) -> list[Record]:
    """Poll until so many records have come."""
    found: list[Record] = []
    while len(found) < count:
        batch = subscription.poll(100, PATIENCE_S)
        assert batch, f"only {len(found)} of {count} records came"
        found += batch
    return found


def commit(subscription: Subscription, records: Iterable[Record]) -> None:
    """Commit what lies behind these records."""
    ends: dict[tuple[str, int], int] = {}
    for one in records:
        place = (one.message.topic, one.partition)
        ends[place] = max(ends.get(place, 0), one.offset + 1)
    subscription.commit(ends)


def values(records: Iterable[Record]) -> list[Message]:
    """The messages, in the order of a set: by key and number."""
    return sorted((r.message for r in records), key=lambda m: (m.key, m.headers["ce_sequence"]))


class EventLogSuite:
    """Inherit it and give a fixture ``open_log``: each call opens the same log anew."""

    @pytest.fixture
    def log(self, open_log: OpenLog) -> EventLog:
        """The log, open."""
        return open_log()

    def test_messages_of_one_key_arrive_in_the_order_of_publishing(self, log: EventLog) -> None:
        sent = [message(seq, key) for seq in range(1, 6) for key in KEYS]
        log.publish(sent[:37])
        log.publish(sent[37:])
        got = read_all(log.subscribe("group", [TALLIES], "one"), len(sent))
        for key in KEYS:
            assert [r.message for r in got if r.message.key == key] == [
                m for m in sent if m.key == key
            ]

    def test_a_key_always_meets_the_same_partition(self, log: EventLog) -> None:
        log.publish([message(seq, key) for seq in (1, 2, 3) for key in KEYS])
        got = read_all(log.subscribe("group", [TALLIES], "one"), 3 * len(KEYS))
        partitions = {key: {r.partition for r in got if r.message.key == key} for key in KEYS}
        assert all(len(found) == 1 for found in partitions.values())
        used = set.union(*partitions.values())
        assert len(used) > 1
        assert used <= set(range(TOPICS[TALLIES].partitions))

    def test_a_new_group_starts_at_the_earliest_record(self, log: EventLog) -> None:
        log.publish([message(seq) for seq in (1, 2, 3)])
        first = log.subscribe("first", [TALLIES], "one")
        commit(first, read_all(first, 3))
        assert len(read_all(log.subscribe("second", [TALLIES], "one"), 3)) == 3

    def test_committed_offsets_survive_closing_and_opening(self, open_log: OpenLog) -> None:
        log = open_log()
        log.publish([message(seq) for seq in (1, 2, 3)])
        before = log.subscribe("group", [TALLIES], "one")
        got = read_all(before, 3)
        commit(before, got[:2])
        before.close()
        log.close()
        after = open_log().subscribe("group", [TALLIES], "one")
        assert [r.message for r in read_all(after, 1)] == [got[2].message]
        assert after.poll(10, 0.0) == []

    def test_what_was_published_survives_without_a_close(self, open_log: OpenLog) -> None:
        open_log().publish([message(1)])
        assert len(read_all(open_log().subscribe("group", [TALLIES], "one"), 1)) == 1

    def test_uncommitted_records_come_again_to_the_next_member(self, log: EventLog) -> None:
        log.publish([message(seq) for seq in (1, 2, 3)])
        careless = log.subscribe("group", [TALLIES], "one")
        read_all(careless, 3)
        careless.close()
        assert len(read_all(log.subscribe("group", [TALLIES], "two"), 3)) == 3

    def test_two_members_share_the_partitions_and_one_leaving_hands_over(
        self, log: EventLog
    ) -> None:
        # Members join, and let go of partitions, while they poll: the shares settle in rounds.
        one, two = (log.subscribe("group", [TALLIES], name) for name in ("one", "two"))
        numbers = count(1)
        with reading(two) as seconds:
            with reading(one) as firsts:

                def shared() -> bool:
                    shares = _shares(log, next(numbers), firsts, seconds)
                    return all(shares) and not set.intersection(*shares)

                until(shared)
            one.close()
            assert _shares(log, next(numbers), [], seconds) == [set(), set(KEYS)]

    def test_groups_do_not_disturb_each_other(self, log: EventLog) -> None:
        one, two = (log.subscribe(name, [TALLIES], "one") for name in ("first", "second"))
        log.publish([message(1)])
        commit(one, read_all(one, 1))
        assert (one.lag(), two.lag()) == (0, 1)

    def test_the_lag_counts_what_is_not_committed(self, log: EventLog) -> None:
        member = log.subscribe("group", [TALLIES], "one")
        assert member.lag() == 0
        log.publish([message(1, key) for key in KEYS])
        assert member.lag() == len(KEYS)
        got = read_all(member, len(KEYS))
        assert member.lag() == len(KEYS)
        commit(member, got)
        assert member.lag() == 0

    def test_a_member_owes_what_is_not_committed_of_its_own_partitions_and_no_more(
        self, log: EventLog
    ) -> None:
        one, two = (log.subscribe("group", [TALLIES], name) for name in ("one", "two"))
        with reading(one, committing=False) as firsts, reading(two, committing=False) as seconds:
            numbers = count(1)

            def shared() -> bool:
                shares = _shares(log, next(numbers), firsts, seconds)
                return all(shares) and not set.intersection(*shares)

            def parted() -> bool:
                return 0 < one.owed() < one.lag() == one.owed() + two.owed()

            # While the group is still being shared out anew, a commit waits for the next poll.
            def settled() -> bool:
                commit(one, firsts)
                return one.owed() == 0

            until(shared)
            until(parted)
            until(settled)
            until(lambda: two.owed() == one.lag() > 0)

    def test_the_lag_of_a_group_is_known_to_who_is_no_member(self, log: EventLog) -> None:
        both = [PROGRAMS, TALLIES]
        assert log.lag("group", both) == 0
        log.publish([message(seq) for seq in (1, 2, 3)])
        member = log.subscribe("group", [TALLIES], "one")
        commit(member, read_all(member, 3)[:2])
        log.publish([message(1, "program-a", PROGRAMS)])
        assert (log.lag("group", both), log.lag("group", [TALLIES])) == (2, 1)
        assert log.lag("another", both) == 4

    def test_a_commit_that_lags_behind_does_not_turn_the_group_back(self, log: EventLog) -> None:
        log.publish([message(seq) for seq in (1, 2, 3)])
        member = log.subscribe("group", [TALLIES], "one")
        got = read_all(member, 3)
        commit(member, got)
        commit(member, got[:1])
        assert member.lag() == 0

    def test_a_replay_from_the_earliest_gives_the_same_messages(self, log: EventLog) -> None:
        log.publish([message(seq, key) for seq in (1, 2) for key in KEYS])
        live = read_all(log.subscribe("live", [TALLIES], "one"), 2 * len(KEYS))
        replay = read_all(log.subscribe("replay", [TALLIES], "one"), 2 * len(KEYS))
        assert values(live) == values(replay)

    @pytest.mark.parametrize("value", [b"", b"\x00\xff\xfe", "Ωmega".encode(), b"x" * 60_000])
    def test_bytes_arrive_as_they_were_sent(self, log: EventLog, value: bytes) -> None:
        odd = Message(TALLIES, "Ünit-\u2603", {"ce_type": b"\xff\x00", "ce_sequence": b"1"}, value)
        log.publish([odd])
        (got,) = read_all(log.subscribe("group", [TALLIES], "one"), 1)
        assert got.message == odd

    def test_a_group_reads_only_its_topics(self, log: EventLog) -> None:
        log.publish([message(1), message(1, "program-a", PROGRAMS)])
        both = read_all(log.subscribe("both", [PROGRAMS, TALLIES], "one"), 2)
        assert {r.message.topic for r in both} == {PROGRAMS, TALLIES}
        one = log.subscribe("one", [PROGRAMS], "one")
        assert [r.message.topic for r in _drained(one)] == [PROGRAMS]

    def test_a_poll_takes_no_more_than_it_is_asked_for(self, log: EventLog) -> None:
        log.publish([message(seq) for seq in range(1, 6)])
        member = log.subscribe("group", [TALLIES], "one")
        assert [len(member.poll(2, PATIENCE_S)) for _ in range(3)] == [2, 2, 1]

    def test_publishing_nothing_changes_nothing(self, log: EventLog) -> None:
        log.publish([])
        assert log.subscribe("group", [TALLIES], "one").lag() == 0

    def test_an_open_log_answers(self, log: EventLog) -> None:
        log.ping()


def _shares(log: EventLog, number: int, *readers: list[Record]) -> list[set[str]]:
    """Publish one message of every key, and wait for it; the keys that each reader got."""
    log.publish([message(number, key) for key in KEYS])
    wanted = str(number).encode()

    def shares() -> list[set[str]]:
        return [
            {r.message.key for r in found if r.message.headers["ce_sequence"] == wanted}
            for found in readers
        ]

    until(lambda: set.union(*shares()) == set(KEYS))
    return shares()


def _drained(member: Subscription) -> Sequence[Record]:
    """What a member can read at once; another poll after the last batch finds nothing."""
    found: list[Record] = []
    while batch := member.poll(100, 0.5):
        found += batch
    return found
