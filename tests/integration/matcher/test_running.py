"""The schema, the settings, the jobs, and the matcher among its loops."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, func, select, update

from contracts.topics import Service
from contracts.vocabulary import ReferralState, Urgency
from services.chassis import migrations, tables
from services.chassis.settings import SettingError
from services.matcher import settings
from services.matcher.domain.decision import canonical
from services.matcher.domain.journal import replay
from services.matcher.domain.policy import Policy
from services.matcher.domain.score import Weights
from services.matcher.store import journal
from services.matcher.tables import Base, DecisionRow, JournalRow
from tests.integration.matcher.desk import ADMIN, Desk, submitted


def test_the_migrated_schema_is_the_one_that_the_code_declares(desk: Desk) -> None:
    declared = MetaData(naming_convention=tables.NAMES)
    for metadata in (tables.metadata, Base.metadata):
        for table in metadata.sorted_tables:
            table.to_metadata(declared)
    with desk.wired.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, declared) == []
    migrations.check(desk.wired.database, Service.MATCHER)


def test_a_matcher_that_is_well_has_no_faults(desk: Desk) -> None:
    assert desk.wired.faults() == []


@pytest.mark.parametrize("value", ["-1", "3601", "soon"])
def test_a_wrong_allowance_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HANDOFF_CAPACITY_ALLOWANCE_S", value)
    with pytest.raises(SettingError, match="CAPACITY_ALLOWANCE_S"):
        settings.read()


def test_the_allowance_is_a_minute_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.read().capacity_allowance == timedelta(minutes=1)
    monkeypatch.setenv("HANDOFF_CAPACITY_ALLOWANCE_S", "90")
    assert settings.read().capacity_allowance == timedelta(seconds=90)


@pytest.mark.parametrize("value", ["-1", "101", "often"])
def test_a_wrong_number_of_lapses_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HANDOFF_PAUSE_AFTER_LAPSES", value)
    with pytest.raises(SettingError, match="PAUSE_AFTER_LAPSES"):
        settings.read()


def test_an_agency_is_paused_after_three_lapses_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settings.read().pause_after_lapses == 3
    monkeypatch.setenv("HANDOFF_PAUSE_AFTER_LAPSES", "0")
    assert settings.read().pause_after_lapses == 0


def test_the_decider_wakes_when_a_referral_was_heard(new_desk: Desk) -> None:
    new_desk.opened(harbour=1)
    woken = threading.Event()
    new_desk.wired.database.on_publish(woken.set)
    new_desk.hear(submitted())
    assert woken.is_set()


def test_an_idle_tick_writes_nothing(desk: Desk) -> None:
    desk.opened(harbour=0)
    desk.hear(submitted())
    desk.decide()
    before = _entries(desk)
    for _ in range(3):
        assert desk.decide() == 0
    assert _entries(desk) == before


def test_an_event_that_changes_nothing_for_the_matcher_leaves_no_trace(desk: Desk) -> None:
    desk.opened(harbour=0)
    referral = submitted()
    desk.hear(referral)
    desk.decide()
    before = _entries(desk)
    desk.hear(replace(referral, state=ReferralState.WAITLISTED))
    assert (_entries(desk), desk.decide()) == (before, 0)


def test_the_journal_is_numbered_without_a_gap(desk: Desk) -> None:
    desk.opened(harbour=1, lodge=1)
    desk.hear(submitted(), submitted(), submitted())
    desk.decide()
    with desk.wired.database.transaction() as session:
        numbers = [entry.number for entry in journal.entries(session)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_failed_import_leaves_no_number_unused(desk: Desk) -> None:
    desk.opened(harbour=1)
    before = _entries(desk)
    desk.bring({"organizations": [{"id": "", "name": "Nobody"}]})
    desk.state("harbour-beds", 2)
    assert _entries(desk) == before + 1
    desk.hear(submitted())
    with desk.wired.database.transaction() as session:
        assert max(entry.number for entry in journal.entries(session)) == before + 2


def test_the_replay_finds_a_decision_that_was_altered(desk: Desk) -> None:
    desk.opened(harbour=1)
    desk.hear(submitted())
    desk.decide()
    (decision,) = desk.decisions()
    _set_answer(desk, "unplaced")
    assert desk.replayed() == [decision.id]
    _set_answer(desk, "routed")


def test_the_replay_under_another_policy_decides_otherwise(desk: Desk) -> None:
    desk.opened(harbour=1)
    desk.hear(submitted(preferred=("harbour-beds",)))
    desk.decide()
    (decision,) = desk.decisions()
    assert desk.replayed(Policy(weights=Weights(preferred=1.0), hold_back=False)) == [decision.id]


def test_two_replays_give_the_same_bytes(desk: Desk) -> None:
    desk.opened(harbour=2, lodge=1)
    desk.hear(*[submitted(urgency=u) for u in (*Urgency, Urgency.ROUTINE)])
    desk.decide()
    with desk.wired.database.transaction() as session:
        entries = list(journal.entries(session))
    again = replay(entries)
    kept = {decision.id: decision for decision in desk.decisions()}
    assert canonical(again) == canonical([kept[decision.id] for decision in again])
    assert canonical(again) == canonical(replay(entries))
    assert len(again) == len(kept) == 4


def test_old_idempotency_keys_are_forgotten(new_desk: Desk) -> None:
    new_desk.opened(harbour=1)
    new_desk.call(ADMIN, "POST", "/v1/directory/imports", _empty(), Idempotency_Key="one-key")
    job = next(job for job in new_desk.wired.jobs if job.name == "prune_keys")
    assert (job.tick(), new_desk.wired.due(job.name)) == (0, 0)
    new_desk.clock.advance(timedelta(days=8))
    assert job.tick() == 1
    assert job.tick() == 0


def _empty() -> dict[str, Any]:
    return {"tables": {"organizations": []}, "time_zone": "America/Chicago"}


def _entries(desk: Desk) -> int:
    with desk.wired.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(JournalRow)) or 0


def _set_answer(desk: Desk, answer: str) -> None:
    with desk.wired.database.transaction() as session:
        session.execute(update(DecisionRow).values(answer=answer))
