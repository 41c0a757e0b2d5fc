"""An erasure from end to end: planted words and coarse facts are in no store, totals stay."""

from typing import Any, Final

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, MANAGER, OFFICER, Town, partner

SHELTER: Final = partner("harbour")
# Stands in no directory and no other referral; the language and the cell are coarse facts.
PLANTED: Final = {"name": "Zyx Erasure-Canary", "where_to_find": "erasure-canary under the bridge"}
FACTS: Final = {"language": "hmn", "household_size": 7}
# What carries events to the services forgets by itself, after the retention of each topic; what
# PostgreSQL writes ahead of its tables does, as checkpoints pass.
LOGS: Final = ("events.sqlite", "kafka", "pg_wal")


def known(town: Town) -> tuple[str, Any]:
    """A referral that an agency held and ended, with planted words and facts."""
    referral = town.submit(OFFICER, person={**PLANTED, **FACTS}, note="erasure-canary in a note")
    (offer,) = town.offers(SHELTER, "open")
    town.step(SHELTER, offer, "accept")
    town.get(SHELTER, f"/v1/offers/{offer['offer_id']}/person")
    town.step(SHELTER, offer, "complete", {"outcome": "sheltered"})
    return referral, offer


def stores(town: Town) -> dict[str, bytes]:
    """Everything that is kept anywhere but in the logs."""
    found = town.column.sinks()
    return {
        name: content for name, content in found.items() if not any(log in name for log in LOGS)
    }


def holding(town: Town, word: bytes) -> list[str]:
    return sorted(name for name, content in stores(town).items() if word in content)


def totals(town: Town) -> Any:
    return town.get(MANAGER, "/v1/outcomes/summary")["total"]


def test_after_an_erasure_no_store_knows_the_person_and_the_totals_stay(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral, offer = known(here)
    before = totals(here)
    assert holding(here, b"hmn"), "the facts stand somewhere before"
    here.post(COORDINATOR, f"/v1/referrals/{referral}/erase", {"reason": "person_asked"})
    here.settle()
    for word in (b"Erasure-Canary", b"erasure-canary", b"hmn"):
        assert holding(here, word) == []
    assert totals(here) == before
    groups = here.get(MANAGER, "/v1/outcomes/summary?by=language")["groups"]
    assert [group["value"] for group in groups] == ["unknown"]
    audit = here.get(COORDINATOR, f"/v1/referrals/{referral}/audit")
    assert audit["verified"] is True
    assert audit["items"][-1]["action"] == "person.key_destroyed"
    person = here.call(SHELTER, "GET", f"/v1/offers/{offer['offer_id']}/person")
    assert person.status_code == 409


def test_the_figures_are_rebuilt_to_the_same_after_an_erasure(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral, _ = known(here)
    here.submit(OFFICER)
    here.post(COORDINATOR, f"/v1/referrals/{referral}/erase", {"reason": "guardian_asked"})
    here.settle()
    before = [here.get(MANAGER, f"/v1/outcomes/summary?by={by}") for by in ("sector", "language")]
    here.post(ADMIN, "/v1/outcomes/rebuild")
    here.post(ADMIN, "/v1/history/republish", {})
    here.settle()
    after = [here.get(MANAGER, f"/v1/outcomes/summary?by={by}") for by in ("sector", "language")]
    assert after == before


def test_nobody_but_a_coordinator_erases(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral, _ = known(here)
    service = Actor(subject="a-service", role=Role.SERVICE)
    for who in (OFFICER, SHELTER, MANAGER, ADMIN, service):
        path, body = f"/v1/referrals/{referral}/erase", {"reason": "person_asked"}
        assert here.call(who, "POST", path, body).status_code == 403
