"""The audit's operations routes: for admins and services, in batches; problems name fields."""

from dataclasses import asdict
from typing import Any

import pytest

from contracts.problems import JSON
from contracts.vocabulary import Role
from services.chassis import audit
from services.chassis.actor import Actor
from services.chassis.chains import Head
from tests.integration.chassis.small_town import Town
from tests.ports.samples import NOON
from tests.ports.small_site import ADMIN, OFFICER, json_of

OWN = {"service": "referral_api"}
HEAD = {"topic": "audit", "key": "k", "seq": 1, "hash": "0" * 64}
PLACE = {"topic": "a", "key": "k", "number": 1, "hash": "0", "head_seq": 1, "head_hash": "0"}
SERVICE = Actor(subject="auditor", role=Role.SERVICE)
COORDINATOR = Actor(subject="cy", role=Role.COORDINATOR)


def post(town: Town, path: str, **body: Any) -> Any:
    """The body of a call that must succeed."""
    answer = town.client()("POST", f"/ops/audit/{path}", json=OWN | body)
    assert answer.status_code == 200, answer.text
    return json_of(answer)


def test_a_store_is_walked_exported_and_held_over_http(town: Town) -> None:
    for _ in range(3):
        town.publish()
    with town.api.database.transaction() as session:
        audit.record(session, "referral:1", NOON, ADMIN, "person.read")
    size = json_of(town.client()("GET", "/ops/audit"))["referral_api"]
    assert size == {"chains": 2, "links": 4}
    heads = post(town, "heads")
    assert [head["key"] for head in heads["heads"]] == ["referral:1", "unit-a"]
    assert post(town, "heads", after=["audit", "referral:1"])["heads"] == heads["heads"][1:]
    for chains, links in (("audit", 1), ("history", 3)):
        walked = post(town, "walk", chains=chains)
        assert (walked["links"], walked["faults"], walked["next"]) == (links, [], None)
    assert post(town, "hold", heads=heads["heads"]) == {"faults": []}
    gone = Head("audit", "referral:2", 5, "0" * 64)
    assert post(town, "hold", heads=[asdict(gone)])["faults"] == [
        "audit referral:2: the whole chain is gone, 5 were exported"
    ]


def test_a_walk_goes_on_from_a_place_and_says_what_is_wrong(town: Town) -> None:
    found = post(town, "walk", chains="audit", after=PLACE | {"head_seq": 7})
    assert found == {
        "links": 0,
        "faults": ["a k: the head says 7, the chain ends at 1"],
        "next": None,
    }


@pytest.mark.parametrize("who", [OFFICER, COORDINATOR])
@pytest.mark.parametrize("path", ["", "/heads", "/walk", "/hold"])
def test_other_roles_are_refused(town: Town, who: Actor, path: str) -> None:
    method = "POST" if path else "GET"
    headers = town.site.headers(who)
    answer = town.client()(method, f"/ops/audit{path}", headers=headers, json=OWN)
    assert (answer.status_code, answer.content_type) == (403, JSON)


def test_a_service_may_verify_too(town: Town) -> None:
    answer = town.client()("GET", "/ops/audit", headers=town.site.headers(SERVICE))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("heads", {"service": "nobody"}, "service"),
        ("heads", OWN | {"after": ["one"]}, "after"),
        ("walk", OWN, "chains"),
        ("walk", OWN | {"chains": "all"}, "chains"),
        ("walk", OWN | {"chains": "audit", "after": {"key": "k"}}, "after"),
        ("hold", OWN, "heads"),
        ("hold", OWN | {"heads": []}, "heads"),
        ("hold", OWN | {"heads": [HEAD | {"seq": "1"}]}, "heads"),
        ("hold", OWN | {"heads": [HEAD] * 1_001}, "heads"),
        ("hold", OWN | {"heads": [HEAD], "more": 1}, "more"),
    ],
)
def test_a_wrong_field_is_named(town: Town, path: str, body: Any, field: str) -> None:
    answer = town.client()("POST", f"/ops/audit/{path}", json=body)
    assert (answer.status_code, answer.content_type) == (422, JSON)
    assert field in json_of(answer)["errors"]


def test_a_service_that_does_not_run_here_is_not_found(town: Town) -> None:
    answer = town.client()("POST", "/ops/audit/heads", json={"service": "matcher"})
    assert answer.status_code == 404
