"""An event that names another referral than its key does is set aside, by every consumer."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from contracts import codec
from contracts.events.lifecycle import TOPIC
from contracts.topics import Consumer
from services.chassis import outbox
from tests.journey.column import OpenColumn
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, Town, open_town

OTHER: Final = "00000000-0000-4000-8000-000000000002"


def publish_under(town: Town, key: str, referral_id: str) -> None:
    """Send the first event of a referral again, under another key."""
    referrals, *_ = town.column.services
    with referrals.database.transaction() as session:
        first, *_ = outbox.stream(session, TOPIC, referral_id)
    town.column.publish([codec.encode_stored(replace(first, key=key))])
    town.settle()


def test_a_snapshot_under_another_referrals_key_is_parked_by_all_who_read_it(
    column: OpenColumn, tmp_path: Path
) -> None:
    with open_town(column(tmp_path / "home"), program("near/beds")) as town:
        referral = town.submit(OFFICER)
        publish_under(town, OTHER, referral)
        parked = town.get(ADMIN, "/ops/parked")["parked"]
        assert {(entry["consumer"], entry["key"]) for entry in parked} == {
            (consumer, OTHER)
            for consumer in (Consumer.MATCHER, Consumer.NOTICES, Consumer.OUTCOMES)
        }
        assert all(entry["reason"].startswith("ValueError at ") for entry in parked)
        decisions = town.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"]
        assert len(decisions) == 1
