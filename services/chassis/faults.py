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

TRANSIENT: Final = (LogUnavailableError, OperationalError, PoolTimeoutError)
LONGEST_REASON: Final = 300

# Only these are written so that their text holds no value of a message, a row or a request.
_SPEAKABLE: Final = (LogUnavailableError, SchemaError, UnknownVersionError, UnreadableError)
_ROOT: Final = Path(contracts.__file__).parent.parent
_OURS: Final = (str(_ROOT / "contracts"), str(_ROOT / "services"))


def is_transient(error: Exception) -> bool:
    """Whether a fault lies in the database or the log being away: try again, change nothing."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, TRANSIENT)


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
