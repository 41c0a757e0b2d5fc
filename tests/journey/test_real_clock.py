"""The journey on the clock of the database server, as in production: nobody can set it."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journey.directory import directory, program
from tests.journey.production_column import run_production
from tests.journey.town import ADMIN, COORDINATOR, MANAGER, OFFICER, open_town, partner

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]

SHELTER = partner("harbour")
# One machine, one clock; what is stored is cut to microseconds.
SKEW = timedelta(seconds=1)


def test_a_referral_reaches_its_outcome_in_real_time(tmp_path: Path) -> None:
    began = datetime.now(UTC) - SKEW
    with (
        run_production(tmp_path / "home", real_clock=True) as column,
        open_town(nullcontext(column)) as here,
    ):
        here.post(ADMIN, "/v1/directory/imports", stated_at(here.now() - timedelta(hours=1)))
        here.settle()
        referral = here.submit(OFFICER)
        (offer,) = here.offers(SHELTER, "open")
        assert moment(offer["deadline_at"]) > datetime.now(UTC)
        here.step(SHELTER, offer, "accept")
        here.step(SHELTER, offer, "complete", {"outcome": "sheltered"})
        history = here.get(COORDINATOR, f"/v1/referrals/{referral}/history")["items"]
        times = [moment(each["at"]) for each in history]
        assert times == sorted(times)
        assert began < times[0]
        assert times[-1] < datetime.now(UTC) + SKEW
        funnel = here.get(MANAGER, "/v1/outcomes/funnel")["stages"]
        assert {stage["stage"]: stage["count"] for stage in funnel}["got_help"] == 1
        set_back = here.call(ADMIN, "PUT", "/ops/clock", {"now": began.isoformat()})
        assert set_back.is_client_error
        assert here.violations() == []


def moment(text: str) -> datetime:
    """A moment of an answer."""
    return datetime.fromisoformat(text)


def stated_at(when: datetime) -> dict[str, Any]:
    """A directory of one program, whose capacity was stated then."""
    found = directory(program("harbour/beds"))
    for row in found["tables"]["service_capacity"]:
        row["updated"] = when.isoformat()
    return found
