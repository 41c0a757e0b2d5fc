"""A transport that gives prepared answers, in place of a network."""

from collections.abc import Callable
from typing import Any

import httpx

from services.cli.client import Client

Answer = httpx.Response | Exception


class Answers(httpx.BaseTransport):
    """Hands out its answers in order, the last one for ever; keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail as a network would."""
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client(transport: httpx.BaseTransport, pause: Callable[[float], None]) -> Client:
    """A client on a transport; it pauses by calling ``pause``."""
    http = httpx.Client(base_url="http://suite.test", transport=transport)
    return Client(http, lambda: "a-token", patience_s=5.0, pause=pause)


def problem(status: int, detail: str, errors: Any = None, kind: str = "invalid") -> httpx.Response:
    """A problem+json answer."""
    body = {"type": f"/problems/{kind}", "title": "t", "status": status, "detail": detail}
    return httpx.Response(status, json=body | ({"errors": errors} if errors else {}))
