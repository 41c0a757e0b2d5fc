"""Disclosures: every read of a person is one entry, and the list says who, what, when and why."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.api import access_of
from tests.integration.referral_api.office import (
    ADMIN,
    CANARIES,
    COORDINATOR,
    NEAR,
    OFFICER,
    START,
    Office,
)

CALLERS = {
    Role.OFFICER: OFFICER,
    Role.PARTNER: NEAR,
    Role.COORDINATOR: COORDINATOR,
    Role.ADMIN: ADMIN,
    Role.MANAGER: Actor(subject="manager-mo", role=Role.MANAGER),
    Role.SERVICE: Actor(subject="a-service", role=Role.SERVICE),
}
NOTE = "carries a lute called Theodora"


def disclosures(office: Office, referral: str) -> Any:
    return office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/disclosures")


def audited(office: Office, referral: str) -> list[Any]:
    """The actions of the referral's audit."""
    items = office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/audit")["items"]
    return [entry["action"] for entry in items]


def held(office: Office) -> tuple[str, str]:
    """A referral that came back once with a note, and the offer that was accepted since."""
    referral, (near, far) = office.offered("near-beds", "far-beds")
    far_desk = Actor(subject="desk@far", role=Role.PARTNER, agency_id="far")
    no = {"reason": "no_capacity", "side": "provider", "note": NOTE}
    office.step(far_desk, far, "decline", no)
    office.step(NEAR, near, "accept")
    return referral, near


def reads(office: Office, ids: dict[str, str]) -> Iterator[tuple[str, str, Actor]]:
    """Every GET of the service, its address with these ids, and each role that may call it."""
    app = office.service.app
    for rule in app.url_map.iter_rules():
        access = access_of(app.view_functions[rule.endpoint])
        path = rule.rule.replace("<uuid:", "<")
        for name, value in ids.items():
            path = path.replace(f"<{name}>", value)
        if access is not None and "GET" in (rule.methods or ()):
            yield from ((rule.rule, path, CALLERS[role]) for role in access.roles)


def test_each_disclosure_names_agency_reader_fields_purpose_and_consent(office: Office) -> None:
    referral, offer = held(office)
    office.pass_time(minutes=5)
    office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    found = disclosures(office, referral)
    (item,) = found["items"]
    assert found["verified"] is True
    assert found["reference"] == office.seen(referral)["reference"]
    assert (item["agency_id"], item["by"], item["role"]) == ("near", "desk@near", "partner")
    assert (item["purpose"], item["consent"], item["offer_id"]) == ("serve", 1, offer)
    assert {"name", "phone", "where_to_find"} <= set(item["fields"])
    assert (datetime.fromisoformat(item["at"]) - START).total_seconds() == 300
    assert [word for word in CANARIES.values() if word in str(found)] == []


def test_notes_that_a_coordinator_read_are_in_the_list_without_an_agency(office: Office) -> None:
    referral, _ = held(office)
    assert office.ok(COORDINATOR, "GET", f"/v1/referrals/{referral}/notes")["items"]
    (item,) = disclosures(office, referral)["items"]
    assert (item["agency_id"], item["role"], item["purpose"]) == (None, "coordinator", "coordinate")
    assert item["fields"] == ["note"]


def test_a_refused_read_is_no_disclosure(office: Office) -> None:
    referral, (offer,) = office.offered()
    assert office.refused(NEAR, "GET", f"/v1/offers/{offer}/person") == 409
    assert office.refused(OFFICER, "GET", f"/v1/offers/{offer}/person") == 403
    assert disclosures(office, referral) | {"reference": ""} == {
        "reference": "",
        "items": [],
        "verified": True,
    }


def test_the_list_outlives_the_persons_key(office: Office) -> None:
    referral, offer = held(office)
    office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    office.destroy_keys()
    assert len(disclosures(office, referral)["items"]) == 1


def test_a_list_from_a_bent_audit_says_so(office: Office) -> None:
    referral, offer = held(office)
    office.ok(NEAR, "GET", f"/v1/offers/{offer}/person")
    office.plant("UPDATE audit SET actor = 'nobody' WHERE action = 'person.read'")
    assert disclosures(office, referral)["verified"] is False
    office.plant("UPDATE audit SET actor = 'desk@near' WHERE action = 'person.read'")


def test_of_no_referral_there_is_no_list(office: Office) -> None:
    assert office.refused(COORDINATOR, "GET", f"/v1/referrals/{uuid4()}/disclosures") == 404


def test_every_route_that_shows_a_person_writes_exactly_one_entry_a_read(office: Office) -> None:
    """Each GET of the service by each role: personal words come with one entry, or not at all."""
    referral, offer = held(office)
    ids = {"referral_id": referral, "offer_id": offer, "unit_id": "central"}
    shown = set()
    for rule, path, caller in reads(office, ids):
        before = len(audited(office, referral))
        text = office.call(caller, "GET", path).text
        personal = any(word in text for word in [*CANARIES.values(), NOTE])
        shown |= {rule} if personal else set()
        added = audited(office, referral)[before:]
        assert sum(action.endswith(".read") for action in added) == personal, rule
    assert shown >= {"/v1/offers/<uuid:offer_id>/person", "/v1/referrals/<uuid:referral_id>/notes"}


def test_a_referral_is_found_by_its_short_reference_by_coordinators_only(office: Office) -> None:
    referral, other = office.submit(), office.submit()
    reference = office.seen(referral)["reference"]
    found = office.ok(COORDINATOR, "GET", f"/v1/referrals?reference={reference}")["items"]
    assert [item["referral_id"] for item in found] == [referral] != [other]
    for path in (f"?reference={reference}", "?reference=%27--", "?name=Robin"):
        assert office.refused(OFFICER, "GET", f"/v1/referrals{path}") == 422
    assert office.refused(COORDINATOR, "GET", "/v1/referrals?reference=nonsense") == 422
