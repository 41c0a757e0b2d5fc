"""Comparisons that meet others at work, harmed rows and faults: nothing is lost, nothing stands."""

from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import event, update

from services.chassis.keys import person_keys
from services.referral_api.store import duplicates
from services.referral_api.tables import PersonField, Referral
from services.referral_api.usecases import compare
from services.referral_api.usecases.compare import AGAIN_AFTER
from tests.integration.referral_api.doubles import PAIRS, SOMEBODY, doubles, met
from tests.integration.referral_api.office import CANARIES, COORDINATOR, OFFICER, Office
from tests.integration.referral_api.queue import why


def test_a_run_that_fails_leaves_nothing_is_put_off_and_then_repeated(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.submit()
    office.run_jobs()
    office.submit()
    (job,) = [job for job in office.service.jobs if job.name == "duplicates"]
    assert office.service.due(job.name) == 1
    with monkeypatch.context() as broken:

        def crash(*_: object) -> None:
            raise OSError("the power went")

        broken.setattr(duplicates, "keep", crash)
        assert job.tick() == 0
    # What failed is put off: due at once it would fail as often as anybody looks.
    assert (office.service.due(job.name), job.tick(), office.rows(PAIRS)) == (0, 0, [])
    office.clock.advance(AGAIN_AFTER)
    assert (job.tick(), job.tick(), office.service.due(job.name)) == (1, 0, 0)
    assert office.rows(PAIRS) == [("open",)]


def test_one_that_somebody_holds_is_compared_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens to the other between the look and the lock decides; nobody waits for anybody."""
    older = met(office)
    newer = office.submit()
    (job,) = [job for job in office.service.jobs if job.name == "duplicates"]
    with monkeypatch.context() as busy:
        busy.setattr(duplicates, "hold", lambda *_: set())
        assert (job.tick(), office.service.due(job.name), office.rows(PAIRS)) == (0, 1, [])
    assert (why(office, older), why(office, newer)) == (set(), set())
    assert (job.tick(), office.rows(PAIRS)) == (1, [("open",)])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"person": SOMEBODY}),
        ("POST", "/revoke-consent", {}),
        ("POST", "/erase", {"reason": "person_asked"}),
    ],
    ids=["corrected", "revoked", "erased"],
)
def test_what_is_changed_between_the_look_and_the_lock_is_not_held(
    office: Office, method: str, path: str, body: Any
) -> None:
    changed, same = office.submit(), office.submit()
    with office.transaction() as session:
        seen = [session.get_one(Referral, UUID(one)) for one in (changed, same)]
        session.expunge_all()
    who = COORDINATOR if "erase" in path else OFFICER
    office.ok(who, method, f"/v1/referrals/{changed}{path}", body, If_Match='"1"')
    with office.transaction() as session:
        assert duplicates.hold(session, seen) == {UUID(same)}


def test_a_person_who_cannot_be_read_is_left_out_and_stops_nobody_elses_comparison(
    office: Office,
) -> None:
    older, harmed, keyless = met(office), met(office, person=SOMEBODY), met(office, person=SOMEBODY)
    with office.behind.transaction() as session:
        session.execute(
            update(PersonField)
            .where(PersonField.referral_id == UUID(harmed))
            .values(sealed=b"harmed")
        )
    with office.key_store.transaction() as session:
        session.execute(
            update(person_keys).where(person_keys.c.person == keyless).values(master="lost")
        )
    with structlog.testing.capture_logs() as logged:
        newer = met(office)
    assert [double["referral_id"] for double in doubles(office, newer)] == [older]
    assert office.rows("SELECT count(*) FROM referrals WHERE compare_at IS NOT NULL") == [(0,)]
    assert {line["event"] for line in logged} >= {"person_not_read", "person_keys_not_read"}
    assert not any(word in str(logged) for word in (*CANARIES.values(), "Byrne"))


def test_a_comparison_keeps_the_newest_few_pairs_in_one_statement(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "MOST_PAIRS", 2)
    known = [office.submit() for _ in range(4)]
    office.plant("UPDATE referrals SET compare_at = NULL")
    newest = office.submit()
    made: list[str] = []
    engine = office.service.database.engine

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        made.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    office.run_jobs()
    event.remove(engine, "before_cursor_execute", note)
    assert [double["referral_id"] for double in doubles(office, newest)] == known[:1:-1]
    assert sum("INSERT INTO duplicates" in statement for statement in made) == 1
