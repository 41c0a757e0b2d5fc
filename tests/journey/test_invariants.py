"""Each invariant can fail: a database that was tampered with does not pass."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import CursorResult, Executable, insert, text

from services.chassis.tables import parked, quarantined, waiting
from tests.journey.column import OpenColumn, Stores
from tests.journey.directory import program
from tests.journey.invariants import violations
from tests.journey.town import OFFICER, Town, open_town, partner

AGENCY: Final = partner("harbour")
PLACE: Final = {"consumer": "c", "topic": "t", "partition": 0, "offset": 0}
MESSAGE: Final = PLACE | {"key": "k", "headers": {}, "value": b""}
THEN: Final = datetime(2027, 3, 1, tzinfo=UTC)
# The service whose database is harmed, how, and what the invariants say of it.
DOCTORED: Final[dict[str, tuple[str, str | Executable, str]]] = {
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
            "UPDATE decisions SET referral_id = (SELECT referral_id FROM requests"
            " ORDER BY referral_id LIMIT 1), number = 7 + (SELECT count(*) FROM decisions AS other"
            " WHERE other.id < decisions.id)"
        ),
        "I2 .*: attempt 1 was routed twice",
    ),
    "a notice that was sent twice": (
        "notifier",
        (
            "UPDATE notices SET version = '1', referral_id ="
            " (SELECT referral_id FROM notices ORDER BY referral_id LIMIT 1)"
        ),
        "I3 .*/harbour/offer_made: sent more than once$",
    ),
    "two notices of one offer": (
        "notifier",
        (
            "UPDATE notices SET"
            " referral_id = (SELECT referral_id FROM notices ORDER BY referral_id LIMIT 1),"
            " offer_id = (SELECT offer_id FROM notices ORDER BY offer_id LIMIT 1)"
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
        insert(parked).values(MESSAGE | {"seq": 1, "reason": "why", "at": THEN}),
        "1 rows parked",
    ),
    "a message that waits": (
        "matcher",
        insert(waiting).values(MESSAGE | {"seq": 2, "since": THEN}),
        "1 rows waiting",
    ),
    "a message that nobody could read": (
        "referral_api",
        insert(quarantined).values(PLACE | {"reason": "why", "at": THEN}),
        "1 rows quarantined",
    ),
}


@pytest.fixture(scope="module")
def lived_in(column: OpenColumn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that served two referrals: one is accepted, one offered."""
    home = tmp_path_factory.mktemp("lived-in") / "home"
    with open_town(column(home), program("harbour/beds")) as town:
        contact = {"contacts": [{"email": "desk@harbour.example.org"}]}
        town.put(AGENCY, "/v1/agencies/harbour/contacts", contact)
        for _ in range(2):
            town.submit(OFFICER)
        town.step(AGENCY, town.offers(AGENCY, "open")[0], "accept")
        assert town.violations() == []
        yield town


def harm(stores: Stores, name: str, how: str | Executable) -> None:
    """Change a database behind its service's back."""
    statement = text(how) if isinstance(how, str) else how
    done = getattr(stores, name).execute(statement)
    assert isinstance(done, CursorResult)
    assert done.rowcount != 0


@pytest.mark.parametrize("name", DOCTORED)
def test_a_database_that_was_tampered_with_is_found_out(lived_in: Town, name: str) -> None:
    service, how, said = DOCTORED[name]
    with lived_in.column.lawless_stores() as stores:
        harm(stores, service, how)
        found = violations(stores, lived_in.column.mail)
    assert [fault for fault in found if re.match(said, fault)], found


def test_a_notice_sent_without_a_letter_is_found_out(lived_in: Town, tmp_path: Path) -> None:
    mail = tmp_path / "mail"
    shutil.copytree(lived_in.column.mail, mail)
    letter, *_ = sorted(mail.glob("*.eml"))
    letter.unlink()
    with lived_in.column.stores() as stores:
        assert violations(stores, mail) == [f"I3 {letter.stem}: sent, without a letter"]


def test_a_letter_whose_recording_was_cut_short_is_none_too_many(lived_in: Town) -> None:
    with lived_in.column.lawless_stores() as stores:
        harm(stores, "notifier", "UPDATE notices SET state = 'pending', sent_at = NULL")
        assert violations(stores, lived_in.column.mail) == []
