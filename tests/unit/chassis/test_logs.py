"""Logs: JSON on every line, the referral's id on each, and never the text of an exception."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.chassis import logs

CANARY = "Jane Canary 555-0100"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the log goes; the process's own settings come back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level, logging.raiseExceptions)
    hooks, told = (sys.excepthook, threading.excepthook), structlog.get_config()
    stream = io.StringIO()
    logs.configure("debug", stream)
    yield stream
    root.handlers, root.level, logging.raiseExceptions = before
    sys.excepthook, threading.excepthook = hooks
    structlog.configure(**told)
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line, which must be JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail() -> None:
    """Fail with a value in the text, and one in its cause."""
    raise ValueError(f"{CANARY} has no such field") from KeyError(CANARY)


def test_a_line_says_what_when_where_and_how_grave(stream: io.StringIO) -> None:
    structlog.get_logger("services.matcher").warning("lagging", records=3)
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["records"]) == ("lagging", "warning", 3)
    assert line["logger"] == "services.matcher"
    assert line["timestamp"].endswith("Z")


def test_the_referral_stands_on_every_line_about_it_and_on_no_other(stream: io.StringIO) -> None:
    log = structlog.get_logger()
    with logs.about(referral_id="r-1"):
        log.info("ours")
        logging.getLogger("a.library").info("theirs")
        with logs.about(offer_id="o-1"):
            log.info("inner")
    log.info("after")
    assert [line.get("referral_id") for line in lines(stream)] == ["r-1", "r-1", "r-1", None]
    assert [line.get("offer_id") for line in lines(stream)] == [None, None, "o-1", None]


def test_work_on_other_threads_keeps_its_own_referral(stream: io.StringIO) -> None:
    def work(name: str) -> None:
        with logs.about(referral_id=name):
            structlog.get_logger().info("at work", by=name)

    threads = [threading.Thread(target=work, args=(f"r-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(line["by"] == line["referral_id"] for line in lines(stream))
    assert len(lines(stream)) == 8


@pytest.mark.parametrize("name", ["structlog", "logging"])
def test_the_text_of_an_exception_is_never_printed(stream: io.StringIO, name: str) -> None:
    log: Any = structlog.get_logger("x") if name == "structlog" else logging.getLogger("x")
    try:
        fail()
    except ValueError as error:
        log.exception("failed")
        for info in (True, error, sys.exc_info()):
            log.warning("failed", exc_info=info)
        log.warning("failed", stack_info=True)
    assert CANARY not in stream.getvalue()
    assert "Canary" not in stream.getvalue()
    found = [line.get("exception", "none") for line in lines(stream)]
    assert all(text.startswith("ValueError at test_logs.py:") for text in found[:4])


def test_what_a_thread_did_not_catch_is_logged_without_its_text(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    # pytest has a hook of its own around threads: this one is called as Python would.
    try:
        fail()
    except ValueError as error:
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
        )
        sys.excepthook(type(error), error, error.__traceback__)
    (one, two) = lines(stream)
    assert one["event"] == two["event"] == "uncaught"
    assert "Canary" not in stream.getvalue() + "".join(capfd.readouterr())


def test_an_end_that_was_asked_for_is_no_fault(stream: io.StringIO) -> None:
    for kind in (KeyboardInterrupt, SystemExit):
        sys.excepthook(kind, kind(), None)
    assert lines(stream) == []


def test_a_line_that_cannot_be_written_prints_nothing_of_its_values(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("a.library").error("%d people", CANARY)
    assert "Canary" not in stream.getvalue() + "".join(capfd.readouterr())


def test_lines_below_the_level_are_left_out(stream: io.StringIO) -> None:
    logs.configure("warning", stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("a.library").debug("quiet")
    structlog.get_logger().warning("heard")
    assert [line["event"] for line in lines(stream)] == ["heard"]
