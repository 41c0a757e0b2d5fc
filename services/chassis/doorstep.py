"""Where connections wait until a request has arrived, so that no thread waits for a sender.

gunicorn's threads read from a sender for as long as that takes: as many senders as there are
threads, each a byte a minute, would keep everybody else out, and so would connections that send
nothing. Here a thread takes a request once all of it is there. What is too large to wait for is
read by half of the threads at most, and within a time.
"""

import errno
import re
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from enum import Enum
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

# As much of a request is looked at; bodies of people and their programs are far smaller.
LOOK: Final = 32 * 1024
ARRIVES_S: Final = 30.0
READ_S: Final = 20.0
LINE_S: Final = 60.0
SEND_S: Final = 20
LEFTOVER_S: Final = 5.0
LINGER_S: Final = 2.0
MOST_LEAVING: Final = 150
_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*(?:\r\n|\Z)")
# The sender goes on, or begins, only once we read.
_READ_NOW: Final = re.compile(rb"(?i)\r\n(?:expect|transfer-encoding)[ \t]*:")
_NO_MORE_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NOBODY: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED})


class SlowError(Exception):
    """The sender did not send in time what it had begun."""


class Arrival(Enum):
    """How much of a request is there."""

    PARTLY = "partly"
    WHOLE = "whole"
    LARGE = "large"


def arrival_of(seen: bytes) -> tuple[Arrival, int]:
    """What the first bytes of a request say, and how many it takes to say more.

    Nothing at all is the end of the connection, and whole. Whether a request is a good one, who
    reads it finds out.
    """
    head, end, body = seen.partition(_END)
    if not seen:
        return Arrival.WHOLE, 0
    if not end:
        return (Arrival.PARTLY if len(seen) < LOOK else Arrival.LARGE), len(seen) + 1
    if _READ_NOW.search(head):
        return (Arrival.WHOLE if body.endswith(b"0" + _END) else Arrival.LARGE), 0
    said = _LENGTH.search(head)
    whole = len(head) + len(end) + (int(said[1]) if said else 0)
    if whole > LOOK:
        return Arrival.LARGE, 0
    return (Arrival.WHOLE if len(seen) >= whole else Arrival.PARTLY), whole


