"""A warm handoff from end to end: recorded by the officer, seen by the holder, measured."""

from datetime import timedelta
from typing import Any, Final

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, MANAGER, OFFICER, Town, partner

SHELTER: Final = partner("harbour")
PEOPLE: Final = ("Robin Marlowe", "Ada Byrne", "Ilse Hartog")


def figures(town: Town) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """The rates of the whole, and of each kind what was submitted and who got help."""
    answer = town.get(MANAGER, "/v1/outcomes/summary?by=handoff")
    groups = {
        g["value"]: {name: g["counts"][name] for name in ("submitted", "got_help")}
        for g in answer["groups"]
    }
    return answer["total"]["rates"], groups


def handed_over(town: Town, referral: str, **said: Any) -> Any:
    """What the officer records, with moments as minutes before now."""
    moments = {
        name: (town.now() - timedelta(minutes=ago)).isoformat() if name != "kind" else ago
        for name, ago in said.items()
    }
    answer = town.post(OFFICER, f"/v1/referrals/{referral}/handoff", moments)
    town.settle()
    return answer


def recorded(town: Town) -> list[str]:
    """Three referrals: one person brought, one announced by telephone, one of whom nobody said."""
    referrals = [town.submit(OFFICER, person={"name": who}) for who in PEOPLE]
    town.pass_time(minutes=40)
    handed_over(town, referrals[0], kind="in_person", called_at=40)
    handed_over(town, referrals[0], arrived_at=15, left_at=5)
    handed_over(town, referrals[1], kind="phone", called_at=30)
    return referrals


def sheltered(town: Town, referral: str) -> None:
    """The shelter takes the person in, sees how they came, and finishes."""
    (offer,) = [o for o in town.offers(SHELTER, "open") if o["referral_id"] == referral]
    assert offer["handoff"] is None
    town.step(SHELTER, offer, "accept")
    held = town.get(SHELTER, f"/v1/offers/{offer['offer_id']}")
    assert held["handoff"]["kind"] == "in_person"
    town.step(SHELTER, offer, "complete", {"outcome": "sheltered"})


def test_a_person_who_is_brought_counts_as_brought_until_nobody_may_know(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    brought, _, untold = recorded(here)
    sheltered(here, brought)
    rates, kinds = figures(here)
    assert rates["warm_handoff"] == {"numerator": 1, "denominator": 3, "value": 0.3333}
    assert rates["arrival_in_time"]["value"] == 1.0
    assert kinds == {
        "in_person": {"submitted": 1, "got_help": 1},
        "phone": {"submitted": 1, "got_help": 0},
        "unknown": {"submitted": 1, "got_help": 0},
    }
    here.post(COORDINATOR, f"/v1/referrals/{brought}/erase", {"reason": "person_asked"})
    here.settle()
    left = figures(here)
    assert left[0]["warm_handoff"] == rates["warm_handoff"]
    assert left[1]["unknown"] == {"submitted": 2, "got_help": 1}
    for again in ("/v1/outcomes/rebuild", "/v1/history/republish"):
        here.post(ADMIN, again)
    here.settle()
    assert figures(here) == left
    assert here.get(OFFICER, f"/v1/referrals/{untold}/handoff")["kind"] is None
