"""What went wrong, in words that carry no values, and which faults pass by themselves."""

from pathlib import Path
from types import TracebackType
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import contracts
from contracts.codec import UnknownVersionError, UnreadableError
from services.chassis.event_log import LogUnavailableError
from services.chassis.migrations import SchemaError
from services.chassis.roles import RoleError

TRANSIENT: Final = (LogUnavailableError, OperationalError, PoolTimeoutError)
LONGEST_REASON: Final = 300

# PostgreSQL's SQLSTATEs where the driver's class says otherwise. Time mends: a standby that took
# over and is read-only still; a table or column of a schema that is just being migrated.
_PASSING: Final = frozenset({"25006", "42P01", "42703"})
# Time mends nothing where a row or a statement is larger than the server can take.
_LASTING: Final = frozenset({"54000", "54001", "54011", "54023"})
_LOCK_TIMEOUT: Final = "55P03"
# Only these are written so that their text holds no value of a message, a row or a request.
_SPEAKABLE: Final = (
    LogUnavailableError,
    RoleError,
    SchemaError,
    UnknownVersionError,
    UnreadableError,
)
_ROOT: Final = Path(contracts.__file__).parent.parent
_OURS: Final = (str(_ROOT / "contracts"), str(_ROOT / "services"))


def is_transient(error: Exception) -> bool:
    """Whether a fault passes by itself: try again, change nothing.

    The database or the log is away, a lock was waited for too long, or two waited for each other.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or _state(error) in _PASSING:
            return True
        if _state(error) in _LASTING:
            return False
    return isinstance(error, TRANSIENT)


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether another transaction held a lock for longer than this one may wait."""
    return _state(error) == _LOCK_TIMEOUT


def _state(error: DBAPIError) -> str | None:
    """PostgreSQL's SQLSTATE of an error; SQLite has none."""
    return getattr(error.orig, "sqlstate", None)


def reason_of(error: BaseException) -> str:
    """A reason that can be stored, logged and shown: kind and place, never a bound value."""
    kind = type(error).__name__
    if isinstance(error, DBAPIError):
        kind = f"{kind}: {type(error.orig).__name__}"
    elif isinstance(error, _SPEAKABLE):
        return f"{kind}: {error}"[:LONGEST_REASON]
    place = place_of(error.__traceback__)
    return f"{kind} at {place}" if place else kind


def place_of(trace: TracebackType | None) -> str | None:
    """The file and line where an error arose: the innermost of our own code, else of all."""
    innermost = ours = None
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        innermost = f"{path.rpartition('/')[2]}:{trace.tb_lineno}"
        ours = innermost if path.startswith(_OURS) else ours
        trace = trace.tb_next
    return ours or innermost
