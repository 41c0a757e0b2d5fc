"""Erasing: nothing of the person stays in any table, and every chain still verifies."""

import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.chassis import outbox
from services.chassis.chains import Chains, walk
from tests.integration.referral_api.office import (
    CANARIES,
    COORDINATOR,
    NEAR,
    OFFICER,
    Office,
    submission,
)

ASKED: Final = {"reason": "person_asked"}
AGED: Final = {"age": 47, "language": "hmn", "household_size": 7, "accommodations": ["wheelchair"]}


def erase(office: Office, referral: str) -> Any:
    return office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/erase", ASKED)


def known(office: Office) -> tuple[str, str]:
    """A referral that near holds, with a contact and a note, and its offer."""
    guardian = {"given_by": "guardian", "representative_name": "Aunt Perpetua", "method": "written"}
    consent = {"scope": "all_stated"} | guardian
    referral, (offer,) = office.offered("near-beds", person=AGED, consent=consent)
    office.ok(NEAR, "POST", f"/v1/offers/{offer}/accept", {}, Idempotency_Key="kept")
    office.step(NEAR, offer, "contacts", {"mode": "visit", "reached": True})
    answers = {"income": "low", "language": ["lao"], "sobriety": None}
    office.step(NEAR, offer, "facts", answers)
    return referral, offer


def facts_left(office: Office, referral: str) -> list[str]:
    """Every coarse fact of the person that some table still tells of."""
    cell = "87"
    with office.transaction() as session:
        rows = session.execute(text("SELECT payload FROM history WHERE key = :k"), {"k": referral})
        told = "".join(str(row) for row in rows)
    words = ["hmn", "wheelchair", '"age": 47', '"age":47', f'"{cell}', "grim-beds", "guardian"]
    words += ["income_low", '"lao"', '"sobriety"']
    row = office.rows("SELECT language, age, household_size, cell, entry_door FROM referrals")
    lists = office.rows("SELECT also_speaks, eligibility, answered, questions FROM referrals")
    columns = [str(value) for value in row[0] if value is not None]
    kept = [str(value) for value in lists[0] if str(value) != "[]"]
    return [word for word in words if word in told] + columns + kept


def test_an_erasure_leaves_nothing_of_the_person_in_any_table(office: Office) -> None:
    referral, _ = known(office)
    assert facts_left(office, referral) != []
    seen = erase(office, referral)
    assert (seen["state"], seen["reason"]) == ("withdrawn", "consent_revoked")
    assert office.rows("SELECT count(*) FROM person_fields") == [(0,)]
    assert facts_left(office, referral) == []
    assert office.rows("SELECT DISTINCT given_by, method FROM consents") == [(None, None)]
    assert office.rows("SELECT encounter_id = id FROM referrals")[0][0]
    words = ["Perpetua", "hmn", "lao", "wheelchair", "income_low"]
    assert office.clear_text([*CANARIES.values(), *words]) == []


def test_the_key_is_destroyed_after_the_commit_and_that_is_audited(office: Office) -> None:
    referral, _ = known(office)
    erase(office, referral)
    assert office.keys_kept() == 1
    (job,) = [job for job in office.service.jobs if job.name == "erasing"]
    assert office.service.due(job.name) == 1
    office.run_jobs()
    assert (office.keys_kept(), office.service.due(job.name)) == (0, 0)
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")
    actions = [entry["action"] for entry in audit["items"]]
    assert actions[-2:] == ["person.erase", "person.key_destroyed"]
    assert audit["verified"] is True


def test_a_crash_between_key_and_record_is_mended_by_the_next_tick(office: Office) -> None:
    referral, _ = known(office)
    erase(office, referral)
    office.destroy_keys()
    office.run_jobs()
    (erased,) = office.rows("SELECT key_destroyed_at FROM referrals")
    assert erased[0] is not None


def test_a_key_that_comes_back_with_an_older_copy_is_destroyed_again(office: Office) -> None:
    referral, _ = known(office)
    with office.key_store.transaction() as session:
        row = session.execute(text("SELECT * FROM person_keys")).mappings().one()
    erase(office, referral)
    office.run_jobs()
    with office.key_store.transaction() as session:
        values = ", ".join(f":{name}" for name in row)
        session.execute(text(f"INSERT INTO person_keys VALUES ({values})"), dict(row))  # noqa: S608
    assert office.keys_kept() == 1
    office.pass_time(hours=2)
    assert office.keys_kept() == 0


