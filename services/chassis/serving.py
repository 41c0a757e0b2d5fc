"""Serving HTTP until asked to stop, and stopping without dropping what is under way."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, Final

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from services.chassis.refusals import (
    LARGEST_HEADERS,
    LARGEST_READ,
    MOST_CONNECTIONS,
    ProblemChannel,
)

# What a terminal, a person or a supervisor sends to a process that is to end.
STOP: Final = frozenset({signal.SIGINT, signal.SIGTERM})
LOOK_AGAIN_S: Final = 0.02
# Longer than those who keep connections open towards us keep them idle.
KEPT_S: Final = 75

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Stopping:
    """Set once, by SIGTERM, SIGINT or ``ask``: from then on the process drains."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT ask; call it from the main thread."""
        for number in STOP:
            signal.signal(number, self._heard)

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT ask for as long as this lasts, and do as before afterwards."""
        before = {number: signal.getsignal(number) for number in STOP}
        self.on_signals()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def ask(self) -> None:
        """Ask the process to stop."""
        self._asked.set()

    def asked(self) -> bool:
        """Whether anybody asked."""
        return self._asked.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Return True once asked, False after the seconds."""
        return self._asked.wait(seconds)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        # In a thread: the one that was interrupted may hold the lock that setting takes.
        threading.Thread(target=self.ask, name="stopping", daemon=True).start()


class HttpServer:
    """Waitress in a thread of its own; listens from the moment it is made."""

    def __init__(self, app: Wsgi, host: str, port: int, threads: int) -> None:
        sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            app,
            map=sockets,
            host=host,
            port=port,
            threads=threads,
            max_request_body_size=LARGEST_READ,
            max_request_header_size=LARGEST_HEADERS,
            # Bodies beyond this wait in files: whoever sends many at a time fills no memory.
            inbuf_overflow=LARGEST_HEADERS,
            # Never reached: ProblemChannel makes room before.
            connection_limit=2 * MOST_CONNECTIONS,
            asyncore_use_poll=True,
            channel_timeout=KEPT_S,
            ident=None,
            # What a proxy says of the sender is read in limits.py alone, and believed of few.
            clear_untrusted_proxy_headers=False,
        )
        # One per address: a name such as localhost may stand for two.
        self._listeners: list[Any] = [
            one for one in sockets.values() if isinstance(one, BaseWSGIServer)
        ]
        for listener in self._listeners:
            listener.channel_class = ProblemChannel
        self._thread = threading.Thread(target=self._server.run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._listeners[0].effective_port)

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()

    def drain(self, seconds: float) -> bool:
        """Take no more connections, let the requests under way be answered, then end.

        False where some were still under way after the seconds: they end with the process.
        """
        until = time.monotonic() + seconds
        self._in_its_thread(wasyncore.dispatcher.close)
        pause = threading.Event()
        while self._busy():
            if time.monotonic() >= until:
                return False
            pause.wait(LOOK_AGAIN_S)
        self._in_its_thread(_hang_up)
        self._thread.join(max(LOOK_AGAIN_S, until - time.monotonic()))
        self._server.task_dispatcher.shutdown()
        if self._thread.is_alive():
            return False
        for listener in self._listeners:
            listener.trigger.close()
        return True

    def _in_its_thread(self, step: Callable[[Any], None]) -> None:
        """Do it where the sockets are served: that thread may be selecting on them."""
        for listener in self._listeners:
            listener.trigger.pull_trigger(partial(step, listener))

    def _busy(self) -> bool:
        channels = [c for one in self._listeners for c in list(one.active_channels.values())]
        return any(c.requests or c.request is not None or c.total_outbufs_len for c in channels)


def _hang_up(listener: Any) -> None:
    """Leave nothing to serve: the loop then ends.

    The trigger stays open until the thread has ended, for whoever pulled it may still be writing.
    """
    for channel in list(listener.active_channels.values()):
        channel.handle_close()
    listener.trigger.del_channel()
