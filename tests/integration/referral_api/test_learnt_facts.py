"""Facts that one side learnt: what another side may do with them, see of them, and find out."""

from typing import Any, Final

import pytest

from contracts.events.routing import Choice, Routed
from contracts.questions import Question
from tests.integration.referral_api.asking import PROTECTED, answer, asked, offered, tag, waiting
from tests.integration.referral_api.office import COORDINATOR, FAR, NEAR, OFFICER, Office

CONSENT: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
BRIEF: Final = CONSENT | {"scope": "contact_and_need"}
RETURNED: Final = {"reason": "no_capacity", "side": "provider"}


def correct(office: Office, referral: str, **body: Any) -> None:
    """The officer corrects by the newest version."""
    path = f"/v1/referrals/{referral}"
    office.ok(OFFICER, "PATCH", path, body, If_Match=tag(office, OFFICER, path))


def refuge(office: Office) -> tuple[str, str]:
    """A person of whom papers were known holds a place in a refuge now, and its offer."""
    referral = waiting(office, person={"age": 34})
    answer(office, OFFICER, referral, {"documents": "some"})
    correct(office, referral, need=PROTECTED)
    choice = Choice(program_id="near-beds", agency_id="near", directory_version=1)
    office.propose(Routed, referral, choices=(choice,))
    (offer,) = [one["offer_id"] for one in office.seen(referral)["offers"]]
    office.step(NEAR, offer, "accept")
    return referral, offer


def test_what_a_refuge_learnt_is_gone_once_the_need_is_no_longer_protected(
    office: Office,
) -> None:
    referral, offer = refuge(office)
    learnt = {"sobriety": "none", "gender": "woman", "income": None, "age": 52}
    for body in (learnt | {"documents": "none"}, {"age": 53}):
        seen = tag(office, NEAR, f"/v1/offers/{offer}")
        office.ok(NEAR, "POST", f"/v1/offers/{offer}/facts", body, If_Match=seen)
    office.step(NEAR, offer, "not-served", RETURNED)
    correct(office, referral, need="emergency_shelter")
    facts = office.snapshot(referral)["facts"]
    assert (facts["eligibility"], facts["age"]) == (["documents_some"], 34)
    assert office.rows("SELECT answered FROM referrals") == [('["age","household","documents"]',)]
    sealed = {row[0] for row in office.rows("SELECT field FROM person_fields")}
    assert sealed.isdisjoint({"sobriety", "gender", "income", "not_known", "said_before"})


def test_what_an_officer_corrects_meanwhile_is_not_gone_back_on(office: Office) -> None:
    referral, offer = refuge(office)
    seen = tag(office, NEAR, f"/v1/offers/{offer}")
    body = {"age": 52, "sobriety": "days"}
    office.ok(NEAR, "POST", f"/v1/offers/{offer}/facts", body, If_Match=seen)
    office.step(NEAR, offer, "not-served", RETURNED)
    correct(office, referral, person={"age": 61})
    correct(office, referral, need="emergency_shelter")
    facts = office.snapshot(referral)["facts"]
    assert (facts["eligibility"], facts["age"]) == (["documents_some"], 61)


def test_a_consent_to_contact_and_need_hides_answers_and_questions_in_offers(
    office: Office,
) -> None:
    referral, offer = offered(office, consent=BRIEF)
    answer(office, OFFICER, referral, {"documents": "none", "language": ["en"]})
    page = office.ok(NEAR, "GET", "/v1/offers")["items"]
    for shown in (office.ok(NEAR, "GET", f"/v1/offers/{offer}"), *page):
        assert (asked(shown), shown["eligibility"], shown["also_speaks"]) == ([], [], [])
        assert shown["language"] == "es"
    assert office.refused(NEAR, "POST", f"/v1/offers/{offer}/facts", {"age": 30}) == 409
    office.step(NEAR, offer, "accept")
    shown = office.step(NEAR, offer, "consent", CONSENT)
    assert (asked(shown), shown["eligibility"]) == (["age"], ["documents_none"])
    assert shown["also_speaks"] == ["en"]


