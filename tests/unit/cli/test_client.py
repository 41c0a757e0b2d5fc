"""The client: refusals in one line, and the same request again where the answer was lost."""

import httpx
import pytest

from services.cli.client import ClientError, connect, fields_of
from tests.unit.cli.answers import Answers, client, problem


def no_pause(_: float) -> None:
    """Waste no time."""


def refused(*answers: httpx.Response | Exception) -> ClientError:
    """The error of a GET that gets these answers."""
    with pytest.raises(ClientError) as caught:
        client(Answers(*answers), no_pause).get("/v1/units")
    return caught.value


def test_a_refusal_names_every_field_in_one_line() -> None:
    errors = {"person": {"safe_contact": ["Missing.\nState it."]}, "need": ["Must be one of: ..."]}
    error = refused(problem(422, "not right: need, person", errors))
    assert str(error) == (
        "not right: need, person "
        "(person.safe_contact: Missing. State it.; need: Must be one of: ...)"
    )
    assert error.status == 422
    assert error.problem["errors"] == errors


def test_an_answer_of_something_else_is_named_so() -> None:
    error = refused(httpx.Response(404, text="<html>not here</html>"))
    assert "answered 404 by something that is not Handoff" in str(error)


def test_a_page_in_place_of_json_is_named_so() -> None:
    assert "not answered in JSON" in str(refused(httpx.Response(200, text="<html></html>")))


def test_silence_names_the_address_and_asks_whether_the_suite_runs() -> None:
    error = refused(httpx.ConnectError("connection refused"))
    assert str(error) == (
        "no answer from http://suite.test (connection refused): is the suite running there?"
    )
    assert error.status == 0


def test_a_lost_answer_is_asked_for_again_with_the_same_key() -> None:
    transport = Answers(
        httpx.ReadError("reset"),
        problem(503, "try again", kind="unavailable"),
        problem(409, "under way", kind="idempotency-key-busy"),
        httpx.Response(201, json={"ok": True}),
    )
    pauses: list[float] = []
    assert client(transport, pauses.append).post("/v1/referrals", {"a": 1}) == {"ok": True}
    keys = {request.headers["Idempotency-Key"] for request in transport.asked}
    assert len(transport.asked) == 4
    assert len(keys) == 1
    assert pauses == [0.05, 0.1, 0.2]


def test_patience_ends() -> None:
    pauses: list[float] = []
    with pytest.raises(ClientError, match="is the suite running"):
        client(Answers(httpx.ConnectError("refused")), pauses.append).get("/v1/units")
    assert 5.0 <= sum(pauses) < 7.0


def test_a_refusal_is_not_asked_again() -> None:
    transport = Answers(problem(409, "the state does not allow it", kind="conflict"))
    with pytest.raises(ClientError):
        client(transport, no_pause).post("/v1/offers/1/accept")
    assert len(transport.asked) == 1


def test_a_key_that_was_given_is_sent() -> None:
    transport = Answers(httpx.Response(201, json={}))
    client(transport, no_pause).post("/v1/tallies", {}, "row-7")
    assert transport.asked[0].headers["Idempotency-Key"] == "row-7"


def test_lists_are_read_page_after_page() -> None:
    transport = Answers(
        httpx.Response(200, json={"items": [1, 2], "next": "c2"}),
        httpx.Response(200, json={"items": [3], "next": None}),
    )
    assert list(client(transport, no_pause).items("/v1/units", state=None)) == [1, 2, 3]
    assert [dict(request.url.params).get("after") for request in transport.asked] == [None, "c2"]


def test_versions_travel_as_etags() -> None:
    transport = Answers(httpx.Response(200, json={}, headers={"ETag": '"7"'}))
    caller = client(transport, no_pause)
    assert caller.read("/v1/referrals/1").version == 7
    caller.patch("/v1/referrals/1", {}, 7)
    assert transport.asked[1].headers["If-Match"] == '"7"'


def test_what_is_no_address_is_said_at_once() -> None:
    with pytest.raises(ClientError, match="begins with http"):
        connect("localhost:8000", lambda: "t")


def test_nested_errors_are_dotted() -> None:
    assert fields_of({"a": {"b": ["x", "y"]}, "c": "z"}) == ["a.b: x", "a.b: y", "c: z"]


def busy(after: str | None) -> httpx.Response:
    """A refusal beyond a limit."""
    answer = problem(429, "at most 1200 requests a minute", kind="too-many-requests")
    if after is not None:
        answer.headers["Retry-After"] = after
    return answer


def test_beyond_a_limit_it_waits_as_long_as_it_is_told_with_the_same_key() -> None:
    transport = Answers(busy("23"), busy("60"), httpx.Response(201, json={"ok": True}))
    pauses: list[float] = []
    assert client(transport, pauses.append).post("/v1/referrals", {"a": 1}) == {"ok": True}
    assert pauses == [23, 60]
    assert len({request.headers["Idempotency-Key"] for request in transport.asked}) == 1


@pytest.mark.parametrize("said", [None, "3600", "Tue, 01 Mar 2027 12:00:00 GMT", "-1", ""])
def test_what_is_no_wait_of_a_minute_is_waited_for_like_an_absence(said: str | None) -> None:
    pauses: list[float] = []
    transport = Answers(busy(said), httpx.Response(200, json=[]))
    client(transport, pauses.append).get("/v1/units")
    assert pauses == [0.05]


def test_a_limit_that_never_ends_is_told_in_the_end() -> None:
    pauses: list[float] = []
    with pytest.raises(ClientError, match="at most 1200 requests a minute") as caught:
        client(Answers(*[busy("60")] * 40), pauses.append).get("/v1/units")
    assert caught.value.status == 429
    assert pauses.count(60) == 5
