"""The HTTP edge: whatever is sent, the answer is right or a problem, and never a 5xx of ours."""

import json
import logging
from typing import Any

import flask
import pytest
import structlog
from werkzeug.test import TestResponse

from contracts.problems import JSON
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.http import LARGEST_BODY, Site, create_app, document_of
from tests.ports.small_site import ADMIN, OFFICER, SmallSite, json_of, notes_api


@pytest.fixture
def site(database: Database) -> SmallSite:
    """A service with a few routes."""
    return SmallSite(database)


def post(
    site: SmallSite, body: bytes, kind: str = "application/json", **headers: str
) -> TestResponse:
    """Post these very bytes."""
    return site.app.test_client().post(
        "/v1/notes", data=body, content_type=kind, headers=site.headers(ADMIN, **headers)
    )


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """The problem of an answer."""
    assert response.status_code == status, response.text
    assert response.content_type == JSON
    body: dict[str, Any] = json_of(response)
    assert body["status"] == status
    assert body["type"].startswith("/problems/")
    assert body["detail"]
    return body


def test_a_good_body_is_answered_with_its_headers(site: SmallSite) -> None:
    response = post(site, b'{"text": "hello"}')
    assert response.status_code == 201
    assert response.json == {"id": 1, "text": "hello"}
    assert (response.headers["ETag"], response.headers["Location"]) == ('"1"', "/v1/notes/1")


def test_nobody_on_the_way_keeps_an_answer(site: SmallSite) -> None:
    for response in (post(site, b'{"text": "a"}'), post(site, b"{")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


BAD_BODIES = {
    "no JSON": b"{",
    "trailing text": b'{"text": "a"} x',
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "a lone surrogate": b'{"text": "\\ud800"}',
    "a NUL character": b'{"text": "a\\u0000b"}',
    "a NUL in a name": b'{"te\\u0000xt": "a"}',
    "not a number": b'{"text": "a", "weight": NaN}',
    "infinity": b'{"text": "a", "weight": Infinity}',
    "a number of 65 bits": b'{"text": "a", "weight": 9223372036854775808}',
    "a number of 5,000 digits": b'{"text": "a", "weight": ' + b"9" * 5000 + b"}",
    "deep lists": b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}",
    "very deep lists": b"[" * 100_000 + b"]" * 100_000,
    "very deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_body_that_cannot_stand_is_malformed(site: SmallSite, body: bytes) -> None:
    assert problem(post(site, body), 400)["errors"]["json"]
    assert site.count() == 0


WRONG_BODIES = {
    "an empty body": (b"", "text"),
    "an empty object": (b"{}", "text"),
    "null": (b"null", "json"),
    "a list": (b"[]", "json"),
    "a text": (b'"text"', "json"),
    "a number": (b"7", "json"),
    "a wrong type": (b'{"text": 5}', "text"),
    "an empty text": (b'{"text": ""}', "text"),
    "a text too long": (json.dumps({"text": "x" * 201}).encode(), "text"),
    "an unknown field": (b'{"text": "a", "mood": "b"}', "mood"),
    "a fraction": (b'{"text": "a", "weight": "1.5"}', "weight"),
}


@pytest.mark.parametrize(("body", "field"), WRONG_BODIES.values(), ids=WRONG_BODIES.keys())
def test_a_wrong_body_is_refused_by_the_name_of_the_field(
    site: SmallSite, body: bytes, field: str
) -> None:
    assert field in problem(post(site, body), 422)["errors"]
    assert site.count() == 0


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"7"])
def test_json_that_is_no_object_is_told_what_to_send(site: SmallSite, body: bytes) -> None:
    assert problem(post(site, body), 422)["errors"] == {"json": ["send a JSON object"]}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a/b/c"])
def test_a_body_that_is_not_called_json_is_refused(site: SmallSite, kind: str) -> None:
    problem(post(site, b'{"text": "a"}', kind), 415)


def test_a_body_larger_than_any_contract_is_refused(site: SmallSite) -> None:
    problem(post(site, b'{"text": "' + b"x" * LARGEST_BODY + b'"}'), 413)


def test_a_route_without_a_body_takes_an_empty_one(site: SmallSite) -> None:
    client = site.app.test_client()
    assert client.post("/v1/pings", headers=site.headers()).json == {"id": 0, "text": "ada"}
    assert client.post("/v1/pings", headers=site.headers(), json={}).status_code == 200


def test_unknown_addresses_and_methods_are_problems(site: SmallSite) -> None:
    client = site.app.test_client()
    assert problem(client.get("/v1/nothing"), 404)["detail"].endswith("see /docs/")
    problem(client.get("/v1/notes/not-a-number", headers=site.headers()), 404)
    refused = client.delete("/v1/notes", headers=site.headers())
    problem(refused, 405)
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("query", ["?mood=good", "?text=a&mood=b"])
def test_an_unknown_query_parameter_is_refused_by_name(site: SmallSite, query: str) -> None:
    response = site.app.test_client().get(f"/v1/notes{query}", headers=site.headers())
    assert "mood" in problem(response, 422)["errors"]


@pytest.mark.parametrize("address", ["/v1/notes?text=a%00b", "/v1/notes/%00"])
def test_a_nul_in_the_address_is_refused(site: SmallSite, address: str) -> None:
    response = site.app.test_client().get(address, headers=site.headers())
    assert response.status_code in (400, 404)
    assert response.content_type == JSON


