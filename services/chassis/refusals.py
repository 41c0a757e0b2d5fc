"""What the web server refuses before any app sees it, answered with problems as all else is."""

from typing import Any, Final

import orjson
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask

from contracts.problems import JSON, Problem, ProblemError
from services.chassis.http import LARGEST_BODY

# Flask refuses what is larger than LARGEST_BODY and keeps the connection; only what is larger
# still is refused here, unread.
LARGEST_READ: Final = LARGEST_BODY + 64 * 1024
LARGEST_HEADERS: Final = 64 * 1024
# Below the 1,024 files that a process may usually have open.
MOST_CONNECTIONS: Final = 600

_MALFORMED: Final = ProblemError(
    Problem.MALFORMED, "this is no HTTP/1.1 request: look at its first line, headers and length"
)
_BY_STATUS: Final = {
    400: _MALFORMED,
    413: ProblemError(Problem.TOO_LARGE, f"send at most {LARGEST_BODY} bytes"),
    431: ProblemError(
        Problem.HEADERS_TOO_LARGE, f"send at most {LARGEST_HEADERS} bytes of headers"
    ),
    500: ProblemError(Problem.INTERNAL, "the fault is ours and was logged"),
    501: ProblemError(Problem.MALFORMED, "the only Transfer-Encoding spoken here is chunked"),
}


class _Refusal(ErrorTask):  # type: ignore[misc]
    """Answers a request that could not be read; nothing of it is repeated."""

    def execute(self) -> None:
        """Write the problem and close: where the next request would begin, nobody knows."""
        problem = _BY_STATUS.get(self.request.error.code, _MALFORMED)
        kind, body = problem.problem.value, orjson.dumps(problem.body())
        self.status = f"{kind.status} {kind.title}"
        self.response_headers += [
            ("Content-Type", JSON),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    """Refuses what waitress would stumble over: a Content-Length beyond what Python reads."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers; raises ParsingError."""
        try:
            super().parse_header(header_plus)
        except ValueError:
            raise ParsingError("Content-Length is invalid") from None


class ProblemChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose refusals are problems.

    Where there are too many, the oldest of which no request is being answered goes: a thousand that
    send nothing, or a byte a minute, keep nobody out.
    """

    error_task_class: Any = _Refusal
    parser_class: Any = _Parser

    def __init__(self, server: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(server, *args, **kwargs)
        others = server.active_channels
        if len(others) > MOST_CONNECTIONS:
            idle = (one for one in others.values() if not one.requests and one is not self)
            oldest = next((one for one in idle if not one.will_close), None)
            if oldest is not None:
                oldest.will_close = True
