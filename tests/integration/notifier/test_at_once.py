"""What happens to the notifier at the same time: no notice is forgotten, no figure lost."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts.staff import StaffState
from contracts.topics import Consumer
from services.notifier.store import staff
from services.notifier.usecases.deliver import claim
from services.notifier.usecases.reach import tell_if_unreachable
from services.notifier.usecases.remind import remind
from tests.integration.notifier.conftest import ADMIN, HARBOUR, SAFE, Desk
from tests.integration.notifier.staffing import join
from tests.integration.notifier.story import FACTS, Story
from tests.ports.at_once import at_once
from tests.ports.postgres_copies import POSTGRES

PATH = "/v1/agencies/harbour/contacts"
DESK = {"contacts": [{"email": "desk@harbour.example.org"}]}
# Long enough for the other side to do what it must not do while the first is at it.
A_WHILE_S = 0.5


def beside(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> Future[Any]:
    """Something that goes on in another thread: done, or waiting, when this returns."""
    begun = pool.submit(work)
    wait([begun], A_WHILE_S)
    return begun


def states(desk: Desk) -> dict[str, str]:
    """The state of the notices, by template."""
    with desk.service.database.transaction() as session:
        rows = session.execute(text("SELECT template, state FROM notices")).all()
    return {row.template: row.state for row in rows}


def test_contacts_that_are_named_while_a_notice_is_claimed_get_it(desk: Desk) -> None:
    desk.notices(Story().submitted().offered().records)
    with ThreadPoolExecutor(1) as pool:
        with desk.service.database.transaction() as session:
            now = desk.clock.now()
            assert claim(session, SAFE, now, "https://handoff.example.org") == (1, [])
            naming = beside(pool, lambda: desk.call(HARBOUR, "PUT", PATH, DESK))
        assert naming.result().status_code == 200
    desk.work()
    assert states(desk) == {"offer_made": "sent"}


def test_a_reminder_that_falls_due_while_its_offer_is_accepted_is_not_sent(desk: Desk) -> None:
    desk.contacts("harbour")
    story = Story().submitted().offered()
    desk.notices(story.records)
    desk.work()
    desk.clock.set(story.live[0].deadline_at)
    story.wait(hours=4).accepted()
    with ThreadPoolExecutor(1) as pool:
        with desk.service.database.transaction() as session:
            assert remind(session, desk.clock.now()) == 1
            hearing = beside(pool, lambda: desk.notices(story.records[-1:]))
        assert hearing.result() == 1
    desk.work()
    assert states(desk) == {"offer_made": "sent", "offer_reminder": "dropped"}


def test_of_the_last_two_who_leave_at_once_the_second_tells_that_nobody_is_left(
    desk: Desk,
) -> None:
    first, second = (UUID(join(desk)[0]) for _ in range(2))

    def go(session: Session, staff_id: UUID) -> None:
        row = staff.lock(session, staff_id)
        assert row is not None
        row.state = StaffState.LEFT.value
        session.flush()
        tell_if_unreachable(session, "harbour", desk.clock.now())

    def go_too() -> None:
        with desk.service.database.transaction() as session:
            go(session, second)

    with ThreadPoolExecutor(1) as pool:
        with desk.service.database.transaction() as session:
            go(session, first)
            going = beside(pool, go_too)
        going.result()
    assert states(desk)["agency_unreachable"] == "pending"


@pytest.mark.parametrize("database", [POSTGRES], indirect=True)
def test_two_batches_that_move_the_same_figures_both_end(desk: Desk) -> None:
    old, young, third = (
        Story(name, facts=replace(FACTS, age=age)).submitted().records
        for name, age in (("old", 70), ("young", 15), ("third", 15))
    )
    (box,) = (b for b in desk.service.inboxes if b.consumer == Consumer.OUTCOMES)
    with ThreadPoolExecutor(1) as pool:
        with desk.service.database.transaction() as session:
            assert box.take(session, old, desk.clock.now()) == 1
            other = beside(pool, lambda: desk.outcomes(young))
            assert box.take(session, third, desk.clock.now()) == 1
        assert other.result() == 1
    counted = "SELECT count FROM rollup_counts WHERE dimension = 'all' AND measure = 'submitted'"
    with desk.service.database.transaction() as session:
        assert session.scalar(text(counted)) == 3


def test_of_contacts_stated_at_once_on_one_version_one_statement_stands(desk: Desk) -> None:
    assert desk.call(ADMIN, "PUT", PATH, DESK).status_code == 200

    def state(turn: int) -> int:
        body = {"contacts": [{"email": f"desk{turn}@harbour.example.org"}]}
        return int(desk.call(HARBOUR, "PUT", PATH, body, If_Match='"1"').status_code)

    answers = sorted(at_once(state, 1, 4))
    assert answers == [200, 412, 412, 412]
    assert len(desk.rows("contacts")) == 1