def put(site: SmallSite, **headers: str) -> TestResponse:
    """An edit."""
    return site.app.test_client().put(
        "/v1/notes/1", json={"text": "a"}, headers=site.headers(ADMIN, **headers)
    )


def test_an_edit_without_if_match_needs_one(site: SmallSite) -> None:
    problem(put(site), 428)


@pytest.mark.parametrize("tag", ['"3"', "3", 'W/"3"', ' "3" '])
def test_an_edit_takes_the_etag_in_its_usual_forms(site: SmallSite, tag: str) -> None:
    assert put(site, If_Match=tag).headers["ETag"] == '"4"'


@pytest.mark.parametrize(
    "tag", ["", "*", '"x"', '"1", "2"', "-1", "1.5", "²", "9" * 19, "9" * 6000, '"\xff"']
)
def test_an_if_match_that_is_no_etag_of_ours_is_stale(site: SmallSite, tag: str) -> None:
    problem(put(site, If_Match=tag), 412)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer a.b.c", "Bearer \xff.\xff"],
)
def test_without_a_good_token_there_is_no_way_in(site: SmallSite, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = site.app.test_client().get("/v1/notes", headers=headers)
    problem(response, 401)
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_access_is_checked_before_the_body_is_looked_at(site: SmallSite) -> None:
    problem(site.app.test_client().post("/v1/notes", data=b"{"), 401)


def test_a_role_that_a_route_does_not_name_is_forbidden(site: SmallSite) -> None:
    client = site.app.test_client()
    answer = client.put("/v1/notes/1", json={}, headers=site.headers(OFFICER))
    assert "admin" in problem(answer, 403)["detail"]
    manager = Actor(subject="max", role=Role.MANAGER)
    problem(client.get("/v1/notes", headers=site.headers(manager)), 403)


def test_a_route_without_declared_access_stops_the_start(site: SmallSite) -> None:
    api = notes_api()
    api.add_url_rule("/v1/open", endpoint="open", view_func=json_of)
    runtime = site.app.config["HANDOFF_RUNTIME"]
    with pytest.raises(ValueError, match=r"notes\.open"):
        create_app(Site("notes", "Notes", [api]), runtime, site.tokens)


def test_a_route_added_later_without_access_is_closed_to_everybody(site: SmallSite) -> None:
    site.app.add_url_rule("/v1/late", endpoint="late", view_func=lambda: {"in": True})
    problem(site.app.test_client().get("/v1/late"), 401)
    problem(site.app.test_client().get("/v1/late", headers=site.headers()), 403)


def test_a_fault_of_ours_is_told_without_its_text(
    site: SmallSite, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = site.app.test_client().post("/v1/faults", headers=site.headers())
    assert "Canary" not in json.dumps(problem(response, 500))


def test_a_refusal_after_a_write_writes_nothing(site: SmallSite) -> None:
    client = site.app.test_client()
    problem(client.post("/v1/refusals", json={"text": "a"}, headers=site.headers()), 409)
    assert site.count() == 0


def test_a_database_that_is_away_is_said_to_be(site: SmallSite) -> None:
    with site.database.transaction() as session:
        session.connection().exec_driver_sql("DROP TABLE notes")
    response = site.app.test_client().get("/v1/notes", headers=site.headers())
    problem(response, 503)
    assert response.headers["Retry-After"] == "5"


def test_requests_are_counted_by_rule_and_status_and_never_by_address(site: SmallSite) -> None:
    client = site.app.test_client()
    client.get("/v1/referrals/0190a5de-0000-7000-8000-000000000001", headers=site.headers())
    client.get("/v1/referrals/0190a5de-0000-7000-8000-000000000002", headers=site.headers())
    client.get("/v1/nothing/Jane%20Canary")
    families = list(site.app.config["HANDOFF_REQUESTS"].families())
    counted = {
        (s.labels["route"], s.labels["status"]): s.value
        for family in families
        for s in family.samples
        if s.name == "handoff_http_requests_total"
    }
    assert counted == {
        ("GET /v1/referrals/<uuid:referral_id>", "404"): 2,
        ("unmatched", "404"): 1,
    }
    seconds = [s for f in families for s in f.samples if s.name == "handoff_http_seconds_count"]
    assert sum(s.value for s in seconds) == 3


def test_the_document_names_roles_keys_and_problems(site: SmallSite) -> None:
    document = document_of(site.app)
    operation = document["paths"]["/v1/careful-notes"]["post"]
    assert operation["x-roles"] == {"admin": "all", "officer": "own_submission"}
    (key,) = [p for p in operation["parameters"] if p.get("name") == "Idempotency-Key"]
    assert key["required"] is True
    assert document["openapi"] == "3.1.0"


def test_the_log_context_of_one_request_does_not_reach_the_next(site: SmallSite) -> None:
    seen: list[dict[str, Any]] = []

    def look(response: flask.Response) -> flask.Response:
        seen.append(structlog.contextvars.get_contextvars())
        return response

    site.app.after_request(look)
    client = site.app.test_client()
    referral = "0190a5de-0000-7000-8000-000000000001"
    client.get(f"/v1/referrals/{referral}", headers=site.headers())
    client.get("/v1/notes", headers=site.headers(ADMIN))
    assert seen == [{"referral_id": referral}, {}]
