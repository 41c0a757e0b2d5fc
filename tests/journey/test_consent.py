"""A consent's life from end to end: obtained late, revoked, honoured late, and counted."""

from typing import Any, Final

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import COORDINATOR, MANAGER, OFFICER, Town, partner

SHELTER, OTHER = partner("harbour"), partner("elsewhere")
GIVEN: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}


def letters(town: Town) -> list[str]:
    """The subject lines of every letter that was sent."""
    texts = [path.read_text(encoding="utf-8") for path in town.column.mail.glob("*.eml")]
    return sorted(t.partition("Subject: ")[2].partition("\n")[0] for t in texts)


def opened(town: OpenTown) -> Town:
    here = town(program("harbour/beds"), program("elsewhere/beds", latitude=41.9))
    for who in (SHELTER, OTHER):
        contacts = {"contacts": [{"email": f"desk@{who.agency_id}.example.org"}]}
        here.put(who, f"/v1/agencies/{who.agency_id}/contacts", contacts)
    return here


def taken_in(town: Town, who: Any = SHELTER, **changes: Any) -> tuple[str, Any]:
    """A referral that an agency accepted, and its offer."""
    referral = town.submit(OFFICER, **changes)
    (offer,) = [o for o in town.offers(who, "open") if o["referral_id"] == referral]
    town.step(who, offer, "accept")
    return referral, offer


def test_whoever_cannot_consent_is_taken_in_first_and_asked_before_being_read(
    town: OpenTown,
) -> None:
    here = opened(town)
    referral, offer = taken_in(here, consent={"cannot_consent_now": True})
    path = f"/v1/offers/{offer['offer_id']}"
    assert offer["age_band"] == "unknown"
    assert here.call(SHELTER, "GET", f"{path}/person").status_code == 409
    here.step(SHELTER, offer, "consent", GIVEN)
    assert here.get(SHELTER, f"{path}/person")["name"] == "Robin Marlowe"
    here.step(SHELTER, offer, "complete", {"outcome": "sheltered"})
    assert here.referral(referral)["outcome"] == "sheltered"


def test_a_revocation_reaches_the_holder_who_is_reminded_until_the_clock_stops(
    town: OpenTown,
) -> None:
    here = opened(town)
    referral, offer = taken_in(here)
    here.post(OFFICER, f"/v1/referrals/{referral}/revoke-consent", {"note": "rang the station"})
    here.settle()
    person = here.call(SHELTER, "GET", f"/v1/offers/{offer['offer_id']}/person")
    assert person.status_code == 409
    assert here.get(OFFICER, f"/v1/referrals/{referral}")["status"] == "closed"
    here.pass_time(hours=4)
    worklist = here.get(COORDINATOR, "/v1/worklist")["items"]
    assert [reason["why"] for item in worklist for reason in item["why"]] == ["holder_silent"]
    assert any(line.startswith("Consent revoked") for line in letters(here))
    assert any(line.startswith("Still to be acknowledged") for line in letters(here))
    here.step(SHELTER, offer, "acknowledge-revocation")
    assert here.get(COORDINATOR, "/v1/worklist")["items"] == []
    total = here.get(MANAGER, "/v1/outcomes/summary")["total"]
    assert total["times"]["revoked_to_acknowledged"] == {"count": 1, "median": 240, "p90": 240}
    assert total["counts"]["revocations"] == 1
    assert total["counts"]["revocations_open"] == 0


def test_a_consent_that_runs_out_is_the_coordinators_until_the_agency_asks_again(
    town: OpenTown,
) -> None:
    here = opened(town)
    ends = (here.now().replace(hour=18)).isoformat()
    _, offer = taken_in(here, consent=GIVEN | {"expires_at": ends})
    here.pass_time(hours=4)
    path = f"/v1/offers/{offer['offer_id']}/person"
    assert here.call(SHELTER, "GET", path).status_code == 409
    worklist = here.get(COORDINATOR, "/v1/worklist")["items"]
    assert [reason["why"] for item in worklist for reason in item["why"]] == ["consent_needed"]
    here.step(SHELTER, offer, "consent", GIVEN)
    assert here.get(SHELTER, path)["name"] == "Robin Marlowe"
    assert here.get(COORDINATOR, "/v1/worklist")["items"] == []


def test_only_the_agency_that_the_person_named_is_asked(town: OpenTown) -> None:
    here = opened(town)
    named = GIVEN | {"agencies": ["elsewhere"]}
    referral = here.submit(OFFICER, consent=named)
    assert here.offers(SHELTER) == []
    (offer,) = here.offers(OTHER, "open")
    assert offer["referral_id"] == referral
