"""Facts: questions that are open, who answers them, and that offers stand while they are."""

from typing import Any

import pytest

from contracts.events.routing import Choice, Routed, Unplaced
from tests.integration.referral_api.asking import (
    ASKED,
    PROTECTED,
    answer,
    asked,
    offered,
    tag,
    waiting,
)
from tests.integration.referral_api.office import (
    COLLEAGUE,
    COORDINATOR,
    FAR,
    NAMESAKE,
    NEAR,
    OFFICER,
    Office,
)

YOUTH = Choice(program_id="near-beds", agency_id="near", directory_version=1)
ADULTS = Choice(program_id="far-beds", agency_id="far", directory_version=1)


def test_officer_coordinator_and_worklist_name_the_open_questions(office: Office) -> None:
    referral = waiting(office)
    path = f"/v1/referrals/{referral}"
    shown = office.ok(OFFICER, "GET", path)
    assert asked(shown) == asked(office.seen(referral)) == ["age", "documents", "sobriety"]
    assert shown["questions"][0]["ask"] == "How old is the person, in years?"
    (item,) = office.ok(COORDINATOR, "GET", "/v1/worklist")["items"]
    assert asked(item["referral"]) == ["age", "documents", "sobriety"]
    allowed = {"referral_id", "reference", "status", "submitted_at", "needs_attention", "questions"}
    assert shown.pop("receiver") is None
    assert set(shown) == allowed


def test_an_answer_is_sealed_and_its_code_alone_goes_out(office: Office) -> None:
    referral = waiting(office)
    body = {"documents": "none", "age": 41, "language": ["so", "en"]}
    first = answer(office, OFFICER, referral, body)
    assert (first.status_code, asked(first.json)) == (200, ["sobriety"])
    (kind, told), (opened, _) = office.stream(referral)[-2:]
    assert opened == "handoff.attempt.opened.v1"
    assert kind == "handoff.referral.fact_added.v1"
    assert (told["questions"], told["agency_id"]) == (["age", "documents", "language"], None)
    facts = told["snapshot"]["facts"]
    assert (facts["age"], facts["eligibility"]) == (41, ["documents_none"])
    assert (facts["language"], facts["also_speaks"]) == ("es", ["en", "so"])
    assert told["snapshot"]["state"] == "routing"
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"][-1]
    assert audit["action"] == "referral.add_facts"
    assert audit["detail"] == {"fields": ["age", "documents", "language"]}


def test_what_nobody_knows_is_a_fact_too_and_is_not_asked_again(office: Office) -> None:
    referral = waiting(office)
    body = {"sobriety": None, "age": None}
    assert asked(office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/facts", body)) == [
        "documents"
    ]
    assert office.snapshot(referral)["facts"]["eligibility"] == []
    office.propose(Unplaced, referral, questions=ASKED)
    assert asked(office.ok(OFFICER, "GET", f"/v1/referrals/{referral}")) == ["documents"]


def test_an_answer_that_the_matcher_gave_before_it_knew_the_fact_makes_no_offer(
    office: Office,
) -> None:
    referral = waiting(office)
    before = office.seen(referral)["attempt"]
    answer(office, OFFICER, referral, {"age": 41})
    office.propose(Routed, referral, attempt=before, choices=(YOUTH,))
    assert office.seen(referral)["offers"] == []
    office.propose(Routed, referral, choices=(ADULTS,))
    (offer,) = office.seen(referral)["offers"]
    assert offer["program_id"] == "far-beds"


def test_what_a_coordinator_chose_stays_chosen_whatever_is_learnt(office: Office) -> None:
    referral = waiting(office)
    chosen_by = {"program_id": "near-beds", "note": "they have a key"}
    office.ok(COORDINATOR, "POST", f"/v1/referrals/{referral}/place", chosen_by)
    chosen = office.seen(referral)["attempt"]
    answer(office, OFFICER, referral, {"age": 41})
    office.propose(Routed, referral, attempt=chosen, choices=(YOUTH,))
    (offer,) = office.seen(referral)["offers"]
    assert offer["program_id"] == "near-beds"