class _Timed:
    """What the parser reads a connection by: until a moment, and no longer."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def recv(self, size: int) -> bytes:
        """Some bytes; raises SlowError."""
        wire: socket.socket = self._connection.sock
        left = self._connection.until - time.monotonic()
        waits = select.poll()
        waits.register(wire, select.POLLIN)
        if left <= 0 or not waits.poll(left * 1000):
            raise SlowError
        return wire.recv(size)


class Connection(TConn):  # type: ignore[misc]
    """A connection, how long its sender has time, and how it is parted with."""

    has_begun = False
    is_large = False
    until = 0.0

    def __init__(self, *args: Any, part: Callable[["Connection"], None]) -> None:
        super().__init__(*args)
        self._part = part

    def init(self) -> None:
        """Be ready to read: the first request, or one more."""
        is_new = not self.initialized
        super().init()
        if is_new:
            self.parser.unreader.sock = _Timed(self)

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's own
        """Close at once, or once the other side has: gunicorn would keep everybody waiting."""
        if graceful:
            self._part(self)
        else:
            super().close()


class DoorstepWorker(ThreadWorker):  # type: ignore[misc]
    """A worker whose threads are given requests that have arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line: deque[Connection] = deque()
        self.leaving: deque[Connection] = deque()
        self.readers = 0

    def accept(self, listener: Any) -> None:
        """Take a connection; where there are too many, the one that has been idle longest goes."""
        if self.nr_conns >= self.worker_connections - 1:
            self._make_room()
        try:
            wire, address = listener.accept()
        except OSError as error:
            if error.errno in _NO_MORE_FILES:
                self._make_room()
            elif error.errno not in _NOBODY:
                raise
            return
        self.nr_conns += 1
        # Who does not read the answer keeps no thread either.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_S, 0))
        name = listener.getsockname()
        self._await(Connection(self.cfg, wire, address, name, part=self._part))

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        """Begin to wait for the next request of a connection that is kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await(conn)

    def on_pending_socket_readable(self, conn: Connection, client: Any) -> None:
        """Look whether a request has arrived; if not, hear of it when more of it has."""
        try:
            arrival, enough = arrival_of(client.recv(LOOK, socket.MSG_PEEK))
        except OSError:  # whoever reads it finds out why
            arrival, enough = Arrival.WHOLE, 0
        if arrival is Arrival.PARTLY:
            conn.has_begun = True
            _tell_when(client, enough)
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        _tell_when(client, 1)
        conn.data_ready = True
        conn.is_large = arrival is Arrival.LARGE
        self._hand_over(conn)

    def handle(self, conn: Connection) -> Any:
        """Serve a request, in a thread."""
        conn.until = time.monotonic() + READ_S
        return super().handle(conn)

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Let the next one in line be read."""
        if conn.is_large:
            conn.is_large = False
            self.readers -= 1
            if self.line:
                self._hand_over(self.line.popleft())
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Let go of those whose time is over."""
        now = time.monotonic()
        for waiting in (self.pending_conns, self.line):
            while waiting and waiting[0].timeout <= now:
                self._let_go(waiting.popleft(), is_slow=waiting is self.pending_conns)
        while self.leaving and self.leaving[0].timeout <= now:
            self._forget(self.leaving[0])

    def hasten(self) -> None:
        """The process ends: whoever has sent nothing by now has little time left."""
        soon = time.monotonic() + LINGER_S
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, soon)

    def refuse_late(self, client: Any, *, is_slow: bool) -> None:
        """What is said to one whose time is over: here nothing, and the connection ends."""
        del client, is_slow

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:  # noqa: FBT001 - gunicorn's own
        """Keep a connection whose sender waits for its answers before it sends more."""
        conn.until = time.monotonic() + LEFTOVER_S
        with suppress(SlowError):
            kept: bool = super()._keepalive_after(conn, keepalive)
            return kept and not conn.parser.unreader.buf.getvalue()
        return False

    def _await(self, conn: Connection) -> None:
        conn.has_begun = False
        conn.sock.settimeout(0)
        conn.timeout = time.monotonic() + (ARRIVES_S if self.alive else LINGER_S)
        self.pending_conns.append(conn)
        told = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, EVENT_READ, told)

    def _hand_over(self, conn: Connection) -> None:
        if conn.is_large and self.readers >= max(1, self.cfg.threads // 2):
            conn.timeout = time.monotonic() + LINE_S
            self.line.append(conn)
            return
        self.readers += conn.is_large
        self.enqueue_req(conn)

    def _make_room(self) -> None:
        """Let go of the one that has waited longest: who has just come sends at once."""
        for idle in (self.pending_conns, self.keepalived_conns):
            if idle:
                self._let_go(idle.popleft(), is_slow=True)
                return

    def _let_go(self, conn: Connection, *, is_slow: bool) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        if conn.has_begun or not is_slow:
            with suppress(OSError):
                conn.sock.settimeout(0)
                self.refuse_late(conn.sock, is_slow=is_slow)
        conn.close(graceful=True)

    def _part(self, conn: Connection) -> None:
        """Say that nothing more comes, and read on: what is unread would take the answer back."""
        try:
            conn.sock.settimeout(0)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._read_on, conn))
        except (OSError, KeyError, ValueError):
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGER_S
        self.leaving.append(conn)
        if len(self.leaving) > MOST_LEAVING:
            self._forget(self.leaving[0])

    def _read_on(self, conn: Connection, client: Any) -> None:
        with suppress(OSError):
            if client.recv(LOOK):
                return
        self._forget(conn)

    def _forget(self, conn: Connection) -> None:
        self.leaving.remove(conn)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        conn.close()


def _tell_when(wire: Any, so_many: int) -> None:
    """Let the poller speak up when so many bytes are there, or the sender has ended."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, so_many)
