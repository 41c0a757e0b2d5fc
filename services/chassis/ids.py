"""Identifiers: time-ordered UUIDs and short references that people can read out."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

# Crockford's base 32: no I, L, O, U, so a reference survives a phone call.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
COUNTER_BITS: Final = 26
TAIL_BITS: Final = 48
_B_BITS: Final = COUNTER_BITS - 12  # the counter fills rand_a, then goes on at the top of rand_b


class TimeOrdered:
    """Makes version 7 UUIDs, each greater than the one before, whatever the clock does.

    RFC 9562, section 6.2, method 1: a counter that begins at a random number in each millisecond.
    Where the clock stands still or goes back, the counter goes on in the millisecond reached.
    """

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._millisecond = 0
        self._counter = 0

    def make(self, now: datetime) -> UUID:
        """The next UUID, of the given time or of the latest that was given before."""
        millisecond, counter = self._next((now - _EPOCH) // _MILLISECOND)
        high, low = divmod(counter, 1 << _B_BITS)
        bits = (millisecond & (2**48 - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62
        return UUID(int=bits | low << TAIL_BITS | secrets.randbits(TAIL_BITS))

    def _next(self, millisecond: int) -> tuple[int, int]:
        with self._alone:
            if millisecond > self._millisecond:
                self._millisecond, self._counter = millisecond, _first()
            else:
                self._counter += 1
            if self._counter >> COUNTER_BITS:  # full: borrow the next millisecond
                self._millisecond, self._counter = self._millisecond + 1, _first()
            return self._millisecond, self._counter


def _first() -> int:
    """Where a counter begins: below the middle, so that room is left to count."""
    return secrets.randbits(COUNTER_BITS - 1)


_of_this_process: Final = TimeOrdered()


def uuid7(now: datetime) -> UUID:
    """A version 7 UUID of the given time, greater than every one made before in this process."""
    return _of_this_process.make(now)


def reference() -> str:
    """A short reference such as ``7QK4-M2XD``: 40 random bits, not an incident number."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"