def test_an_agency_with_an_open_offer_answers_what_it_is_shown_as_open_and_finds_out_nothing(
    office: Office,
) -> None:
    referral, near = offered(office)
    offers = {one["agency_id"]: one["offer_id"] for one in office.seen(referral)["offers"]}
    answer(office, OFFICER, referral, {"documents": "some", "gender": "woman"})
    tries = [
        (NEAR, near, {"documents": "none"}),  # asked, and answered by somebody else
        (NEAR, near, {"gender": "man"}),  # not asked, and answered by somebody else
        (NEAR, near, {"income": "low"}),  # not asked, and open
        (NEAR, near, {"age": 40, "income": None}),
        (FAR, offers["far"], {"age": 40}),
    ]
    told = [office.call(who, "POST", f"/v1/offers/{o}/facts", body) for who, o, body in tries]
    assert {one.status_code for one in told} == {409}
    assert {one.json["detail"] for one in told} == {
        "before you accept, answer only what the offer shows as open"
    }
    assert office.events(referral).count("referral.fact_added") == 1
    office.step(NEAR, near, "facts", {"age": 40})


def test_who_cannot_consent_now_is_not_told_about_by_an_agency_that_has_not_accepted(
    office: Office,
) -> None:
    _, offer = offered(office, consent={"cannot_consent_now": True})
    path, body = f"/v1/offers/{offer}/facts", {"documents": "some"}
    assert office.refused(NEAR, "POST", path, body) == 409
    office.step(NEAR, offer, "accept")
    office.ok(NEAR, "POST", path, body)


def test_an_officer_writes_over_nothing_that_the_program_recorded(office: Office) -> None:
    referral, offer = offered(office)
    office.step(NEAR, offer, "accept")
    office.step(NEAR, offer, "facts", {"documents": "none"})
    path = f"/v1/referrals/{referral}"
    for body in ({"documents": "ready"}, {"income": "low"}):
        found = answer(office, OFFICER, referral, body, If_Match=tag(office, OFFICER, path))
        assert (found.status_code, found.json["detail"]) == (
            409,
            "it is with a program now: tell them",
        )
    assert office.snapshot(referral)["facts"]["eligibility"] == ["documents_none"]
    assert answer(office, COORDINATOR, referral, {"income": "low"}).status_code == 200
    office.step(NEAR, offer, "not-served", RETURNED)
    assert answer(office, OFFICER, referral, {"sobriety": "days"}).status_code == 200


REVOKED: Final = {
    "officer": (OFFICER, "referrals", "revoke-consent", {}),
    "agency": (NEAR, "offers", "revoke-consent", {}),
    "withdrawal": (OFFICER, "referrals", "withdraw", {"reason": "consent_revoked"}),
}


@pytest.mark.parametrize("how", REVOKED)
def test_what_an_agency_was_answered_is_not_said_again_after_a_revocation(
    office: Office, how: str
) -> None:
    referral, offer = offered(office)
    path, body = f"/v1/offers/{offer}/facts", {"documents": "some"}
    first = office.call(NEAR, "POST", path, body, Idempotency_Key="k")
    assert first.json["eligibility"] == ["documents_some"]
    who, kind, step, said = REVOKED[how]
    ends = f"/v1/{kind}/{offer if kind == 'offers' else referral}/{step}"
    once, again = (office.call(who, "POST", ends, said, Idempotency_Key="end") for _ in range(2))
    assert (once.status_code, once.json) == (200, again.json)
    repeated = office.call(NEAR, "POST", path, body, Idempotency_Key="k")
    assert repeated.status_code == 409
    assert "documents" not in repeated.text


def test_which_questions_were_answered_is_in_no_stored_answer_after_an_erasure(
    office: Office,
) -> None:
    referral, offer = offered(office)
    path = f"/v1/referrals/{referral}"
    for who, where in ((OFFICER, path), (COORDINATOR, path), (NEAR, f"/v1/offers/{offer}")):
        question = {OFFICER: Question.SOBRIETY, COORDINATOR: Question.INCOME, NEAR: Question.AGE}
        office.ok(who, "POST", f"{where}/facts", {question[who]: None}, Idempotency_Key="k")
    erasing = {"reason": "person_asked"}
    once, again = (
        office.call(COORDINATOR, "POST", f"{path}/erase", erasing, Idempotency_Key="k")
        for _ in range(2)
    )
    assert (once.status_code, once.json) == (200, again.json)
    kept = office.rows("SELECT route FROM idempotency WHERE route <> 'POST /v1/referrals'")
    assert kept == [(f"POST {path}/erase",)]
