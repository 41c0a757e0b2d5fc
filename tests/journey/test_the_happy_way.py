"""A referral reaches its recorded outcome, and every role sees what it should of it."""

import re
from email import message_from_bytes, policy
from uuid import uuid4

from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import (
    COORDINATOR,
    MANAGER,
    OFFICER,
    OTHER_OFFICER,
    partner,
    submission,
)

SHELTER = partner("harbour")


def test_a_referral_reaches_its_recorded_outcome(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral = here.submit(OFFICER)
    (offer,) = here.offers(SHELTER, "open")
    here.step(SHELTER, offer, "acknowledge")
    here.step(SHELTER, offer, "accept")
    here.step(SHELTER, offer, "contacts", {"mode": "visit", "reached": True})
    here.step(SHELTER, offer, "engage")
    here.step(SHELTER, offer, "complete", {"outcome": "sheltered"})
    seen = here.referral(referral)
    assert (seen["state"], seen["outcome"]) == ("closed", "sheltered")
    funnel = {s["stage"]: s["count"] for s in here.get(MANAGER, "/v1/outcomes/funnel")["stages"]}
    assert funnel["submitted"] == funnel["accepted"] == funnel["got_help"] == 1


def test_the_officer_learns_a_coarse_status_and_nothing_else(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral = here.submit(OFFICER)
    path = f"/v1/referrals/{referral}"
    (offer,) = here.offers(SHELTER)
    statuses = [here.get(OFFICER, path)["status"]]
    here.step(SHELTER, offer, "accept")
    statuses.append(here.get(OFFICER, path)["status"])
    here.step(SHELTER, offer, "complete", {"outcome": "sheltered"})
    statuses.append(here.get(OFFICER, path)["status"])
    assert statuses == ["received", "with_a_program", "closed"]
    shown = here.get(OFFICER, path)
    assert shown.pop("receiver") is None  # it is told in a crisis alone: see test_live_help.py
    assert set(shown) == {
        "referral_id",
        "reference",
        "status",
        "submitted_at",
        "needs_attention",
        "questions",
    }


def test_another_officer_finds_no_such_referral(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    referral = here.submit(OFFICER)
    assert here.call(OTHER_OFFICER, "GET", f"/v1/referrals/{referral}").status_code == 404
    assert here.get(OTHER_OFFICER, "/v1/referrals")["items"] == []


def test_the_same_submission_sent_twice_is_one_referral(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    body, key = submission(), str(uuid4())
    first = here.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key)
    again = here.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key)
    assert first == again
    assert len(here.get(COORDINATOR, "/v1/referrals")["items"]) == 1


def test_the_person_is_read_by_the_holding_agency_only_and_each_read_is_audited(
    town: OpenTown,
) -> None:
    here = town(program("harbour/beds"), program("elsewhere/beds", latitude=42.3))
    referral = here.submit(OFFICER)
    (offer,) = here.offers(SHELTER)
    path = f"/v1/offers/{offer['offer_id']}/person"
    assert here.call(SHELTER, "GET", path).status_code in {404, 409}
    here.step(SHELTER, offer, "accept")
    assert here.get(SHELTER, path)["name"] == "Robin Marlowe"
    assert here.call(partner("elsewhere"), "GET", path).status_code == 404
    audit = here.get(COORDINATOR, f"/v1/referrals/{referral}/audit")
    reads = [entry for entry in audit["items"] if entry["actor"] == SHELTER.subject]
    assert [entry["action"] for entry in reads].count("person.read") == 1
    assert audit["verified"] is True


def test_the_agency_is_told_by_mail_without_personal_data(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    contact = {"contacts": [{"email": "desk@harbour.example.org"}]}
    here.put(SHELTER, "/v1/agencies/harbour/contacts", contact)
    referral = here.submit(OFFICER)
    sent = here.get(COORDINATOR, f"/v1/notices?referral_id={referral}")["items"]
    assert [(n["template"], n["state"]) for n in sent] == [("offer_made", "sent")]
    (letter,) = here.column.mail.glob("**/*.eml")
    text = letter.read_text(encoding="utf-8")
    assert "Robin" not in text
    assert "bench" not in text


def test_the_link_in_a_letter_leads_to_the_port_that_the_suite_answers_on(town: OpenTown) -> None:
    here = town(program("harbour/beds"))
    contact = {"contacts": [{"email": "desk@harbour.example.org"}]}
    here.put(SHELTER, "/v1/agencies/harbour/contacts", contact)
    here.submit(OFFICER)
    (path,) = here.column.mail.glob("*.eml")
    text = message_from_bytes(path.read_bytes(), policy=policy.default).get_content()
    (link,) = re.findall(r"http\S+", text)
    assert link.startswith(f"{here.column.address}/v1/offers/")
    assert here.get(SHELTER, link)["state"] == "open"


def test_the_decision_says_why(town: OpenTown) -> None:
    here = town(
        program("harbour/beds"),
        program("youthful/beds", maximum_age=17),
        program("full/beds", available=0),
    )
    referral = here.submit(OFFICER)
    (decision,) = here.get(COORDINATOR, f"/v1/decisions?referral_id={referral}")["items"]
    story = here.get(COORDINATOR, f"/v1/decisions/{decision['decision_id']}")
    assert [choice["program_id"] for choice in story["choices"]] == ["harbour-beds"]
    considered = {entry["program_id"]: entry for entry in story["considered"]}
    assert considered["youthful-beds"]["verdict"] == "fail"
    assert considered["full-beds"]["free"] == 0
    (choice,) = story["choices"]
    assert abs(sum(choice["terms"].values()) - choice["score"]) < 1e-6
