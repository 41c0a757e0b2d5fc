"""The HTTP edge under random bodies, headers and queries: nothing is a fault of ours."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.problems import JSON
from tests.ports.samples import database_at
from tests.ports.small_site import SmallSite

NOTE = {"text": "a"}
PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BYTES = (
    st.binary(max_size=60)
    | PIECES.map(lambda v: json.dumps(v).encode())
    | st.fixed_dictionaries({"text": PIECES}, optional={"weight": PIECES}).map(
        lambda v: json.dumps(v).encode()
    )
)


@pytest.fixture(scope="module")
def small() -> SmallSite:
    """One site for many examples."""
    return SmallSite(database_at("sqlite://"))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(body=BYTES)
def test_whatever_is_posted_is_taken_or_refused_and_never_a_fault(
    small: SmallSite, body: bytes
) -> None:
    response = small.app.test_client().post(
        "/v1/notes", data=body, content_type="application/json", headers=small.headers()
    )
    assert response.status_code in (201, 400, 422), response.text
    assert (response.content_type == JSON) == (response.status_code != 201)


HEADER = st.text(string.printable.strip() + " \xe9\xff", max_size=40).map(str.strip)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(authorization=HEADER, key=HEADER, match=HEADER, query=st.binary(max_size=20))
def test_whatever_stands_in_headers_and_query_is_never_a_fault(
    small: SmallSite, authorization: str, key: str, match: str, query: bytes
) -> None:
    client = small.app.test_client()
    address = "/v1/notes?" + "".join(f"%{byte:02x}" for byte in query)
    statuses = {
        client.get(address, headers={"Authorization": authorization}).status_code,
        client.get(address, headers=small.headers()).status_code,
        client.put("/v1/notes/1", json=NOTE, headers=small.headers(If_Match=match)).status_code,
        client.post("/v1/notes", json=NOTE, headers=small.headers(Idempotency_Key=key)).status_code,
    }
    assert all(status < 500 for status in statuses), statuses
