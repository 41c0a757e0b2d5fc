"""The front door: what is away is a problem that passes, with the crisis line where one asks."""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

import orjson
import pytest

from services.cli.front import Front, Upstream

TOLD: Final = {"/v1/match-previews": {"crisis_line": "988"}}
# Nobody listens there.
AWAY: Final = Upstream("127.0.0.1", 1)


def asked(front: Front, path: str) -> tuple[str, dict[str, str], Any]:
    """What the front door answers."""
    said: list[Any] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "REQUEST_URI": path}
    body = b"".join(front(environ, lambda status, headers: said.extend((status, dict(headers)))))
    return said[0], said[1], orjson.loads(body)


@pytest.mark.parametrize("opened", [False, True])
def test_whether_it_is_closed_yet_or_its_service_is_away_a_preview_tells_the_crisis_line(
    *, opened: bool
) -> None:
    front = Front({}, TOLD)
    if opened:
        front.open({"/v1/match-previews": AWAY, "/v1/programs": AWAY}, AWAY)
    status, headers, body = asked(front, "/v1/match-previews")
    assert (status[:3], headers["Content-Type"]) == ("503", "application/problem+json")
    assert (body["status"], body["crisis_line"]) == (503, "988")
    assert headers["Retry-After"] == "1"
    status, _, body = asked(front, "/v1/programs")
    assert (status[:3], "crisis_line" in body) == ("503", False)


@pytest.mark.parametrize(
    ("remote", "told"), [("203.0.113.9", "203.0.113.9"), ("10.0.0.1", "198.51.100.1")]
)
def test_a_service_is_told_for_whom_it_is_asked_and_not_what_the_sender_says(
    remote: str, told: str
) -> None:
    front = Front({}, proxies=[ipaddress.ip_network("10.0.0.0/8")])
    found: list[str] = []

    def service(environ: Mapping[str, Any], _start: object) -> list[bytes]:
        found.append(environ["HTTP_X_FORWARDED_FOR"])
        return []

    front.open({}, service)
    said = {"REMOTE_ADDR": remote, "HTTP_X_FORWARDED_FOR": "1.1.1.1, 198.51.100.1"}
    front({"PATH_INFO": "/livez", **said}, lambda *_: None)
    assert found == [told]
