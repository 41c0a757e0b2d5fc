"""Every problem type (RFC 9457) that the services answer with, and the error that carries one."""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A problem type: its URI reference, HTTP status and title."""

    type: str
    status: int
    title: str


class Problem(Enum):
    """The closed list; ``type`` is a relative URI that the API reference explains."""

    MALFORMED = Kind("/problems/malformed", 400, "The request cannot be read")
    KEY_MISSING = Kind("/problems/idempotency-key-missing", 400, "An Idempotency-Key is needed")
    UNAUTHENTICATED = Kind("/problems/unauthenticated", 401, "A valid token is needed")
    FORBIDDEN = Kind("/problems/forbidden", 403, "This role may not do this")
    NOT_FOUND = Kind("/problems/not-found", 404, "There is no such thing, or not for you")
    METHOD = Kind("/problems/method-not-allowed", 405, "This address has no such method")
    NOT_ACCEPTABLE = Kind("/problems/not-acceptable", 406, "Only JSON is spoken here")
    SLOW = Kind("/problems/request-timeout", 408, "The request did not arrive in time")
    CONFLICT = Kind("/problems/conflict", 409, "The state does not allow this step")
    KEY_BUSY = Kind("/problems/idempotency-key-busy", 409, "The same request is under way")
    STALE = Kind("/problems/stale", 412, "It has changed since you read it")
    TOO_LARGE = Kind("/problems/too-large", 413, "The body is too large")
    HEADERS_TOO_LARGE = Kind("/problems/headers-too-large", 431, "The headers are too large")
    MEDIA_TYPE = Kind("/problems/unsupported-media-type", 415, "Send application/json")
    INVALID = Kind("/problems/invalid", 422, "Some fields are not right")
    KEY_REUSED = Kind("/problems/idempotency-key-reused", 422, "The key belongs to another request")
    PRECONDITION = Kind("/problems/precondition-required", 428, "An If-Match header is needed")
    TOO_MANY = Kind("/problems/too-many-requests", 429, "Too many requests; wait a little")
    INTERNAL = Kind("/problems/internal", 500, "Something went wrong here")
    UNAVAILABLE = Kind("/problems/unavailable", 503, "Not available just now; try again")


JSON: Final = "application/problem+json"


class ProblemError(Exception):
    """A problem to answer with; ``errors`` maps a field to what would be right."""

    retry_after_s: int | None = None

    def __init__(self, problem: Problem, detail: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.errors = errors or {}

    def body(self) -> dict[str, Any]:
        """The problem+json object."""
        kind = self.problem.value
        body: dict[str, Any] = {
            "type": kind.type,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        return body


class NotFoundError(ProblemError):
    """Nothing is there, or nothing that this caller may know of."""

    def __init__(self, what: str) -> None:
        super().__init__(Problem.NOT_FOUND, f"no {what} with this id is open to you")


class ConflictError(ProblemError):
    """The state table does not allow the step."""

    def __init__(self, detail: str) -> None:
        super().__init__(Problem.CONFLICT, detail)


class TooManyError(ProblemError):
    """More requests than a limit allows; the next one may come after so many seconds."""

    def __init__(self, limit: str, seconds: int) -> None:
        super().__init__(Problem.TOO_MANY, f"{limit}: send it again in {seconds} s")
        self.retry_after_s = seconds


class InvalidError(ProblemError):
    """One field holds a value that cannot stand."""

    def __init__(self, field: str, right: str) -> None:
        super().__init__(Problem.INVALID, f"{field}: {right}", {field: [right]})
