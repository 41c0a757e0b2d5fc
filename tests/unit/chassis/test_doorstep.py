"""How much of a request has arrived, told by its first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.doorstep import LOOK, Arrival, arrival_of

HEAD = b"POST /v1/notes HTTP/1.1\r\nHost: here\r\n"
SEEN = {
    "the end of a connection": (b"", Arrival.WHOLE),
    "half a line": (b"GET / HT", Arrival.PARTLY),
    "headers without an end": (HEAD, Arrival.PARTLY),
    "no body": (HEAD + b"\r\n", Arrival.WHOLE),
    "no HTTP at all": (b"hello\r\n\r\n", Arrival.WHOLE),
    "a body of which some is missing": (HEAD + b"Content-Length: 3\r\n\r\nab", Arrival.PARTLY),
    "a whole body": (HEAD + b"content-length:3\r\n\r\nabc", Arrival.WHOLE),
    "a body and what comes after it": (HEAD + b"Content-Length: 1\r\n\r\nabc", Arrival.WHOLE),
    "a length that is none": (HEAD + b"Content-Length: +3\r\n\r\n", Arrival.WHOLE),
    "a length beyond all numbers": (
        HEAD + b"Content-Length: " + b"9" * 99 + b"\r\n\r\n",
        Arrival.WHOLE,
    ),
    "a large body": (HEAD + b"Content-Length: 99999\r\n\r\nab", Arrival.LARGE),
    "endless headers": (HEAD + b"X: " + b"x" * LOOK, Arrival.LARGE),
    "chunks to come": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", Arrival.LARGE),
    "all chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Arrival.WHOLE),
    "who waits to be asked": (
        HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        Arrival.LARGE,
    ),
    "a length within a value": (HEAD + b"X: Content-Length: 9\r\n\r\n", Arrival.WHOLE),
}


@pytest.mark.parametrize(("seen", "arrival"), SEEN.values(), ids=SEEN.keys())
def test_a_request_is_whole_once_its_headers_and_its_body_are_there(
    seen: bytes, arrival: Arrival
) -> None:
    assert arrival_of(seen)[0] is arrival


@given(body=st.binary(max_size=300), cut=st.integers(0, 400))
def test_a_request_cut_anywhere_is_not_whole_and_says_when_to_look_again(
    body: bytes, cut: int
) -> None:
    whole = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert arrival_of(whole)[0] is Arrival.WHOLE
    seen = whole[: 1 + cut % (len(whole) - 1)]
    arrival, enough = arrival_of(seen)
    assert arrival is Arrival.PARTLY
    assert len(seen) < enough <= len(whole)


@given(st.binary(max_size=200))
def test_whatever_is_sent_it_is_looked_at(seen: bytes) -> None:
    arrival, enough = arrival_of(seen)
    assert arrival is not Arrival.PARTLY or enough > len(seen)
