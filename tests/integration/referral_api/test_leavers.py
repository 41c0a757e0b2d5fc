"""Whoever left is refused here too, and what they had in the worklist is nobody's again."""

from datetime import timedelta
from typing import Final

import pytest

from contracts.events import access
from contracts.events.access import AccessEnded
from contracts.events.routing import Unplaced
from contracts.vocabulary import Role
from services.chassis import ended_access
from services.chassis.actor import Actor
from services.referral_api.store.leavers import KEPT_FOR
from tests.integration.referral_api.office import COORDINATOR, NEAR, Office
from tests.integration.referral_api.queue import PATH, audited, names, waiting

LEAVER: Final = Actor(subject="coordinator-di", role=Role.COORDINATOR)


PEOPLE: Final = ("Ada Quill", "Bo Feather", "Cy Ferrywharf")


def somebody(name: str) -> dict[str, str]:
    """Another person than all others: nobody's duplicate."""
    address = f"{name.replace(' ', '.')}@example.org"
    return {"name": name, "email": address, "phone": f"+1 555 01{len(name):05}"}


def hear(office: Office, who: Actor, *, left: bool = True) -> None:
    """The news that somebody's access ended."""
    access_id = ended_access.of_actor(who)
    now = office.clock.now()
    office.hear(access.TOPIC, access_id, AccessEnded(access_id=access_id, ended_at=now, left=left))


def test_what_a_coordinator_had_who_left_is_nobodys_again_and_audited(office: Office) -> None:
    theirs, others, quiet = (waiting(office, person=somebody(name)) for name in PEOPLE)
    for referral in (theirs, quiet):
        office.ok(LEAVER, "POST", f"{PATH}/{referral}/take", {})
    office.ok(COORDINATOR, "POST", f"{PATH}/{others}/take", {})
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{quiet}/reroute", {})
    hear(office, LEAVER)
    assert office.call(LEAVER, "GET", PATH).status_code == 401
    office.run_jobs()
    assert names(office, "?assigned=nobody") == [theirs]
    assert names(office, "?assigned=mine") == [others]
    entry = audited(office, theirs)
    assert (entry["action"], entry["actor"]) == ("worklist.release", "referral_api")
    assert entry["detail"] == {"taken_from": LEAVER.subject}
    # What needed nobody when they left comes back as nobody's.
    office.propose(Unplaced, quiet)
    assert set(names(office, "?assigned=nobody")) == {theirs, quiet}


def test_whose_tokens_are_refused_without_leaving_keeps_what_they_have(office: Office) -> None:
    referral = waiting(office)
    office.ok(LEAVER, "POST", f"{PATH}/{referral}/take", {})
    hear(office, LEAVER, left=False)
    office.run_jobs()
    assert names(office, "?assigned=nobody") == []
    assert office.call(LEAVER, "GET", PATH).status_code == 401


@pytest.mark.parametrize("who", [Actor(subject="coordinator-di", role=NEAR.role, agency_id="near")])
def test_a_partner_of_the_same_name_who_left_takes_nothing_from_a_coordinator(
    office: Office, who: Actor
) -> None:
    referral = waiting(office)
    office.ok(LEAVER, "POST", f"{PATH}/{referral}/take", {})
    hear(office, who)
    office.run_jobs()
    assert names(office, "?assigned=nobody") == []
    assert office.call(who, "GET", "/v1/offers").status_code == 401
    assert office.call(LEAVER, "GET", PATH).status_code == 200


def test_who_comes_back_keeps_what_they_take_then(office: Office) -> None:
    referral = waiting(office)
    hear(office, LEAVER)
    office.run_jobs()
    office.clock.advance(KEPT_FOR + timedelta(seconds=1))
    office.run_jobs()
    assert office.rows("SELECT * FROM leavers") == []
    office.ok(LEAVER, "POST", f"{PATH}/{referral}/take", {})
    office.run_jobs()
    assert names(office, "?assigned=nobody") == []
