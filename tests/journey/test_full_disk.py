"""A disk that takes nothing more: submissions are refused for now, and nothing is half-written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
from sqlalchemy import Table, func, select

from contracts.problems import JSON, Problem
from services.chassis.tables import metadata as shared
from services.referral_api.tables import Base
from tests.journey.directory import program
from tests.journey.embedded_column import open_embedded
from tests.journey.town import COORDINATOR, OFFICER, Town, open_town, partner, submission

# No file of this process may grow beyond, or be written there: as on a full disk, one that is
# written to in its middle may take a part of it. Letters and clocks are smaller.
ROOM_BYTES: Final = 8192
PATH: Final = "/v1/referrals"
DESK: Final = partner("near")


@contextmanager
def full_disk() -> Iterator[None]:
    """A time in which the system refuses to let files grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def rows(town: Town) -> dict[str, int]:
    """How many rows each table of the referral service has."""
    tables: dict[str, Table] = {**shared.tables, **Base.metadata.tables}
    with town.column.stores() as stores:
        count = stores.referral_api.scalar
        return {name: count(select(func.count()).select_from(t)) or 0 for name, t in tables.items()}


def is_told_to_come_again(answer: httpx.Response) -> bool:
    """Whether it is a problem that passes, and says when to try again."""
    kind = answer.headers["Content-Type"] == JSON and "Retry-After" in answer.headers
    return kind and answer.json()["type"] == Problem.UNAVAILABLE.value.type


def test_on_a_full_disk_nothing_is_half_written_and_all_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    with open_town(open_embedded(tmp_path / "home"), program("near/beds")) as town:
        town.submit(OFFICER)
        (offer,) = town.offers(DESK, "open")
        accept, before = f"/v1/offers/{offer['offer_id']}/accept", rows(town)
        body, key = submission(), str(uuid4())
        with full_disk():
            for _ in range(3):
                answer = town.call(OFFICER, "POST", PATH, body, Idempotency_Key=key)
                assert answer.status_code == 503, answer.text
                assert is_told_to_come_again(answer)
            assert town.call(DESK, "POST", accept, {}).status_code == 503
            # Whoever only looks is served all the time.
            assert len(list(town.items(COORDINATOR, PATH))) == 1
            assert [one["state"] for one in town.offers(DESK)] == ["open"]
        assert rows(town) == before
        first = town.post(OFFICER, PATH, body, Idempotency_Key=key)
        assert town.post(OFFICER, PATH, body, Idempotency_Key=key) == first
        town.step(DESK, offer, "accept")
        assert len(town.offers(DESK, "open")) == 1
        assert {one["referral_id"] for one in town.items(COORDINATOR, PATH)} == {
            first["referral_id"],
            offer["referral_id"],
        }
        assert town.violations() == []