def test_offers_stand_and_their_agency_sees_the_answers_that_its_program_asks(
    office: Office,
) -> None:
    referral, offer = offered(office)
    shown = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (asked(shown), shown["eligibility"]) == (["age", "documents"], [])
    answer(office, OFFICER, referral, {"documents": "none", "sobriety": "none", "age": 19})
    shown = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (shown["state"], shown["age_band"]) == ("open", "18_to_24")
    assert (asked(shown), shown["eligibility"]) == ([], ["documents_none"])
    assert [o["state"] for o in office.seen(referral)["offers"]] == ["open", "open"]
    assert "offer.rescinded" not in office.events(referral)
    assert [o["eligibility"] for o in office.ok(FAR, "GET", "/v1/offers")["items"]] == [[]]


def test_an_agency_answers_through_its_offer_and_edits_only_once_it_holds(office: Office) -> None:
    referral, offer = offered(office)
    path = f"/v1/offers/{offer}/facts"
    assert asked(office.ok(NEAR, "POST", path, {"documents": "some"})) == ["age"]
    assert office.stream(referral)[-1][1]["agency_id"] == "near"
    assert office.refused(NEAR, "POST", path, {"documents": "ready"}) == 409
    office.step(NEAR, offer, "accept")
    assert office.refused(NEAR, "POST", path, {"documents": "ready"}) == 428
    seen = tag(office, NEAR, f"/v1/offers/{offer}")
    body = {"documents": "ready", "income": "low"}
    edited = office.call(NEAR, "POST", path, body, If_Match=seen)
    assert edited.json["eligibility"] == ["documents_ready"]
    assert office.call(NEAR, "POST", path, body, If_Match=seen).status_code == 412
    person = office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    assert person["facts"] == {"documents": "ready", "income": "low"}
    assert asked(person) == ["age"]
    audit = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"]
    reads = next(one for one in audit if one["action"] == "person.read")["detail"]["fields"]
    assert [name for name in reads if name.startswith("facts.")] == [
        "facts.documents",
        "facts.income",
    ]


def test_an_edit_names_what_it_read_and_says_the_same_whether_it_changes_anything(
    office: Office,
) -> None:
    referral = waiting(office)
    path = f"/v1/referrals/{referral}"
    answer(office, COORDINATOR, referral, {"sobriety": "month"})
    for word in ("month", "none"):
        assert answer(office, OFFICER, referral, {"sobriety": word}).status_code == 428
        old = tag(office, OFFICER, path)
        edited = answer(office, OFFICER, referral, {"sobriety": word}, If_Match=old)
        assert (edited.status_code, edited.headers["ETag"] == old) == (200, False)
        again = answer(office, OFFICER, referral, {"sobriety": word}, If_Match=old)
        assert again.status_code == 412
    assert office.snapshot(referral)["facts"]["eligibility"] == ["sobriety_none"]


def test_the_same_key_answers_the_same_and_adds_once(office: Office) -> None:
    referral = waiting(office)
    first, again = (
        answer(office, OFFICER, referral, {"documents": "some"}, Idempotency_Key="once")
        for _ in range(2)
    )
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert office.events(referral).count("referral.fact_added") == 1


def test_answers_outlive_a_correction(office: Office) -> None:
    referral = waiting(office)
    answer(office, OFFICER, referral, {"documents": "some", "language": ["en"]})
    path = f"/v1/referrals/{referral}"
    for need in (PROTECTED, "emergency_shelter"):
        seen = tag(office, OFFICER, path)
        assert office.call(OFFICER, "PATCH", path, {"need": need}, If_Match=seen).status_code == 200
        facts = office.snapshot(referral)["facts"]
        shown = facts.get("eligibility"), facts.get("also_speaks")
        assert shown == (([], []) if need == PROTECTED else (["documents_some"], ["en"]))
        assert asked(office.ok(OFFICER, "GET", path)) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "_schema"),
        ({"age": 121}, "age"),
        ({"age": "34"}, "age"),
        ({"household": 0}, "household"),
        ({"gender": "female"}, "gender"),
        ({"documents": True}, "documents"),
        ({"income": 1200}, "income"),
        ({"sobriety": "yes"}, "sobriety"),
        ({"language": []}, "language"),
        ({"language": ["english"]}, "language"),
        ({"language": ["en", "en"]}, "language"),
        ({"shoe_size": 44}, "shoe_size"),
    ],
)
def test_an_answer_that_cannot_stand_is_named(
    front_door: Office, body: dict[str, Any], field: str
) -> None:
    found = answer(front_door, COORDINATOR, "00000000-0000-7000-8000-000000000001", body)
    assert (found.status_code, found.content_type) == (422, "application/problem+json")
    assert field in found.json["errors"]


