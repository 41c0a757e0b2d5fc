"""Idempotency-Key: however often and however much at once it is sent, it is done once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from contracts.vocabulary import Role
from services.chassis import idempotency
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.tables import idempotency as table
from tests.ports.samples import NOON
from tests.ports.small_site import ADMIN, OFFICER, SmallSite, json_of

THREADS = 16


@pytest.fixture
def site(database: Database) -> SmallSite:
    """A service with a few routes."""
    return SmallSite(database)


def send(
    site: SmallSite,
    key: str,
    text: str = "a",
    actor: Actor = ADMIN,
    path: str = "/v1/careful-notes",
) -> TestResponse:
    """Post a note under a key."""
    headers = site.headers(actor, Idempotency_Key=key)
    return site.app.test_client().post(path, json={"text": text}, headers=headers)


def all_at_once(site: SmallSite, keys: list[str]) -> list[TestResponse]:
    """Post with all these keys from many threads, off together."""
    gate = threading.Barrier(THREADS)

    def run(part: list[str]) -> list[TestResponse]:
        gate.wait()
        return [send(site, key) for key in part]

    with ThreadPoolExecutor(THREADS) as pool:
        parts = [keys[start::THREADS] for start in range(THREADS)]
        return [answer for answers in pool.map(run, parts) for answer in answers]


def test_the_same_request_again_gives_the_same_answer_and_no_second_effect(
    site: SmallSite,
) -> None:
    first, second = (send(site, "key", path="/v1/notes") for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    for name in ("ETag", "Location", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert site.count() == 1


def test_another_body_under_the_same_key_is_refused(site: SmallSite) -> None:
    send(site, "key", "a")
    again = send(site, "key", "b")
    assert (again.status_code, json_of(again)["type"]) == (422, "/problems/idempotency-key-reused")
    assert site.count() == 1


def test_fifty_posts_at_once_with_one_key_have_one_effect_and_one_answer(site: SmallSite) -> None:
    answers = all_at_once(site, ["key"] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == 1
    assert site.count() == 1


def test_sixteen_threads_posting_lose_nothing_and_meet_no_lock(site: SmallSite) -> None:
    answers = all_at_once(site, [str(uuid4()) for _ in range(THREADS * 10)])
    assert {answer.status_code for answer in answers} == {201}
    assert len({json_of(answer)["id"] for answer in answers}) == site.count() == THREADS * 10


def test_a_refused_request_leaves_its_key_free(site: SmallSite) -> None:
    assert send(site, "key", path="/v1/refusals").status_code == 409
    with site.database.transaction() as session:
        assert session.execute(select(table)).all() == []


def test_a_key_belongs_to_its_caller_and_route(site: SmallSite) -> None:
    send(site, "key")
    assert send(site, "key", "b", OFFICER).status_code == 201
    assert send(site, "key", "c", path="/v1/notes").status_code == 201
    assert site.count() == 3


def test_two_agencies_with_a_user_of_one_name_do_not_share_keys() -> None:
    callers = [Actor(subject="pat", role=Role.PARTNER, agency_id=a) for a in ("a", "b")]
    assert len({idempotency.caller_of(caller) for caller in callers}) == 2


def test_where_a_key_is_needed_none_is_refused(site: SmallSite) -> None:
    answer = site.app.test_client().post(
        "/v1/careful-notes", json={"text": "a"}, headers=site.headers()
    )
    assert (answer.status_code, json_of(answer)["type"]) == (
        400,
        "/problems/idempotency-key-missing",
    )


@pytest.mark.parametrize("key", ["", "x" * 81, "a\tb", "ké"])
def test_a_key_that_is_none_is_refused(site: SmallSite, key: str) -> None:
    answer = send(site, key)
    assert answer.status_code == 400
    assert "Idempotency-Key" in json_of(answer)["errors"]


def test_neither_body_nor_caller_is_kept_in_the_clear(site: SmallSite) -> None:
    send(site, "key", "a very private note")
    with site.database.transaction() as session:
        row = session.execute(select(table)).one()
    assert "private" not in row.body_mac
    assert ADMIN.subject not in row.caller


def test_old_keys_are_forgotten_and_new_ones_kept(site: SmallSite) -> None:
    send(site, "old")
    site.clock.advance(timedelta(days=2))
    send(site, "new")
    with site.database.transaction() as session:
        assert idempotency.prune(session, NOON + timedelta(days=1)) == 1
        assert session.scalars(select(table.c.key)).all() == ["new"]
