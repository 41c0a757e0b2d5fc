"""A clock that is an hour wrong, either way, and right again: nothing is lost, or done twice."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.clock import SettableClock
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import COORDINATOR, OFFICER, Town, partner

NEAR, FAR = partner("near"), partner("far")
HOUR: Final = timedelta(hours=1)
SHORT: Final = timedelta(minutes=30)
LAPSED: Final = "offer.lapsed"


def turn(town: Town, by: timedelta) -> None:
    """Set the clock of every process, backwards too, which no command does; let all settle."""
    right = town.column.platform.settings.clock_file
    draft = Path(f"{right}.draft")
    draft.unlink(missing_ok=True)
    SettableClock(draft).set(town.now() + by)
    draft.replace(right)
    town.settle()


def history(town: Town, referral: str) -> list[Any]:
    """The events of a referral, as the coordinator reads them."""
    items: list[Any] = town.get(COORDINATOR, f"/v1/referrals/{referral}/history")["items"]
    return items


def lapses(town: Town, referral: str) -> Counter[str]:
    """How often each offer of a referral lapsed."""
    events = [event for event in history(town, referral) if LAPSED in event["type"]]
    return Counter(event["data"]["offer_id"] for event in events)


def test_what_was_done_by_a_wrong_clock_stands_when_it_is_right_again(town: OpenTown) -> None:
    here = town(program("near/beds"), program("far/beds", latitude=41.9))
    before = here.submit(OFFICER)
    turn(here, HOUR)
    fast = here.submit(OFFICER)
    turn(here, -2 * HOUR)
    slow = here.submit(OFFICER)
    # Offers of the future and of the past: each is there, and may be answered.
    offers = {offer["referral_id"]: offer for offer in here.offers(NEAR, "open")}
    assert offers.keys() == {before, fast, slow}
    for referral in (fast, slow):
        here.step(NEAR, offers[referral], "accept")
        assert here.get(NEAR, f"/v1/offers/{offers[referral]['offer_id']}/person")["age"] == 34
    turn(here, HOUR)
    listed = [one["referral_id"] for one in here.items(COORDINATOR, "/v1/referrals")]
    assert Counter(listed) == Counter([before, fast, slow])
    assert {here.referral(one)["state"] for one in (fast, slow)} == {"accepted"}
    here.step(NEAR, offers[before], "decline", {"reason": "no_capacity", "side": "provider"})
    assert [offer["referral_id"] for offer in here.offers(FAR, "open")] == [before]


def test_an_offer_that_lapsed_by_a_fast_clock_lapses_once(town: OpenTown) -> None:
    here = town(program("near/beds"), program("far/beds", latitude=41.9))
    referral = here.submit(OFFICER, urgency="crisis")
    (first,) = here.offers(NEAR, "open")
    turn(here, HOUR + SHORT)
    assert lapses(here, referral) == {first["offer_id"]: 1}
    turn(here, -HOUR - SHORT)
    (second,) = here.offers(FAR, "open")
    # Its deadline is that of the wrong clock; the first one's, when it comes, brings nothing.
    here.pass_time(minutes=61)
    assert lapses(here, referral) == {first["offer_id"]: 1}
    here.step(FAR, second, "accept")
    here.pass_time(minutes=120)
    assert lapses(here, referral) == {first["offer_id"]: 1}
    assert here.referral(referral)["state"] == "accepted"


def test_a_token_is_refused_by_a_clock_that_is_an_hour_behind_and_taken_again_after(
    town: OpenTown,
) -> None:
    here = town(program("near/beds"))
    who = Actor(subject="officer-ann", role=Role.OFFICER, unit_id="central")
    tokens = here.column.platform.tokens
    long, short = tokens.issue(who, here.now()), tokens.issue(who, here.now(), SHORT)

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return here.client.get("/v1/referrals", headers=headers).status_code

    assert (status(long), status(short)) == (200, 200)
    turn(here, -HOUR)
    assert (status(long), status(short)) == (401, 401)
    turn(here, 2 * HOUR)
    assert (status(long), status(short)) == (200, 401)
    turn(here, -HOUR)
    assert (status(long), status(short)) == (200, 200)
