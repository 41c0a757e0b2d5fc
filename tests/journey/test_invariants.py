"""Each invariant can fail: a database that was tampered with does not pass."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.journey.invariants import violations
from tests.journey.town import OFFICER, open_town, partner, program

AGENCY = partner("harbour")
DOCTORED = {
    "an open referral without a timer": (
        "referral_api",
        "UPDATE referrals SET review_at = NULL WHERE state = 'accepted'",
        "I1 .*: accepted, timer None",
    ),
    "an offered referral without an offer": (
        "referral_api",
        "UPDATE offers SET state = 'lapsed' WHERE state = 'open'",
        "I1 .*: offered with 0 live offers",
    ),
    "an accepted referral without a holder": (
        "referral_api",
        "UPDATE offers SET state = 'completed' WHERE state = 'accepted'",
        "I1 .*: accepted with 0 holders",
    ),
    "a referral that the matcher never heard of": (
        "matcher",
        "DELETE FROM requests",
        "I1 .*: the matcher has not heard of it",
    ),
    "more places taken than stated": (
        "matcher",
        "UPDATE capacity SET available = 0",
        "I2 harbour-beds: .* taken of 0",
    ),
    "more places reserved than taken": (
        "matcher",
        "UPDATE capacity SET taken = 0",
        "I2 harbour-beds: 0 taken, more are reserved",
    ),
    "a reservation that nobody holds": (
        "matcher",
        "DELETE FROM reservations",
        "I2 .*: harbour-beds held or offered, not both",
    ),
    "an attempt that was routed twice": (
        "matcher",
        (
            "UPDATE decisions SET number = rowid,"
            " referral_id = (SELECT min(referral_id) FROM decisions)"
        ),
        "I2 .*: attempt 1 was routed twice",
    ),
    "a notice that was sent twice": (
        "notifier",
        "UPDATE notices SET referral_id = (SELECT min(referral_id) FROM notices), version = '1'",
        "I3 .*/harbour/offer_made: sent more than once$",
    ),
    "two notices of one offer": (
        "notifier",
        (
            "UPDATE notices SET referral_id = (SELECT min(referral_id) FROM notices),"
            " offer_id = (SELECT min(offer_id) FROM notices)"
        ),
        "I3 .*/harbour/offer_made: sent more than once of one offer",
    ),
    "a letter of a notice that is not there": (
        "notifier",
        "DELETE FROM notices",
        "I3 .*: a letter that no notice sent",
    ),
    "a letter of a notice that was never taken up": (
        "notifier",
        "UPDATE notices SET state = 'pending', attempts = 0",
        "I3 .*: a letter that no notice sent",
    ),
    "a history with a gap": (
        "referral_api",
        "DELETE FROM history WHERE seq = 1",
        "I4 .*: number 1 is missing",
    ),
    "a history cut off at its end": (
        "referral_api",
        "DELETE FROM history WHERE seq > 1",
        "I4 .*: the head says .*, the stream ends at 1",
    ),
    "a history of the directory that was changed": (
        "matcher",
        "UPDATE history SET type = 'another'",
        "I4 .*: number 1 was changed",
    ),
    "a referral without history": (
        "referral_api",
        "DELETE FROM stream_heads WHERE topic <> 'audit'",
        "I4 .*: no history",
    ),
    "a referral without audit": (
        "referral_api",
        "DELETE FROM stream_heads WHERE topic = 'audit'",
        "I4 .*: no audit",
    ),
    "an audit of referrals cut off at its end": (
        "referral_api",
        "DELETE FROM audit WHERE number > 1",
        "I4 audit .*: the head says .*, the chain ends at 1",
    ),
    "an audit of the directory that is gone": (
        "matcher",
        "DELETE FROM audit",
        "I4 audit .*: the head says .*, the chain ends at 0",
    ),
    "an audit of contacts that was changed": (
        "notifier",
        "UPDATE audit SET actor = 'nobody'",
        "I4 audit agency:harbour: entry 1 was changed",
    ),
    "a message that is parked": (
        "notifier",
        "INSERT INTO parked VALUES ('c', 't', 'k', 1, 0, 0, 'why', '2027-03-01', '{}', x'00')",
        "1 rows parked",
    ),
    "a message that waits": (
        "matcher",
        "INSERT INTO waiting VALUES ('c', 't', 'k', 2, '{}', x'00', 0, 0, '2027-03-01')",
        "1 rows waiting",
    ),
    "a message that nobody could read": (
        "referral_api",
        "INSERT INTO quarantined VALUES ('c', 't', 0, 0, 'why', '2027-03-01')",
        "1 rows quarantined",
    ),
}


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a suite that served two referrals: one is accepted, one offered."""
    home = tmp_path_factory.mktemp("town") / "home"
    with open_town(home, program("harbour/beds")) as town:
        contact = {"contacts": [{"email": "desk@harbour.example.org"}]}
        town.put(AGENCY, "/v1/agencies/harbour/contacts", contact)
        for _ in range(2):
            town.submit(OFFICER)
        town.step(AGENCY, town.offers(AGENCY, "open")[0], "accept")
    assert violations(home) == []
    return home


@pytest.fixture
def copy(lived_in: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may tamper with."""
    home = tmp_path / "copy"
    shutil.copytree(lived_in, home)
    return home


def tamper(home: Path, name: str, statement: str) -> None:
    """Change a database behind its service's back."""
    with closing(sqlite3.connect(home / "data" / f"{name}.sqlite")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        assert database.execute(statement).rowcount > 0


@pytest.mark.parametrize("harm", DOCTORED)
def test_a_database_that_was_tampered_with_is_found_out(copy: Path, harm: str) -> None:
    name, statement, said = DOCTORED[harm]
    tamper(copy, name, statement)
    found = violations(copy)
    assert [fault for fault in found if re.match(said, fault)], found


def test_a_notice_sent_without_a_letter_is_found_out(copy: Path) -> None:
    letter, *_ = sorted((copy / "mail").glob("*.eml"))
    letter.unlink()
    assert violations(copy) == [f"I3 {letter.stem}: sent, without a letter"]


def test_a_letter_whose_recording_was_cut_short_is_none_too_many(copy: Path) -> None:
    tamper(copy, "notifier", "UPDATE notices SET state = 'pending', sent_at = NULL")
    assert violations(copy) == []
