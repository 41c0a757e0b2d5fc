"""The checker of the clients' calls can fail: what a log and the databases disagree in is named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.journey.call_check import Told, disagreements, disclosures
from tests.journey.call_log import CallLog, Done, LoggedTransport, Said, calls_in
from tests.journey.column import Column
from tests.journey.directory import program
from tests.journey.embedded_column import open_embedded
from tests.journey.town import OFFICER, Town, open_town, partner

DESK: Final = partner("near")
LOST: Final = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, list[Done]]]:
    """A town in which one referral was accepted, and what its clients called."""
    folder = tmp_path_factory.mktemp("checked")
    with open_town(open_embedded(folder / "home"), program("near/beds")) as town:
        with CallLog(folder / "calls.jsonl") as log, client(town.column, log) as logged:
            before, town.client = town.client, logged
            town.submit(OFFICER)
            (offer,) = town.offers(DESK, "open")
            town.step(DESK, offer, "accept")
            town.get(DESK, f"/v1/offers/{offer['offer_id']}/person")
            town.client = before
        yield town, list(calls_in(folder / "calls.jsonl"))


def client(column: Column, log: CallLog) -> httpx.Client:
    """One that writes down what it calls."""
    transport = LoggedTransport(httpx.HTTPTransport(), log, "somebody")
    return httpx.Client(base_url=column.address, timeout=30, transport=transport)


def done(invoked: int, method: str, path: str, said: Said = Said.OK, **also: str) -> Done:
    """A call that ended at once."""
    key = also.pop("key", None)
    return Done(invoked, invoked + 1, method, path, key, said, 200, also)


def faults(here: tuple[Town, list[Done]], *more: Done) -> list[str]:
    """What the checker says when these calls stood in the log too."""
    town, calls = here
    with town.column.stores() as stores:
        return disagreements([*calls, *more], stores)


def test_a_log_and_databases_that_agree_bring_no_fault(here: tuple[Town, list[Done]]) -> None:
    assert faults(here) == []
    assert {call.said for call in here[1]} == {Said.OK}


def test_a_referral_that_was_acknowledged_and_is_not_there_is_found(
    here: tuple[Town, list[Done]],
) -> None:
    more = done(900, "POST", "/v1/referrals", key="another", referral_id=LOST)
    assert faults(here, more) == [f"I1 {LOST}: acknowledged, and lost"]


def test_two_referrals_under_one_key_are_found(here: tuple[Town, list[Done]]) -> None:
    first = next(call for call in here[1] if call.path == "/v1/referrals" and call.key)
    more = done(900, "POST", "/v1/referrals", key=str(first.key), referral_id=LOST)
    assert f"I1 {first.key}: one key, 2 referrals" in faults(here, more)


def test_a_referral_that_no_client_submitted_is_found(here: tuple[Town, list[Done]]) -> None:
    town, calls = here
    others = [call for call in calls if call.path != "/v1/referrals"]
    with town.column.stores() as stores:
        found = disagreements(others, stores)
    assert found == ["I1: 1 referrals that no client knows of, 0 unanswered"]
    unanswered = done(900, "POST", "/v1/referrals", Said.UNKNOWN, key="cut off")
    with town.column.stores() as stores:
        assert disagreements([*others, unanswered], stores) == []


@pytest.mark.parametrize(("step", "what"), [("accept", "accepted"), ("revoke-consent", "revoked")])
def test_a_step_that_was_answered_and_is_forgotten_is_found(
    here: tuple[Town, list[Done]], step: str, what: str
) -> None:
    more = done(900, "POST", f"/v1/offers/{LOST}/{step}")
    assert faults(here, more) == [f"I1 {LOST}: {what}, and forgotten"]


def test_a_fault_of_ours_is_found(here: tuple[Town, list[Done]]) -> None:
    broken = Done(900, 901, "GET", "/v1/offers", None, Said.UNKNOWN, 500, {})
    assert faults(here, broken) == ["GET /v1/offers: answered 500"]


def test_a_reading_counts_as_too_late_only_if_it_was_asked_after_the_revocation() -> None:
    revoked = Done(10, 20, "POST", "/v1/referrals/r/revoke-consent", None, Said.OK, 200, {})
    reading = "/v1/offers/o/person"
    calls = [revoked, done(19, "GET", reading), done(21, "GET", reading, Said.FAIL)]
    assert list(disclosures(Told(calls, {"o": "r"}))) == []
    late = done(21, "GET", reading)
    assert list(disclosures(Told([*calls, late], {"o": "r"}))) == [
        "I5 r: /person was asked after the revocation, and granted"
    ]


def test_a_call_without_an_answer_is_unknown(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    asked = {"call": 1, "said": "invoke", "who": "w", "method": "GET", "path": "/", "key": None}
    log.write_text(f"{json.dumps(asked)}\n", encoding="utf-8")
    assert [call.said for call in calls_in(log)] == [Said.UNKNOWN]
