"""gunicorn's settings for the web process of a service, its log and its refusals.

``gunicorn -c python:services.chassis.gunicorn services.matcher.wsgi:app``. Nothing imported here
may import prometheus_client: it looks for the folder of the metrics when it is first imported, and
gunicorn names that only after it has read these settings.
"""

import logging
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
import structlog
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors
from werkzeug.exceptions import RequestTimeout

from contracts.problems import JSON, Problem, ProblemError
from services.chassis import logs, metrics_folder, names, settings
from services.chassis.doorstep import DoorstepWorker, SlowError

log = structlog.get_logger()

_MALFORMED: Final = ProblemError(
    Problem.MALFORMED, "this is no HTTP/1.1 request: look at its first line, headers and length"
)
_TOO_LARGE: Final = ProblemError(
    Problem.HEADERS_TOO_LARGE, "send at most 100 headers, and 8190 bytes in each and in the address"
)
_CODING: Final = ProblemError(
    Problem.MALFORMED, "the only Transfer-Encoding spoken here is chunked"
)
_SLOW: Final = ProblemError(Problem.SLOW, "the request did not arrive in time: send it again")
_FULL: Final = ProblemError(Problem.UNAVAILABLE, "too many large requests come in: send it again")
_FAULT: Final = ProblemError(Problem.INTERNAL, "the fault is ours and was logged")
# The first that fits; an app's own faults never come here, for Flask answers them.
_REFUSALS: Final = (
    ((errors.InvalidResponseHeader, errors.InvalidResponseHeaderName), _FAULT),
    ((errors.LimitRequestLine, errors.LimitRequestHeaders), _TOO_LARGE),
    ((errors.UnsupportedTransferCoding,), _CODING),
    ((errors.ParseException,), _MALFORMED),
    ((SlowError,), _SLOW),
)


class JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own words as JSON lines; it keeps no log of addresses, for they hold ids."""

    def setup(self, cfg: Any) -> None:
        """Hand everything to the log that the service has too."""
        self.cfg = cfg
        self.loglevel = logging.getLevelNamesMapping()[found.log_level.upper()]
        for each in (self.error_log, self.access_log):
            each.setLevel(self.loglevel)
            each.propagate = True
        named = re.match(r"services\.(\w+)\.wsgi", cfg.default_proc_name)
        service = named.group(1) if named else cfg.default_proc_name
        logs.configure(found.log_level, service=service, process="web")


class Body:
    """What a sender sends after the headers; what is wrong in it is the sender's own fault."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """As a file; raises ValueError, which Flask answers with 400, for malformed chunks.

        Raises RequestTimeout, answered with 408, for one that does not come.
        """
        try:
            read: bytes = self._body.read(None if size < 0 else size)
        except errors.ParseException:
            raise ValueError("the body cannot be read") from None
        except SlowError:
            raise RequestTimeout from None
        return read


class ProblemWorker(DoorstepWorker):
    """Answers with a problem what it cannot read; nothing of the request is repeated or logged."""

    web: Any = None
    wsgi: Any = None

    def load_wsgi(self) -> None:
        """Open the app: in this process, after the fork."""
        super().load_wsgi()
        self.web, self.wsgi = self.wsgi, self._serve
        self.web.draining = lambda: not self.alive

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's own signature
        """When this process ends, take who waits at the door, then close it.

        Left open until the last answer, it would let others in whom nobody serves.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        self.web.hurry()
        self.hasten()
        while self.sockets:
            listener, before = self.sockets.pop(), -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()

    def _serve(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        environ["wsgi.input"] = Body(environ["wsgi.input"])
        answer: Iterable[bytes] = self.web(environ, start)
        return answer

    def refuse_late(self, client: Any, *, is_slow: bool) -> None:
        """Say that a request came too slowly, or that too many large ones are being read."""
        log.info("request_refused", kind="Slow" if is_slow else "Full")
        util.write_nonblock(client, _answer(_SLOW if is_slow else _FULL))

    def handle_error(self, _request: Any, client: Any, _address: Any, error: Exception) -> None:
        """Refuse a request; the connection is closed: where the next one begins, nobody knows."""
        problem = next((said for kinds, said in _REFUSALS if isinstance(error, kinds)), _FAULT)
        if problem is _FAULT:
            log.error("request_failed", exc_info=(type(error), error, error.__traceback__))
        else:
            log.info("request_refused", kind=type(error).__name__)
        with suppress(OSError):  # who does not listen any more need not be told
            util.write_nonblock(client, _answer(problem))


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """Let go of the databases, where the app was opened at all."""
    if worker.web is not None:
        worker.web.close()


def on_starting(_arbiter: Any) -> None:
    """Count from zero, in an empty folder."""
    metrics_folder.make(metrics)


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Keep what a process counted when it ends, however it ended."""
    from services.chassis import shared_metrics  # noqa: PLC0415 - see this module's first words

    if not shared_metrics.fold(metrics, worker.pid):
        log.warning("metrics_not_folded", process_id=worker.pid)


def on_exit(_arbiter: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(metrics, ignore_errors=True)


def _answer(problem: ProblemError) -> bytes:
    kind, body = problem.problem.value, orjson.dumps(problem.body())
    head = [
        f"HTTP/1.1 {kind.status} {kind.title}",
        "Connection: close",
        f"Content-Type: {JSON}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


found: Final = names.read_settings()
metrics: Final = metrics_folder.name()
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what gunicorn makes there it unlinks

# --- What gunicorn reads ------------------------------------------------------------------------

bind: Final = f"[{found.host}]:{found.port}" if ":" in found.host else f"{found.host}:{found.port}"
workers: Final = found.processes
threads: Final = found.threads
worker_class: Final = ProblemWorker
logger_class: Final = JsonLogger
loglevel: Final = found.log_level
raw_env: Final = [f"{settings.METRICS_FOLDER}={metrics}"]
# The sign of life is a file: on a disk that stalls, a healthy process would be taken for dead.
worker_tmp_dir: Final = str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None
# Longer than those who keep connections open towards us keep them idle (proxies: 60 s at most), so
# that it is they who close: a request could cross with our closing.
keepalive: Final = 75
# Below the 1,024 files that a process may usually have open.
worker_connections: Final = 800
timeout: Final = 60
# A platform that asked us to stop waits for half a minute.
graceful_timeout: Final = 20
limit_request_line: Final = 8190
limit_request_fields: Final = 100
limit_request_field_size: Final = 8190
# Nothing here depends on where a request came from: what a client says of that is not believed.
forwarded_allow_ips: Final = ""
secure_scheme_headers: Final[dict[str, str]] = {}
control_socket_disable: Final = True
