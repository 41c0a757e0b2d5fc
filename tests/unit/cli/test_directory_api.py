"""An HSDS API is read page after page, and left where it leads nowhere or says too much."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.cli import directory_api
from services.cli.directory_api import read_api
from services.cli.directory_source import Found
from services.cli.sheet import SheetError

URL = "https://directory.example.org/hsds"
Answer = Callable[[httpx.Request], httpx.Response]


def service(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"s{number}", "name": f"S {number}", "status": "active", **more}


def api(services: list[dict[str, Any]], size: int = 2, **said: Any) -> Answer:
    """An API with one organization and these services, ``size`` to a page."""
    lists = {"/hsds/organizations": [{"id": "a", "name": "A"}], "/hsds/services": services}

    def answer(request: httpx.Request) -> httpx.Response:
        path, page = request.url.path, int(request.url.params.get("page", 1))
        if path not in lists:
            (one,) = (each for each in services if path == f"/hsds/services/{each['id']}")
            return httpx.Response(200, json=one | {"phones": []})
        found = lists[path]
        contents = found[(page - 1) * size : page * size]
        last = {"last_page": page * size >= len(found)} | said
        return httpx.Response(200, json={"contents": contents} | last)

    return answer


def read(answer: Answer, token: str | None = None) -> tuple[Found, list[str]]:
    """What is read, and every address that was asked."""
    asked: list[str] = []

    def listen(request: httpx.Request) -> httpx.Response:
        assert request.headers.get("Authorization") == (f"Bearer {token}" if token else None)
        asked.append(request.url.path.removeprefix("/hsds"))
        return answer(request)

    client = httpx.Client(transport=httpx.MockTransport(listen))
    return read_api(f"{URL}/", token, lambda *_: None, client), asked


def ids(found: Found) -> list[str]:
    return [row.cells["id"] for row in found.tables["services"]]


def test_every_page_is_read_with_the_token_and_services_in_short_are_asked_for_singly() -> None:
    found, asked = read(api([service(n) for n in range(3)]), token="abc")  # noqa: S106 - of nobody
    assert ids(found) == ["s0", "s1", "s2"]
    assert asked.count("/services") == 2
    assert "/services/s2" in asked


def test_services_that_come_in_full_are_not_asked_for_again() -> None:
    found, asked = read(api([service(n, phones=[]) for n in range(3)]))
    assert ids(found) == ["s0", "s1", "s2"]
    assert "/services/s0" not in asked


def test_a_list_that_never_ends_is_left_when_it_says_nothing_new() -> None:
    everything = [service(n, phones=[]) for n in range(2)]

    def again(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"contents": everything, "last_page": False})

    found, asked = read(again)
    assert ids(found) == ["s0", "s1"]
    assert asked.count("/services") == 2


def test_a_plain_list_is_one_page() -> None:
    found, asked = read(lambda _: httpx.Response(200, json=[service(1, phones=[])]))
    assert (ids(found), asked) == (["s1"], ["/organizations", "/services"])


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: httpx.Response(401), "was answered 401"),
        (lambda _: httpx.Response(200, text="<html>"), "was not answered in JSON"),
        (lambda _: httpx.Response(200, json={"items": []}), "it has no list of contents"),
        (lambda _: httpx.Response(200, json=[]), "no service is in these documents"),
        (lambda _: httpx.Response(200, json=[service(1) | {"id": "../x"}]), "no address can hold"),
        (refuse, "cannot be read: too slow"),
    ],
)
def test_what_is_no_directory_is_said_in_one_line(answer: Answer, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        read(answer)


def test_more_than_is_taken_of_one_api_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_api, "LARGEST_ANSWER", 10)
    with pytest.raises(SheetError, match="more than is taken"):
        read(api([service(1, phones=[])]))


def test_an_api_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_api, "LONGEST_S", -1.0)
    with pytest.raises(SheetError, match="took longer than"):
        read(api([service(1, phones=[])]))


def test_pages_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_api, "MOST_PAGES", 1)
    with pytest.raises(SheetError, match="more than 1 pages"):
        read(api([service(n, phones=[]) for n in range(3)]))
