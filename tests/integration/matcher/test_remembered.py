"""The directory in memory is the one in the database, whoever changed it and however."""

from datetime import timedelta

from sqlalchemy import delete, event

from services.matcher.domain.catalogue import Catalogue
from services.matcher.store import directory
from services.matcher.store.remembered import Remembered
from services.matcher.tables import JournalRow
from tests.integration.matcher.desk import ADMIN, Desk, partner, submitted


def catalogue(desk: Desk, remembered: Remembered) -> Catalogue:
    with desk.wired.database.transaction() as session:
        return remembered.catalogue(session)


def holds_what_is_stored(desk: Desk, remembered: Remembered) -> bool:
    found = catalogue(desk, remembered)
    with desk.wired.database.transaction() as session:
        return found.programs == directory.every_program(session)


def test_two_processes_follow_imports_pauses_closings_and_what_ends_by_itself(desk: Desk) -> None:
    processes = [Remembered(), Remembered()]
    assert all(holds_what_is_stored(desk, one) for one in processes)
    desk.opened(harbour=1, lodge=1)
    assert holds_what_is_stored(desk, processes[0])
    until = (desk.clock.now() + timedelta(hours=1)).isoformat()
    assert (
        desk.call(
            partner("harbour"), "POST", "/v1/programs/harbour-beds/pause", {"until": until}
        ).status_code
        == 200
    )
    assert desk.call(ADMIN, "POST", "/v1/directory/agencies/lodge/close").status_code == 200
    assert all(holds_what_is_stored(desk, one) for one in processes)
    desk.clock.advance(timedelta(hours=2))
    next(job for job in desk.wired.jobs if job.name == "resume").tick()
    found = catalogue(desk, processes[0]).programs
    assert (found["harbour-beds"].paused, found["lodge-beds"].active) == (False, False)
    assert all(holds_what_is_stored(desk, one) for one in processes)


def test_where_nothing_changed_one_row_is_read_and_no_program(desk: Desk) -> None:
    remembered = Remembered()
    desk.opened(harbour=1, lodge=1)
    before = catalogue(desk, remembered)
    asked: list[str] = []
    with desk.wired.database.transaction() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *a: asked.append(a[2]))
        assert remembered.catalogue(session) is before
    assert len(asked) == 1
    assert "FROM programs" not in asked[0]


def test_another_journal_in_its_place_is_read_anew(desk: Desk) -> None:
    """A copy that was put back lacks what came after, and may have gone on otherwise."""
    remembered = Remembered()
    desk.opened(harbour=1, lodge=1)
    before = catalogue(desk, remembered)
    with desk.wired.database.transaction() as session:
        session.execute(delete(JournalRow))
        assert remembered.catalogue(session) is not before
        session.rollback()
    assert holds_what_is_stored(desk, remembered)


def test_a_decision_goes_by_a_pause_of_a_moment_ago(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    first, second = submitted(), submitted()
    desk.hear(first)
    desk.decide()
    (chosen,) = desk.holds(first)
    other = {"harbour-beds": "lodge-beds", "lodge-beds": "harbour-beds"}[chosen]
    who = partner(other.partition("-")[0])
    assert desk.call(who, "POST", f"/v1/programs/{other}/pause", {}).status_code == 200
    desk.hear(second)
    desk.decide()
    assert desk.kinds(second) == ["Waitlisted"]
