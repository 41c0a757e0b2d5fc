"""The published API documents hold whatever is sent: nothing breaks, nothing else is answered."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog.testing

from tests.journey.directory import program
from tests.journey.still_town import open_still_town
from tests.journey.test_route_map import CALLERS
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, partner
from tests.journey.wild_requests import Sender

SERVICES = ("referral_api", "matcher", "notifier")
# The least with which every phase is gone through; `make soak` sends more, others each time.
FEW, MANY = 3, 60


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """A town with one offered referral, in this process."""
    home: Path = tmp_path_factory.mktemp("wild") / "home"
    with open_still_town(home, program("harbour/beds")) as town, structlog.testing.capture_logs():
        referral = town.submit(OFFICER)
        (offer,) = town.offers(partner("harbour"))
        invited = {"role": "partner", "agency_id": "harbour", "email": "nia@example.org"}
        staff = town.post(ADMIN, "/v1/invitations", invited)
        (decision,) = town.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"]
        ids = {
            "referral_id": referral,
            "other_id": str(uuid4()),
            "offer_id": offer["offer_id"],
            "decision_id": decision["decision_id"],
            "program_id": "harbour-beds",
            "agency_id": "harbour",
            "unit_id": "central",
            "staff_id": staff["staff_id"],
        }
        issue = town.column.platform.tokens.issue
        tokens = {role: issue(who, town.now()) for role, who in CALLERS.items()}
        yield Sender(town.works.wsgi, tokens, ids)


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_is_sent_the_answer_is_as_documented(sender: Sender, service: str) -> None:
    found = sender.send(service, FEW)
    assert found.failures == []
    assert len(found.done) >= 15  # that all can be done is proven by test_matrix.py
    assert found.sent > 500


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("service", SERVICES)
def test_so_it_is_however_much_is_sent(sender: Sender, service: str, seed: int) -> None:
    assert sender.send(service, MANY, seed).failures == []


def test_an_answer_that_is_not_documented_is_found(sender: Sender) -> None:
    def broken(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"].startswith("/docs/"):
            return sender.wsgi(environ, start)
        start("500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"Jane Canary"]

    found = Sender(broken, sender.tokens, sender.ids).send("notifier", 1)
    assert {failure.partition(":")[0] for failure in found.failures} >= {"not_a_server_error"}
    assert not found.done
