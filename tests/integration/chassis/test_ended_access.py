"""Whose access ended is refused from then on, whatever the order in which it is heard."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from contracts.codec import Envelope, Message, encode
from contracts.events import access
from contracts.events.access import AccessEnded
from contracts.problems import Problem, ProblemError
from contracts.topics import Consumer
from contracts.vocabulary import Role
from services.chassis import ended_access, tables
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ended_access import Ended, check, keep, on_ended
from services.chassis.event_log import Record
from services.chassis.inbox import Inbox
from services.chassis.tokens import LEEWAY, Presented
from tests.ports.samples import NOON, StillClock, database_at
from tests.ports.small_site import ADMIN, OFFICER, SmallSite, json_of

PAT = Actor(subject="pat", role=Role.PARTNER, agency_id="harbour")
NAMESAKE = Actor(subject="pat", role=Role.PARTNER, agency_id="elsewhere")
SECOND = timedelta(seconds=1)
LATER = LEEWAY + SECOND


def presented(actor: Actor = PAT, seconds: float = 0, token_id: str | None = "t") -> Presented:  # noqa: S107
    """A token issued so many seconds after noon."""
    return Presented(actor, NOON + timedelta(seconds=seconds), token_id)


def passes(session: Session, token: Presented) -> bool:
    """Whether a token is taken."""
    try:
        check(session, token)
    except ProblemError as error:
        return error.problem is not Problem.UNAUTHENTICATED
    return True


def ended(access_id: str, seconds: float = 0, *, for_ever: bool = False) -> Ended:
    return Ended(access_id=access_id, ended_at=NOON + timedelta(seconds=seconds), for_ever=for_ever)


def record(seq: int, said: Ended, *, left: bool = False) -> Record:
    """The news of an end, as the log hands it over."""
    news = AccessEnded(
        access_id=said.access_id, ended_at=said.ended_at, for_ever=said.for_ever, left=left
    )
    return Record(0, seq, message(said.access_id, seq, news))


def message(key: str, seq: int, news: AccessEnded) -> Message:
    return encode(Envelope(id=uuid4(), topic=access.TOPIC, key=key, seq=seq, time=NOON, event=news))


def test_tokens_of_before_the_end_are_refused_and_those_of_after_pass(store: Database) -> None:
    with store.transaction() as session:
        keep(session, ended(ended_access.of_actor(PAT)))
        assert not passes(session, presented(seconds=-3600))
        assert not passes(session, presented(seconds=0))
        # The provider's clock may be ahead by as much.
        assert not passes(session, presented(seconds=LEEWAY.total_seconds()))
        assert passes(session, presented(seconds=LATER.total_seconds()))
        assert passes(session, presented(NAMESAKE, seconds=-3600))
        keep(session, ended(ended_access.of_actor(PAT), 1, for_ever=True))
        assert not passes(session, presented(seconds=86400))


def test_a_subject_is_refused_everywhere_or_one_token_alone(store: Database) -> None:
    with store.transaction() as session:
        keep(session, ended(ended_access.of_token("lost"), for_ever=True))
        assert not passes(session, presented(token_id="lost", seconds=99))  # noqa: S106
        assert passes(session, presented(token_id="kept"))  # noqa: S106
        assert passes(session, presented(token_id=None))
        keep(session, ended(ended_access.everywhere("pat")))
        for actor in (PAT, NAMESAKE, Actor(subject="pat", role=Role.COORDINATOR)):
            assert not passes(session, presented(actor))
        assert passes(session, presented(OFFICER))


NEWS = st.lists(
    st.tuples(st.integers(0, 500), st.booleans()), min_size=1, max_size=4, unique_by=lambda n: n[0]
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A database that forgets what an example left."""
    made = database_at(f"sqlite:///{tmp_path_factory.mktemp('heard') / 'service.sqlite'}")
    yield made
    made.close()


@settings(max_examples=60)
@given(said=NEWS, order=st.randoms(use_true_random=False), issued=st.integers(-100, 1000))
def test_whatever_the_order_of_the_news_the_latest_end_counts(
    heard: Database, said: list[tuple[int, bool]], order: Any, issued: int
) -> None:
    last, for_ever = max(said)
    refused = for_ever or issued <= last + LEEWAY.total_seconds()
    shuffled = [*said, *said]
    order.shuffle(shuffled)
    with heard.transaction() as session:
        session.execute(tables.ended_access.delete())
        hear(session, shuffled)
        assert passes(session, presented(seconds=issued)) is not refused


def hear(session: Session, news: Sequence[tuple[int, bool]]) -> None:
    """Hear of ends one by one, without an inbox that would put them in order."""
    for seconds, for_ever in news:
        keep(session, ended(ended_access.of_actor(PAT), seconds, for_ever=for_ever))


def test_an_inbox_hears_of_ends_in_any_order_and_twice(store: Database) -> None:
    box = Inbox(Consumer.MATCHER, {AccessEnded: on_ended})
    access_id = ended_access.of_actor(PAT)
    news = [record(n, ended(access_id, 100 * n)) for n in (1, 2, 3)]
    for order in permutations(news):
        with store.transaction() as session:
            for table in (tables.inbox, tables.ended_access):
                session.execute(table.delete())
            box.take(session, [*order, *order], NOON)
            assert not passes(session, presented(seconds=300))
            assert passes(session, presented(seconds=300 + LATER.total_seconds()))


def test_news_under_another_key_is_refused(store: Database) -> None:
    told = record(1, ended("a" * 64)).message
    astray = Record(
        0, 1, Message(told.topic, "b" * 64, {**told.headers, **_key("b" * 64)}, told.value)
    )
    box = Inbox(Consumer.MATCHER, {AccessEnded: on_ended})
    with pytest.raises(ValueError, match="its key names"), store.transaction() as session:
        box.take(session, [astray], NOON)


def _key(key: str) -> dict[str, bytes]:
    return {"ce_subject": key.encode(), "ce_partitionkey": key.encode()}


@pytest.fixture
def site(store: Database, clock: StillClock) -> SmallSite:
    """An app on either database."""
    return SmallSite(store, clock)


def test_the_next_request_is_answered_401_with_a_plain_reason(site: SmallSite) -> None:
    client, headers = site.app.test_client(), site.headers()
    assert client.get("/v1/notes", headers=headers).status_code == 200
    with site.database.transaction() as session:
        keep(session, ended(ended_access.of_actor(ADMIN)))
    for method, path in (("GET", "/v1/notes"), ("POST", "/v1/notes"), ("PUT", "/v1/notes/1")):
        refused = client.open(path, method=method, headers=headers, json={"nonsense": 1})
        said = json_of(refused)
        assert (refused.status_code, said["type"]) == (401, "/problems/unauthenticated")
        assert "has ended" in said["detail"]
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/v1/notes", headers=site.headers(OFFICER)).status_code == 200
    site.clock.advance(LATER)
    assert client.get("/v1/notes", headers=site.headers()).status_code == 200


def test_the_check_costs_one_read_by_primary_key_and_no_transaction(site: SmallSite) -> None:
    client, headers, said = site.app.test_client(), site.headers(), list[str]()
    client.get("/v1/notes", headers=headers)
    event.listen(site.database.engine, "before_cursor_execute", lambda *a: said.append(a[2]))
    commits = list[int]()
    event.listen(site.database.engine, "commit", lambda _: commits.append(1))
    assert client.get("/v1/notes", headers=headers).status_code == 200
    asking = [line for line in said if "ended_access" in line]
    assert len(asking) == 1
    assert "WHERE ended_access.access_id IN" in asking[0]
    assert commits == [1]  # the request's own
