"""A route for anybody: no token, no kept answer, and a wrong try that is counted all the same."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from contracts.problems import ConflictError, NotFoundError
from services.chassis.api import Api, Contract, Runtime, access_of
from services.chassis.database import Database
from services.chassis.http import Site, create_app, document_of
from services.chassis.open_routes import OpenCall, open_for_anybody
from tests.ports.samples import StillClock
from tests.ports.small_site import NoteAnswer, NoteBody, metadata, notes

PATH: Final = "/v1/guesses"


def guess(call: OpenCall) -> Any:
    """Write down what was guessed; one word is right, one is not to be said."""
    text = call.body["text"]
    call.session.execute(notes.insert().values(text=text, version=1))
    if text == "rude":
        raise ConflictError("not so")
    return {"id": 1, "text": text} if text == "right" else NotFoundError("guess")


@pytest.fixture
def kept(store: Database, clock: StillClock) -> Iterator[tuple[FlaskClient, Callable[[], Any]]]:
    """A client of the app, and what it has written down."""
    metadata.create_all(store.engine)
    api = Api("guesses", __name__)
    open_for_anybody(api, PATH, Contract(answer=NoteAnswer, status=201, body=NoteBody))(guess)
    runtime = Runtime(store, clock, b"m" * 32)
    app = create_app(Site("guesses", "Guesses", [api]), runtime, None)  # type: ignore[arg-type]

    def written() -> list[str]:
        with store.transaction() as session:
            return list(session.scalars(select(notes.c.text).order_by(notes.c.id)))

    yield app.test_client(), written
    metadata.drop_all(store.engine)


def test_a_problem_that_is_returned_keeps_what_was_written_and_one_that_is_raised_does_not(
    kept: tuple[FlaskClient, Callable[[], Any]],
) -> None:
    client, written = kept
    answers = [client.post(PATH, json={"text": text}) for text in ("wrong", "rude", "right")]
    assert [answer.status_code for answer in answers] == [404, 409, 201]
    assert {answer.content_type for answer in answers[:2]} == {"application/problem+json"}
    assert written() == ["wrong", "right"]


def test_nobodys_answer_is_kept_for_somebody_else_with_the_same_key(
    kept: tuple[FlaskClient, Callable[[], Any]],
) -> None:
    client, written = kept
    headers = {"Idempotency-Key": "one-two-three"}
    for _ in range(2):
        assert client.post(PATH, json={"text": "right"}, headers=headers).status_code == 201
    assert written() == ["right", "right"]


def test_bad_bodies_are_refused_and_the_reference_asks_for_no_token(
    kept: tuple[FlaskClient, Callable[[], Any]],
) -> None:
    client, written = kept
    assert client.post(PATH, json={"text": 7}).status_code == 422
    assert written() == []
    (view,) = (v for name, v in client.application.view_functions.items() if "guess" in name)
    access = access_of(view)
    assert access is not None
    assert access.roles == {}
    said = document_of(client.application)["paths"][PATH]["post"]
    assert (said["security"], said["x-roles"], "parameters" in said) == ([], {}, False)