def test_the_chains_verify_and_what_remains_is_sent_again(office: Office) -> None:
    referral, _ = known(office)
    before = office.events(referral)
    erase(office, referral)
    told = office.stream(referral)
    assert office.events(referral)[: len(before)] == before
    assert [data["snapshot"]["facts"] for _, data in told[:1]] == [
        {
            "sector": "housing",
            "need": "emergency_shelter",
            "urgency": "urgent",
            "training": False,
            "origin": "live",
        }
    ]
    erased = told[-1][1]
    assert [held["agency_id"] for held in erased["holders"]] == ["near"]
    with office.transaction() as session:
        assert outbox.republish(session, "referral.lifecycle", referral) == len(told)


@pytest.mark.parametrize(
    "change",
    [
        "payload = replace(payload, 'urgent', 'crisis') WHERE seq = 1",
        "payload = replace(payload, 'urgent', 'crisis'), salt = NULL WHERE seq = 1",
        "payload = replace(payload, 'near', 'faar') WHERE type LIKE '%person.erased%'",
    ],
)
def test_a_change_to_what_remains_is_found(office: Office, change: str) -> None:
    referral, _ = known(office)
    erase(office, referral)
    with office.behind.transaction() as session:
        session.execute(text(f"UPDATE history SET {change}"))  # noqa: S608
        assert outbox.verify(session, "referral.lifecycle", referral) != []
        session.rollback()


@pytest.mark.parametrize("tampered", [False, True])
def test_a_walk_through_all_chains_in_small_batches_holds_remains_to_their_seal(
    office: Office, *, tampered: bool
) -> None:
    for _ in range(2):
        referral, _ = known(office)
        erase(office, referral)
    office.submit()
    with office.behind.transaction() as session:
        if tampered:
            change = "payload = replace(payload, 'urgent', 'crisis') WHERE seq = 2"
            session.execute(text(f"UPDATE history SET {change}"))  # noqa: S608
        place, faults = None, list[str]()
        while True:
            stretch = walk(session, Chains.HISTORY, place, limit=3)
            faults += stretch.faults
            place = stretch.next
            if place is None:
                break
        session.rollback()
    assert bool(faults) is tampered


def test_a_payload_without_salt_that_no_erasure_sealed_is_found(office: Office) -> None:
    referral, _ = known(office)
    with office.behind.transaction() as session:
        session.execute(text("UPDATE history SET salt = NULL WHERE seq = 1"))
        assert outbox.verify(session, "referral.lifecycle", referral) == [
            "the payload of number 1 was changed"
        ]
        session.rollback()


def test_a_referral_is_erased_after_its_end_too_and_once(office: Office) -> None:
    referral, offer = known(office)
    office.step(NEAR, offer, "complete", {"outcome": "housed"})
    seen = erase(office, referral)
    assert (seen["state"], seen["outcome"]) == ("closed", "housed")
    assert office.refused(COORDINATOR, "POST", f"/v1/referrals/{referral}/erase", ASKED) == 409


def test_a_text_about_an_erased_person_is_not_kept_and_a_silent_holder_can_be_settled(
    office: Office,
) -> None:
    referral, offer = known(office)
    erase(office, referral)
    office.run_jobs()
    told = {"told_by": "the desk, by phone"}
    office.ok(COORDINATOR, "POST", f"/v1/offers/{offer}/acknowledge-revocation", told)
    assert office.rows("SELECT count(*) FROM person_fields") == [(0,)]
    assert office.refused(COORDINATOR, "GET", f"/v1/referrals/{referral}/notes") == 409


@pytest.mark.parametrize("body", [{}, {"reason": "he was rude"}, {"reason": None}])
def test_an_erasure_says_why_in_a_word_of_the_list(office: Office, body: Any) -> None:
    referral = office.submit()
    answer = office.call(COORDINATOR, "POST", f"/v1/referrals/{referral}/erase", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["reason"])


def test_only_a_coordinator_erases(office: Office) -> None:
    referral = office.submit()
    for who in (OFFICER, NEAR):
        assert office.refused(who, "POST", f"/v1/referrals/{referral}/erase", ASKED) == 403


def test_an_imported_row_of_the_past_keeps_its_month_and_loses_its_day(office: Office) -> None:
    past: dict[str, Any] = {"origin": "imported", "occurred_at": "2027-01-17T09:30:00Z"}
    referral = office.submit(**past)
    erase(office, referral)
    days = {data["snapshot"]["occurred_at"] for _, data in office.stream(referral)}
    assert days == {"2027-01-01T00:00:00+00:00"}
    assert submission()["person"]["age"] == 34


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_no_byte_of_the_person_stays_in_the_files(office: Office, tmp_path: Path) -> None:
    referral, _ = known(office)
    erase(office, referral)
    office.run_jobs()
    copy = tmp_path / "copy"
    shutil.copytree(office.home / "data", copy)
    content = b"".join(f.read_bytes() for f in copy.rglob("*") if f.is_file())
    for fact in (b"hmn", b"wheelchair", b"grim-beds", b"Perpetua"):
        assert fact not in content
