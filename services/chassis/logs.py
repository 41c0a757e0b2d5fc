"""JSON logs: one object a line, with the referral id bound by whoever is at work on it."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log line, ours and the libraries', to one stream as JSON."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
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


@contextmanager
def about(**names: object) -> Iterator[None]:
    """Put ids, such as the referral's, on every log line inside."""
    with structlog.contextvars.bound_contextvars(
        **{k: str(v) for k, v in names.items()}
    ):
        yield


def _without_values(
    _logger: object, _name: str, entry: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Name an exception's type and place, never its text: texts carry values."""
    info = entry.pop("exc_info", None)
    if isinstance(info, tuple) and info[0] is not None:
        entry["exception"] = info[0].__name__
        trace = info[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            code = trace.tb_frame.f_code
            entry["where"] = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    return entry
