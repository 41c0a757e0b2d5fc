"""Live help from end to end: who can help, the wait for an offer, and whom the officer meets."""

from typing import Any, Final
from uuid import uuid4

from tests.journey.conftest import OpenTown
from tests.journey.directory import CENTRE, program
from tests.journey.town import OFFICER, Town, partner, submission

SHELTER: Final = partner("harbour")
ASKED: Final = {"need": "emergency_shelter", "place": CENTRE, "age": 34, "language": "en"}


def who_can_help(town: Town, **said: Any) -> Any:
    return town.post(OFFICER, "/v1/match-previews", ASKED | said)


def submitted(town: Town) -> str:
    """A crisis, acknowledged; nobody has waited for the matcher."""
    body, key = submission(urgency="crisis"), str(uuid4())
    receipt = town.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key)
    return str(receipt["referral_id"])


def seen(town: Town, referral: str, query: str = "") -> tuple[str, Any]:
    shown = town.get(OFFICER, f"/v1/referrals/{referral}{query}")
    return shown["status"], shown["receiver"]


def moment(town: Town, referral: str, **kinds: str) -> None:
    """The officer records what happens now."""
    said = {name: kind or town.now().isoformat() for name, kind in kinds.items()}
    town.post(OFFICER, f"/v1/referrals/{referral}/handoff", said)


def brought(town: Town, referral: str, receiver: Any) -> None:
    """Called, accepted, arrived, left: the receiver is told until the officer leaves."""
    moment(town, referral, kind="in_person", called_at="")
    town.settle()
    (offer,) = town.offers(SHELTER, "open")
    town.step(SHELTER, offer, "accept")
    moment(town, referral, arrived_at="")
    assert seen(town, referral) == ("with_a_program", receiver)
    moment(town, referral, left_at="")
    town.settle()
    assert seen(town, referral) == ("with_a_program", None)


def test_an_officer_asks_submits_waits_and_brings_the_person_to_the_receiver(
    town: OpenTown,
) -> None:
    here = town(
        program("harbour/beds", street="1 Quay", available=2),
        program("lodge/beds", latitude=42.1),
    )
    before = who_can_help(here)
    assert [one["program_id"] for one in before["open"]] == ["harbour-beds", "lodge-beds"]
    best = before["open"][0]
    assert (best["free"], best["questions"], before["full"]) == (2, [], 0)
    referral = submitted(here)
    receiver = {name: best[name] for name in ("program_id", "name", "phone", "address")}
    assert receiver["address"] == "1 Quay, Port, IL 61201"
    assert seen(here, referral, "?wait=20") == ("received", receiver)
    assert who_can_help(here)["open"][0]["free"] == 1
    brought(here, referral, receiver)
    assert here.violations() == []


def test_who_flees_from_violence_is_given_a_telephone_and_no_address(town: OpenTown) -> None:
    here = town(program("refuge/line", need="domestic_violence_shelter", street="2 Quay"))
    (line,) = who_can_help(here, need="domestic_violence_shelter")["open"]
    assert line["phone"] is not None
    hidden = ("address", "latitude", "longitude", "distance_km")
    assert [line[name] for name in hidden] == [None] * len(hidden)
