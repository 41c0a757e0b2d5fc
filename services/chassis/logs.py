"""JSON logs: one object a line, with the referral id bound by whoever is at work on it."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, TextIO

import structlog

from services.chassis.faults import reason_of

# They tell of every look at a schema, and of every request that we send.
CHATTY: Final = ("alembic", "httpx")


def configure(level: str, stream: TextIO | None = None, **names: object) -> None:
    """Send every log line, ours and the libraries', to one stream as JSON.

    ``names`` stand on every line: which service it is, and which process of it.
    """
    shared: list[structlog.types.Processor] = [
        lambda _logger, _name, entry: {**names, **entry},
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_values,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))
    logging.raiseExceptions = False  # a line that cannot be written would print its values
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value, args.exc_traceback
    )


@contextmanager
def about(**names: object) -> Iterator[None]:
    """Put ids, such as the referral's, on every log line inside."""
    with structlog.contextvars.bound_contextvars(**{k: str(v) for k, v in names.items()}):
        yield


def _without_values(
    _logger: object, _name: str, entry: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Name an exception's kind and place, never its text: texts carry values."""
    entry.pop("stack_info", None)
    info = entry.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        entry["exception"] = reason_of(error)
    return entry


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """What nobody caught ends in the log, not as a traceback with its text on the terminal."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        structlog.get_logger().critical("uncaught", exc_info=(kind, error, trace))