def test_nobody_answers_for_somebody_elses_person(office: Office) -> None:
    referral, offer = offered(office)
    path, body = f"/v1/referrals/{referral}/facts", {"documents": "some"}
    assert [office.refused(who, "POST", path, body) for who in (COLLEAGUE, NAMESAKE)] == [404, 404]
    assert office.refused(NEAR, "POST", path, body) == 403
    through = f"/v1/offers/{offer}/facts"
    assert office.refused(FAR, "POST", through, body) == 404
    assert [office.refused(who, "POST", through, body) for who in (OFFICER, COORDINATOR)] == [
        403,
        403,
    ]


def test_an_age_that_does_not_go_with_the_consent_is_refused(office: Office) -> None:
    referral = waiting(office, need="rental_assistance")
    found = answer(office, OFFICER, referral, {"age": 9})
    assert (found.status_code, list(found.json["errors"])) == (422, ["age"])


def test_facts_end_with_the_referral_the_offer_and_the_consent(office: Office) -> None:
    referral, offer = offered(office)
    body = {"documents": "some"}
    office.step(NEAR, offer, "decline", {"reason": "no_capacity", "side": "provider"})
    assert office.refused(NEAR, "POST", f"/v1/offers/{offer}/facts", body) == 409
    office.ok(OFFICER, "POST", f"/v1/referrals/{referral}/withdraw", {"reason": "declined"})
    found = answer(office, OFFICER, referral, body)
    assert found.status_code == 409
    assert "withdrawn" not in found.text
    consent = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
    brief = waiting(office, consent=consent | {"expires_at": "2027-03-01T16:00:00Z"})
    office.pass_time(hours=1)
    assert answer(office, OFFICER, brief, body).status_code == 409


def test_answers_about_who_cannot_consent_now_are_kept_and_shown_to_no_agency(
    office: Office,
) -> None:
    referral, offer = offered(office, consent={"cannot_consent_now": True})
    assert asked(answer(office, OFFICER, referral, {"documents": "none"}).json) == [
        "age",
        "sobriety",
    ]
    shown = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (asked(shown), shown["eligibility"]) == ([], [])
    office.step(NEAR, offer, "accept")
    consent = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
    office.step(NEAR, offer, "consent", consent)
    shown = office.ok(NEAR, "GET", f"/v1/offers/{offer}")
    assert (asked(shown), shown["eligibility"]) == (["age"], ["documents_none"])


def test_of_a_protected_need_the_holder_alone_answers_and_no_event_tells(office: Office) -> None:
    referral, offer = offered(office, need=PROTECTED)
    body = {"sobriety": "days", "household": 3}
    path = f"/v1/offers/{offer}/facts"
    assert [answer(office, who, referral, body).status_code for who in (OFFICER, COORDINATOR)] == [
        409,
        409,
    ]
    assert office.refused(NEAR, "POST", path, body) == 409
    office.step(NEAR, offer, "accept")
    before = office.events(referral)
    answered = office.ok(NEAR, "POST", path, body)
    assert (asked(answered), answered["eligibility"]) == ([], [])
    assert office.events(referral) == before
    person = office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    assert person["facts"] == {"sobriety": "days", "household": 3}
    assert asked(person) == ["age", "language", "gender", "documents", "income"]
    assert office.clear_text(["sobriety_days", '"days"']) == []
    assert office.rows("SELECT household_size, answered, eligibility FROM referrals") == [
        (None, "[]", "[]")
    ]
