"""Promise 4: unique canaries in every personal and free-text field, and every sink searched."""

import base64
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from contracts.codec import Message
from contracts.events.tallies import TOPIC
from tests.journey.column import OpenColumn
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, Town, open_town, partner

NEAR, FAR, YOUTH = partner("near"), partner("far"), partner("youth")
LISTS: Final = (
    "/v1/referrals",
    "/v1/offers",
    "/v1/worklist",
    "/v1/worklist/counts",
    "/v1/notices",
    "/v1/decisions",
    "/v1/queue",
    "/v1/directory/agencies",
)
DIGITS: Final = "7305518264937"
CANARIES: Final = {
    "name": "Zyx Canary-Name Quill",
    "phone": f"+1 {DIGITS}",
    "email": "canary.mailbox@zyxquill.example.org",
    "where_to_find": "canary-spot behind the zyxquill kiln",
    "safe_contact_note": "canary-rule ask for zyxquill's aunt",
    "note": "canary-note zyxquill sleeps in a van",
    "representative_name": "Canary-Guardian Zyxquill",
    "latitude": "41.8012345671",
    "longitude": "-90.2098765432",
    "decline": "canary-decline zyxquill shouted at us",
    "withdraw": "canary-withdraw zyxquill moved to his sister",
    "close": "canary-close zyxquill was driven home",
    "place": "canary-place zyxquill knows the night warden",
    "not_served": "canary-not-served zyxquill broke a window",
    "reroute": "canary-reroute zyxquill rang us from a box",
    "later_guardian": "Canary-Stepmother Zyxquill-Hollow",
    "revoke": "canary-revoke zyxquill rang the desk in tears",
    "acknowledged_by": "canary-told zyxquill's night desk by phone",
    "told_by": "canary-phone zyxquill's caseworker rang back",
    "insisted": "canary-insist zyxquill may have the cot",
    "handed_over": "canary-shift zyxquill knows the next one on duty",
    "double": "canary-double zyxquill has no twin",
    "in_error": "canary-in-error zyxquill is a made-up man",
}


def forms(canary: str) -> set[bytes]:
    """A canary as it stands, upper case, URL-encoded, in base64 at any offset, digits only."""
    plain = canary.encode()
    found = {plain, canary.upper().encode(), quote(canary).encode(), canary.lower().encode()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + plain)
        found.add(text[4 if offset else 0 : -4])
    digits = re.sub(r"\D", "", canary)
    return found | ({digits.encode()} if len(digits) >= 9 else set())


def hits(sinks: dict[str, bytes]) -> list[str]:
    """Every sink that holds a canary in any form."""
    wanted = [(name, form) for name, canary in CANARIES.items() for form in forms(canary)]
    return sorted(
        f"{name} in {sink}"
        for sink, content in sinks.items()
        for name, form in wanted
        if form in content
    )


def sinks_of(town: Town) -> dict[str, bytes]:
    """Everything that the suite wrote or shows: files, rows, records, logs, metrics, answers."""
    shown = {path: town.call(COORDINATOR, "GET", path).content for path in (*LISTS, "/metrics")}
    referrals = town.get(COORDINATOR, "/v1/referrals")["items"]
    for kind in ("history", "audit", "disclosures", "duplicates"):
        for referral in referrals:
            path = f"/v1/referrals/{referral['referral_id']}/{kind}"
            shown[path] = town.call(COORDINATOR, "GET", path).content
    shown["/ops/parked"] = town.call(ADMIN, "GET", "/ops/parked").content
    return town.column.sinks() | shown


def full() -> dict[str, Any]:
    """A submission with a canary in every field that takes one."""
    person = {name: CANARIES[name] for name in ("name", "phone", "email", "where_to_find")}
    person |= {"safe_contact_note": CANARIES["safe_contact_note"], "safe_contact": "call_only"}
    consent = {"scope": "all_stated", "given_by": "guardian", "method": "spoken"}
    return {
        "person": person,
        "note": CANARIES["note"],
        "place": {name: float(CANARIES[name]) for name in ("latitude", "longitude")},
        "consent": consent | {"representative_name": CANARIES["representative_name"]},
    }


def send_canaries(town: Town) -> None:
    """Walk every way on which personal data and free text enter, and one that is refused."""
    held, left = town.submit(OFFICER, **full()), town.submit(OFFICER, **full())
    by_referral = {offer["referral_id"]: offer for offer in town.offers(NEAR, "open")}
    no = {"reason": "no_capacity", "side": "provider", "note": CANARIES["decline"]}
    town.step(NEAR, by_referral[held], "decline", no)
    (again,) = town.offers(FAR, "open")
    town.step(FAR, again, "accept")
    assert town.get(FAR, f"/v1/offers/{again['offer_id']}/person")["name"] == CANARIES["name"]
    town.step(FAR, again, "complete", {"outcome": "sheltered"})
    end = {"reason": "declined", "note": CANARIES["withdraw"]}
    town.post(OFFICER, f"/v1/referrals/{left}/withdraw", end)
    alone = town.submit(OFFICER, need="counselling", **full())
    end = {"outcome": "not_served", "reason": "no_capacity", "side": "provider"}
    town.post(COORDINATOR, f"/v1/referrals/{alone}/close", end | {"note": CANARIES["close"]})
    send_by_hand(town)
    send_by_phone(town)
    send_consents(town)
    send_double(town)
    send_refused(town, held)
    town.settle()


