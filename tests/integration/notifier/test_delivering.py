"""Letters that fail, are tried again, and are never sent under a second name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.notifier.channels.letters import Letter
from services.notifier.channels.mail import DeliveryError
from services.notifier.domain.retries import JITTER, WAITS
from services.notifier.jobs.deliveries import Deliveries
from services.notifier.usecases import deliver
from services.notifier.usecases.deliver import LEASE
from tests.integration.notifier.conftest import COORDINATOR, SAFE, Desk, open_desk
from tests.integration.notifier.story import Story


@dataclass(slots=True)
class FlakyChannel:
    """Takes letters, unless it is told to fail or to die."""

    taken: list[Letter] = field(default_factory=list)
    error: BaseException | None = None
    dies_after_taking: bool = False

    def send(self, letter: Letter) -> None:
        if self.error and not self.dies_after_taking:
            raise self.error
        self.taken.append(letter)
        if self.error:
            raise self.error


class PowerCutError(BaseException):
    """The process is gone: nothing after it runs."""


@pytest.fixture
def offered(desk: Desk) -> Desk:
    """One letter is owed."""
    desk.contacts("harbour")
    desk.notices(Story().submitted().offered().records)
    return desk


def deliveries(desk: Desk, channel: FlakyChannel) -> Deliveries:
    return Deliveries(
        database=desk.service.database,
        clock=desk.clock,
        channel=channel,
        safe=SAFE,
        public_url="https://handoff.example.org",
    )


def due(desk: Desk, job: Deliveries) -> int:
    with desk.service.database.transaction() as session:
        return job.count(session, desk.clock.now())


def notices(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(COORDINATOR, "/v1/notices")["items"]
    return found


def notice(desk: Desk) -> dict[str, Any]:
    return notices(desk)[0]


def test_a_letter_that_fails_is_tried_on_schedule_and_then_given_up(offered: Desk) -> None:
    channel = FlakyChannel(error=DeliveryError("SMTP 451"))
    job = deliveries(offered, channel)
    for tried, wait in enumerate(WAITS, 1):
        offered.clock.advance(wait * (1 + JITTER))
        assert due(offered, job) == 1, tried
        assert job.tick() == 1
        assert job.tick() == 0
        assert notice(offered)["attempts"] == tried
    seen = notice(offered)
    assert (seen["state"], seen["failure"]) == ("failed", "SMTP 451")
    offered.clock.advance(timedelta(days=30))
    assert due(offered, job) == job.tick() == 0


def test_a_letter_is_not_tried_before_its_time(offered: Desk) -> None:
    job = deliveries(offered, FlakyChannel(error=DeliveryError("SMTP 451")))
    job.tick()
    job.tick()
    offered.clock.advance(timedelta(seconds=4))
    assert job.tick() == 0
    offered.clock.advance(timedelta(seconds=2))
    assert job.tick() == 1


def test_a_letter_that_failed_goes_out_when_the_channel_is_back(offered: Desk) -> None:
    channel = FlakyChannel(error=DeliveryError("SMTP 451"))
    job = deliveries(offered, channel)
    job.tick()
    channel.error = None
    offered.clock.advance(timedelta(seconds=6))
    job.tick()
    seen = notice(offered)
    assert (seen["state"], seen["attempts"], seen["failure"]) == ("sent", 2, None)
    assert seen["sent_at"] is not None
    assert len(channel.taken) == 1


def test_one_letter_that_breaks_the_channel_holds_up_no_other(offered: Desk) -> None:
    class Picky(FlakyChannel):
        def send(self, letter: Letter) -> None:
            if "harbour" in letter.to[0]:
                raise RuntimeError(letter.to)
            self.taken.append(letter)

    offered.contacts("other")
    offered.notices(Story("two").submitted().offered("other").records)
    channel = Picky()
    deliveries(offered, channel).tick()
    states = {n["recipient"]: n for n in offered.get(COORDINATOR, "/v1/notices")["items"]}
    assert states["other"]["state"] == "sent"
    assert states["harbour"]["state"] == "pending"
    assert "RuntimeError" in states["harbour"]["failure"]
    assert "@" not in states["harbour"]["failure"]


def test_a_crash_between_sending_and_recording_sends_once_more_with_the_same_id(
    offered: Desk,
) -> None:
    channel = FlakyChannel(error=PowerCutError(), dies_after_taking=True)
    with pytest.raises(PowerCutError):
        deliveries(offered, channel).tick()
    channel.error = None
    restarted = deliveries(offered, channel)
    assert due(offered, restarted) == restarted.tick() == 0
    offered.clock.advance(LEASE)
    assert restarted.tick() == 1
    assert restarted.tick() == 0
    assert len(channel.taken) == 2
    assert len({letter.notice_id for letter in channel.taken}) == 1
    assert notice(offered)["state"] == "sent"


def test_a_worker_whose_lease_has_ended_does_not_overrule_the_one_that_took_over(
    offered: Desk,
) -> None:
    now = offered.clock.now()
    with offered.service.database.transaction() as session:
        _, late = deliver.claim(session, SAFE, now, "https://handoff.example.org")
    offered.clock.advance(LEASE)
    deliveries(offered, FlakyChannel()).tick()
    with offered.service.database.transaction() as session:
        deliver.record(session, late, {late[0].notice_id: "SMTP 451"}, offered.clock.now())
    assert notice(offered)["state"] == "sent"


@pytest.mark.parametrize("pause", [LEASE, LEASE - timedelta(seconds=10)], ids=["over", "ends"])
def test_a_worker_that_was_paused_while_it_sent_leaves_the_other_letters_to_others(
    desk: Desk, pause: timedelta
) -> None:
    class Pausing(FlakyChannel):
        def send(self, letter: Letter) -> None:
            self.taken.append(letter)
            desk.clock.advance(pause)

    desk.contacts("harbour")
    for name in ("one", "two", "three"):
        desk.notices(Story(name).submitted().offered().records)
    paused, other = Pausing(), FlakyChannel()
    assert deliveries(desk, paused).tick() == 3
    deliveries(desk, other).tick()
    sent = {letter.notice_id for letter in other.taken}
    assert len(paused.taken) == 1
    assert sent >= {UUID(n["notice_id"]) for n in notices(desk)} - {paused.taken[0].notice_id}
    assert {(n["state"], n["attempts"]) for n in notices(desk)} <= {("sent", 1), ("sent", 2)}


def test_a_paused_worker_sends_nothing_that_another_took_over(desk: Desk) -> None:
    class Overtaken(FlakyChannel):
        def send(self, letter: Letter) -> None:
            self.taken.append(letter)
            desk.clock.advance(LEASE)
            deliveries(desk, other).tick()

    desk.contacts("harbour")
    for name in ("one", "two"):
        desk.notices(Story(name).submitted().offered().records)
    paused, other = Overtaken(), FlakyChannel()
    deliveries(desk, paused).tick()
    assert (len(paused.taken), len(other.taken)) == (1, 2)
    assert [n["state"] for n in notices(desk)] == ["sent", "sent"]


def test_an_offer_answered_after_a_crash_is_not_told_again(offered: Desk) -> None:
    channel = FlakyChannel(error=PowerCutError())
    with pytest.raises(PowerCutError):
        deliveries(offered, channel).tick()
    offered.clock.advance(LEASE)
    offered.notices(Story().submitted().offered().accepted().records)
    channel.error = None
    deliveries(offered, channel).tick()
    assert channel.taken == []
    assert notice(offered)["state"] == "dropped"


def test_what_is_in_hand_is_still_due(offered: Desk) -> None:
    class Curious(FlakyChannel):
        due: int = 0

        def send(self, letter: Letter) -> None:
            self.due = due(offered, job)
            self.taken.append(letter)

    channel = Curious()
    job = deliveries(offered, channel)
    job.tick()
    assert channel.due == 1
    assert due(offered, job) == 0


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Desk]:
    """A desk that was closed with a letter owed, and opened again."""
    first = open_desk(tmp_path / "home")
    first.contacts("harbour")
    first.notices(Story().submitted().offered().records)
    first.service.close()
    again = open_desk(tmp_path / "home")
    yield again
    again.service.close()


def test_what_is_owed_outlives_the_process(reopened: Desk) -> None:
    reopened.work()
    assert notice(reopened)["state"] == "sent"
    assert len(reopened.mail) == 1


def test_many_letters_go_out_in_several_batches(desk: Desk) -> None:
    desk.contacts("harbour")
    stories = [Story(f"r{n}").submitted().offered() for n in range(deliver.BATCH * 2 + 3)]
    desk.notices([record for story in stories for record in story.records])
    assert desk.work() == len(stories)
    assert len(desk.mail) == len(stories)
