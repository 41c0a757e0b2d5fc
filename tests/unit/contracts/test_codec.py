"""The codec: every event comes back as it was, strict out, tolerant in, and what it refuses."""

import dataclasses
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import codec
from contracts.codec import Envelope, Message, UnknownVersionError, UnreadableError
from contracts.events import Event, EventType, event_types, lifecycle, routing, tallies
from contracts.events.snapshot import Facts, Snapshot
from contracts.vocabulary import EntryDoor, Need, ReferralState, Sector, Urgency

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
SOME_ID = UUID("0195510e-c400-7000-8000-000000000001")
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=40),
    int: st.integers(-(2**31), 2**31),
    bool: st.booleans(),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    NoneType: st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, optional fields filled as often as not."""
    if hint in PLAIN:
        return PLAIN[hint]
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, UnionType):
        return st.one_of(*map(values, get_args(hint)))
    if dataclasses.is_dataclass(hint):
        return records(hint)
    return st.sampled_from(list(hint))


def records(record: Any) -> st.SearchStrategy[Any]:
    """Any instance of a frozen dataclass."""
    hints = get_type_hints(record)
    fields = {field.name: values(hints[field.name]) for field in dataclasses.fields(record)}
    return st.builds(record, **fields)


def envelopes(entry: EventType) -> st.SearchStrategy[Envelope]:
    """Any envelope of one event type, on any of its topics."""
    return st.builds(
        Envelope,
        id=st.uuids(),
        topic=st.sampled_from(entry.topics),
        key=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=80),
        seq=st.integers(1, 2**31 - 1),
        time=PLAIN[datetime],
        event=records(entry.event),
    )


def facts(**changes: Any) -> Facts:
    least = Facts(sector=Sector.HOUSING, need=Need.EMERGENCY_SHELTER, urgency=Urgency.URGENT)
    return dataclasses.replace(least, **changes)


def snapshot(**changes: Any) -> Snapshot:
    least = Snapshot(
        referral_id=SOME_ID,
        reference="K7M2QX",
        unit_id="north",
        state=ReferralState.ROUTING,
        submitted_at=NOW,
        facts=facts(),
    )
    return dataclasses.replace(least, **changes)


def envelope(event: Event | None = None, topic: str = lifecycle.TOPIC) -> Envelope:
    made = event or lifecycle.ReferralSubmitted(snapshot=snapshot(), encounter_id=SOME_ID)
    return Envelope(id=SOME_ID, topic=topic, key=str(SOME_ID), seq=1, time=NOW, event=made)


def message(
    headers: Mapping[str, bytes | None] | None = None, value: bytes | None = None
) -> Message:
    """A good message with some headers exchanged, or left out where None is given."""
    good = codec.encode(envelope())
    mixed = {**good.headers, **(headers or {})}
    changed = {name: held for name, held in mixed.items() if held is not None}
    return dataclasses.replace(good, headers=changed, value=good.value if value is None else value)


def with_value(change: Any) -> Message:
    """A good message whose body was changed in place."""
    body = json.loads(message().value)
    change(body)
    return message(value=json.dumps(body).encode())


@pytest.mark.parametrize("name", sorted(event_types()))
def test_every_event_comes_back_as_it_was(name: str) -> None:
    @settings(max_examples=25, deadline=None)
    @given(envelopes(event_types()[name]))
    def comes_back(sent: Envelope) -> None:
        assert codec.decode(codec.encode(sent)) == sent

    comes_back()


@pytest.mark.parametrize("name", sorted(event_types()))
def test_the_headers_alone_say_where_a_message_belongs(name: str) -> None:
    @settings(max_examples=5, deadline=None)
    @given(envelopes(event_types()[name]))
    def says_its_place(sent: Envelope) -> None:
        place = codec.address(codec.encode(sent))
        assert place == codec.Address(sent.topic, sent.key, sent.seq, name)

    says_its_place()


def test_a_stored_payload_encodes_to_the_same_message_as_its_event() -> None:
    sent = envelope()
    stored = codec.Stored(
        id=sent.id,
        topic=sent.topic,
        key=sent.key,
        seq=sent.seq,
        time=sent.time,
        type="handoff.referral.submitted.v1",
        data=codec.payload(sent.event),
    )
    assert codec.encode_stored(stored) == codec.encode(sent)


def test_the_message_names_its_producer_and_is_a_cloudevent() -> None:
    headers = codec.encode(envelope()).headers
    assert headers["ce_source"] == b"/referral_api"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["content-type"] == b"application/json"
    assert headers["ce_time"] == b"2027-03-01T08:00:00Z"


def test_fields_that_newer_code_added_are_dropped() -> None:
    def add(body: dict[str, Any]) -> None:
        body["later"] = 1
        body["snapshot"]["later"] = {"deep": True}
        body["snapshot"]["facts"]["later"] = ["x"]

    assert codec.decode(with_value(add)) == envelope()


def test_optional_fields_that_older_code_left_out_get_their_defaults() -> None:
    def strip(body: dict[str, Any]) -> None:
        for name in ("open_attempt", "live_offers", "holder", "excluded"):
            del body["snapshot"][name]

    assert codec.decode(with_value(strip)) == envelope()


def test_headers_that_other_software_added_are_no_hindrance() -> None:
    assert codec.decode(message({"traceparent": b"00-1-1-00"})) == envelope()


def test_an_event_that_does_not_fit_its_schema_is_not_sent() -> None:
    wrong = lifecycle.ReferralSubmitted(
        snapshot=snapshot(reference=None),
        encounter_id=SOME_ID,
    )
    with pytest.raises(ValueError, match="snapshot"):
        codec.encode(envelope(wrong))


@pytest.mark.parametrize("word", ["a song", None, 7])
def test_a_word_that_is_in_no_list_is_not_sent(word: Any) -> None:
    with pytest.raises(ValueError, match=r"handoff\.referral\.withdrawn\.v1 does not fit"):
        codec.payload(lifecycle.ReferralWithdrawn(snapshot=snapshot(), reason=word))


def test_the_refusal_to_send_says_no_value() -> None:
    wrong = lifecycle.ReferralSubmitted(
        snapshot=snapshot(unit_id=None, reference="MARKED"),
        encounter_id=SOME_ID,
    )
    with pytest.raises(ValueError, match="does not fit its own schema") as caught:
        codec.payload(wrong)
    assert "MARKED" not in str(caught.value)


def test_a_topic_that_nobody_declared_carries_nothing() -> None:
    with pytest.raises(ValueError, match=r"'referral\.gossip' does not carry"):
        codec.encode(envelope(topic="referral.gossip"))


def test_a_topic_carries_only_its_own_events() -> None:
    answer = routing.Waitlisted(
        referral_id=SOME_ID, attempt=1, decision_number=1, decision_id=SOME_ID
    )
    with pytest.raises(ValueError, match=r"does not carry handoff\.routing\.waitlisted\.v1"):
        codec.encode(envelope(answer, topic=tallies.TOPIC))


@pytest.mark.parametrize(
    "type_name", ["handoff.referral.submitted.v2", "handoff.referral.sung.v1", "x"]
)
def test_an_unknown_type_or_version_is_told_apart_from_unreadable_bytes(type_name: str) -> None:
    with pytest.raises(UnknownVersionError, match=type_name):
        codec.decode(message({"ce_type": type_name.encode()}))


def test_the_place_of_an_unknown_version_can_still_be_read() -> None:
    place = codec.address(message({"ce_type": b"handoff.referral.submitted.v2"}))
    assert (place.key, place.seq) == (str(SOME_ID), 1)


def test_a_stored_payload_of_an_unknown_version_says_so() -> None:
    with pytest.raises(UnknownVersionError):
        codec.from_payload("handoff.referral.submitted.v2", {})


@pytest.mark.parametrize(
    "headers",
    [
        {"ce_type": None},
        {"ce_sequence": None},
        {"ce_type": b"\xff\xfe"},
        {"ce_sequence": b"one"},
        {"ce_sequence": b"0"},
        {"ce_sequence": b"-3"},
        {"ce_sequence": b"1_0"},
        {"ce_sequence": b" 7"},
        {"ce_sequence": b"2147483648"},
        {"ce_sequence": b"9" * 5000},
        {"ce_id": None},
        {"ce_id": b"no uuid"},
        {"ce_time": None},
        {"ce_time": b"yesterday"},
        {"ce_time": b"2027-03-01T08:00:00"},
        {"ce_source": None},
        {"ce_specversion": b"9.9"},
        {"content-type": b"application/pdf"},
        {"other": b"\xff"},
    ],
    ids=str,
)
def test_headers_that_make_no_event_are_unreadable(headers: dict[str, bytes | None]) -> None:
    with pytest.raises(UnreadableError):
        codec.decode(message(headers))


@pytest.mark.parametrize(
    "value",
    [b"", b"\xff\xfe", b"{", b"[]", b"null", b"7", b'"text"', b"{}", b"[" * 60_000],
    ids=repr,
)
def test_bodies_that_are_no_event_are_unreadable(value: bytes) -> None:
    with pytest.raises(UnreadableError):
        codec.decode(message(value=value))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("state", "lost"), ("submitted_at", "2027-03-01T08:00:00"), ("facts", None), ("excluded", 5)],
)
def test_a_field_of_the_wrong_kind_is_unreadable_and_its_value_unsaid(
    name: str, wrong: object
) -> None:
    with pytest.raises(UnreadableError, match="snapshot") as caught:
        codec.decode(with_value(lambda body: body["snapshot"].update({name: wrong})))
    assert str(wrong) not in str(caught.value) or wrong is None


def test_a_message_without_a_key_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="key"):
        codec.decode(dataclasses.replace(message(), key=""))


def test_a_message_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    body = message().value
    full = body + b" " * (codec.MAX_BYTES - len(body))
    assert codec.decode(message(value=full)) == envelope()
    with pytest.raises(UnreadableError, match="larger than"):
        codec.decode(message(value=full + b" "))


@settings(max_examples=100, deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(sorted(codec.encode(envelope()).headers)), st.none() | st.binary()
    ),
    value=st.none() | st.binary(),
)
def test_whatever_bytes_come_only_the_two_refusals_are_raised(
    headers: dict[str, bytes | None], value: bytes | None
) -> None:
    with suppress(UnreadableError, UnknownVersionError):
        assert codec.decode(message(headers, value)).seq >= 1


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    west = NOW.astimezone(timezone(timedelta(hours=-6)))
    assert codec.decode(codec.encode(dataclasses.replace(envelope(), time=west))).time == NOW


def test_a_tally_names_nobody() -> None:
    event = tallies.OfferTallied(
        unit_id="north",
        sector=Sector.HOUSING,
        need=Need.EMERGENCY_SHELTER,
        entry_door=EntryDoor.COMMUNITY,
    )
    fields = set(json.loads(codec.encode(envelope(event, tallies.TOPIC)).value))
    assert fields == {"unit_id", "sector", "need", "entry_door", "training"}