def send_refused(town: Town, referral: str) -> None:
    """What is turned away, and named in the answer by its field alone; and a preview before it."""
    send_preview(town)
    for path, body in (
        ("", full() | {"need": CANARIES["name"]}),
        (f"/{referral}/facts", {"gender": CANARIES["name"], "language": [CANARIES["note"]]}),
    ):
        assert town.call(OFFICER, "POST", f"/v1/referrals{path}", body).status_code == 422


def send_preview(town: Town) -> None:
    """Where somebody stands, asked about before anything is submitted; once with too much."""
    asked = {"need": "counselling", "place": full()["place"]}
    town.post(OFFICER, "/v1/match-previews", asked, Idempotency_Key="preview")
    strange = asked | {"note": CANARIES["note"]}
    assert town.call(OFFICER, "POST", "/v1/match-previews", strange).status_code == 422


def send_consents(town: Town) -> None:
    """What comes with a consent that is obtained late, revoked, and acknowledged by phone."""
    none_yet = full() | {"consent": {"cannot_consent_now": True}}
    referral = town.submit(OFFICER, **none_yet)
    offer = next(o for o in town.offers(NEAR, "open") if o["referral_id"] == referral)
    town.step(NEAR, offer, "accept")
    guardian = {"given_by": "guardian", "representative_name": CANARIES["later_guardian"]}
    given = {"scope": "all_stated", "method": "spoken"} | guardian
    town.step(NEAR, offer, "consent", given)
    shown = town.get(NEAR, f"/v1/offers/{offer['offer_id']}/person")["consent"]
    assert shown["representative_name"] == CANARIES["later_guardian"]
    note = {"note": CANARIES["revoke"]}
    town.post(COORDINATOR, f"/v1/referrals/{referral}/revoke-consent", note)
    told = {"told_by": CANARIES["acknowledged_by"]}
    town.step(COORDINATOR, offer, "acknowledge-revocation", told)


def send_double(town: Town) -> None:
    """A person who is met again, and what the coordinator says of that."""
    first, again = (town.submit(OFFICER, need="counselling", **full()) for _ in range(2))
    found = town.get(COORDINATOR, f"/v1/referrals/{again}/duplicates")["items"]
    assert first in [double["referral_id"] for double in found]
    said = {"state": "same", "note": CANARIES["double"]}
    town.post(COORDINATOR, f"/v1/referrals/{again}/duplicates/{first}/settle", said)


def send_by_hand(town: Town) -> None:
    """What a coordinator writes: a place by hand that fails, a new try, a record in error."""
    path = f"/v1/referrals/{town.submit(OFFICER, need='counselling', **full())}"
    town.post(
        COORDINATOR, f"{path}/place", {"program_id": "youth-talks", "note": CANARIES["place"]}
    )
    town.settle()
    (offer,) = town.offers(YOUTH, "open")
    town.step(YOUTH, offer, "accept")
    no = {"reason": "needs_higher_care", "side": "provider", "note": CANARIES["not_served"]}
    town.step(YOUTH, offer, "not-served", no)
    town.post(COORDINATOR, f"{path}/reroute", {"note": CANARIES["reroute"]})
    town.settle()
    town.post(COORDINATOR, f"{path}/enter-in-error", {"note": CANARIES["in_error"]})


def send_by_phone(town: Town) -> None:
    """What a coordinator hands over, insists on, and records of an agency's answer."""
    referral = town.submit(OFFICER, need="counselling", **full())
    town.post(COORDINATOR, f"/v1/worklist/{referral}/take")
    over = {"to": "coordinator-di", "note": CANARIES["handed_over"]}
    assert town.post(COORDINATOR, "/v1/worklist/hand-over", over)["moved"] == 1
    beyond = {"program_id": "youth-talks", "note": CANARIES["insisted"], "insist": True}
    town.post(COORDINATOR, f"/v1/referrals/{referral}/place", beyond)
    (offer,) = town.offers(YOUTH, "open")
    town.step(COORDINATOR, offer, "accept", {"told_by": CANARIES["told_by"]})


@pytest.fixture
def swept(town: OpenTown) -> Town:
    """A town in which every canary was let loose."""
    # Those who are 34 reach the last one by hand only.
    talks = program("youth/talks", need="counselling", minimum_age=18, maximum_age=30)
    here = town(program("near/beds"), program("far/beds", latitude=41.9), talks)
    for agency in (NEAR, FAR, YOUTH):
        contacts = {"contacts": [{"email": f"desk@{agency.agency_id}.example.org"}]}
        here.put(agency, f"/v1/agencies/{agency.agency_id}/contacts", contacts)
    send_canaries(here)
    return here


def test_no_canary_is_found_in_any_sink(swept: Town) -> None:
    sinks = sinks_of(swept)
    assert any(b'"event"' in content for content in sinks.values()), "no log was searched"
    assert any(name.endswith(".eml") for name in sinks), "no letter was written"
    assert hits(sinks) == []


def test_rows_and_records_are_among_the_sinks(column: OpenColumn, tmp_path: Path) -> None:
    with open_town(column(tmp_path / "home")) as here:
        unit = {"name": "planted in a row", "training": False}
        here.put(ADMIN, "/v1/units/planted", unit)
        here.column.publish([Message(TOPIC, "key", {}, b"planted in a record")])
        here.settle()
        for planted in (b"planted in a row", b"planted in a record"):
            assert [name for name, content in here.column.sinks().items() if planted in content]


@pytest.mark.parametrize("name", CANARIES)
def test_a_planted_leak_is_found_in_every_form(name: str) -> None:
    for form in forms(CANARIES[name]):
        assert hits({"planted": b"... " + form + b" ..."}), form
