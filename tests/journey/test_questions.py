"""Questions: what eligibility asks is named, answered, and judged again, on the way to a place."""

from typing import Any, Final

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import COORDINATOR, OFFICER, Town, partner

NEAR, FAR = partner("near"), partner("far")
NOT_SAID: Final = {"person": {"age": None}}


def asked(shown: Any) -> list[str]:
    """The questions that a body says are open."""
    return [one["question"] for one in shown["questions"]]


def answer(here: Town, who: Any, referral: str, body: object, **headers: str) -> Any:
    """Answer questions about a referral, and let it settle."""
    found = here.post(who, f"/v1/referrals/{referral}/facts", body, **headers)
    here.settle()
    return found


def state_places(here: Town, available: int) -> None:
    """The near agency states its places anew."""
    here.state_places(NEAR, "near-beds", available)
    here.settle()


def unplaced_for_want_of_papers(here: Town) -> str:
    """A referral that no program fits, whatever is free, since somebody answered for it."""
    referral = here.submit(OFFICER, **NOT_SAID)
    (item,) = here.get(COORDINATOR, "/v1/worklist")["items"]
    for shown in (item["referral"], here.get(OFFICER, f"/v1/referrals/{referral}")):
        assert asked(shown) == ["age", "documents"]
    answer(here, COORDINATOR, referral, {"documents": "none"})
    state_places(here, 1)
    assert here.referral(referral)["state"] == "unplaced"
    return referral


def test_whoever_is_unplaced_by_one_answer_is_offered_by_the_next(town: OpenTown) -> None:
    papers = ["documents_required"]
    here = town(program("near/beds", minimum_age=18, available=0, eligibility=papers))
    referral = unplaced_for_want_of_papers(here)
    # That no program fits is nothing that the officer learns.
    seen = here.call(OFFICER, "GET", f"/v1/referrals/{referral}")
    assert (seen.json()["status"], asked(seen.json())) == ("received", [])

    # The officer has brought the person to the records office since, and knows no age.
    body, tag = {"documents": "ready", "age": None}, seen.headers["ETag"]
    answer(here, OFFICER, referral, body, If_Match=tag)
    (offer,) = here.offers(NEAR, "open")
    assert (offer["referral_id"], offer["eligibility"]) == (referral, ["documents_ready"])
    assert (asked(offer), offer["age_band"]) == ([], "unknown")

    # The agency asks at the door; the answer stays beside the person.
    here.step(NEAR, offer, "accept")
    path = f"/v1/offers/{offer['offer_id']}"
    tag = here.call(NEAR, "GET", path).headers["ETag"]
    here.post(NEAR, f"{path}/facts", {"age": 52}, If_Match=tag)
    known = {"age": 52, "household": 1, "documents": "ready"}
    assert here.get(NEAR, f"{path}/person")["facts"] == known


def test_an_answer_is_news_to_the_agency_and_takes_no_offer_back(town: OpenTown) -> None:
    dry = ["sobriety_required"]
    here = town(program("near/beds", eligibility=dry), program("far/beds", latitude=41.9))
    here.put(NEAR, "/v1/agencies/near/contacts", {"contacts": [{"email": "desk@near.example.org"}]})
    first = here.submit(OFFICER)
    here.step(FAR, here.offers(FAR, "open")[0], "decline", {"reason": "barred", "side": "provider"})
    (offer,) = here.offers(NEAR, "open")
    assert (offer["referral_id"], asked(offer)) == (first, ["sobriety"])
    answer(here, OFFICER, first, {"sobriety": "none"})
    (offer,) = here.offers(NEAR, "open")
    assert (asked(offer), offer["eligibility"]) == ([], ["sobriety_none"])
    letters = [path.read_text() for path in here.column.mail.glob("*.eml")]
    (letter,) = (text for text in letters if "question was answered" in text)
    assert "sobriety" not in letter
    no = {"reason": "not_eligible", "side": "provider"}
    here.step(NEAR, offer, "decline", no)
    assert here.referral(first)["state"] == "unplaced"
    (decision,) = here.get(COORDINATOR, f"/v1/decisions?referral_id={first}")["items"][-1:]
    reasons = {found["program_id"]: found["reasons"] for found in decision["considered"]}
    assert "not_sober" in reasons["near-beds"]
