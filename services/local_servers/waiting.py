"""Waiting for a condition with a deadline, looking often at first and then less often."""

import time
from collections.abc import Callable
from typing import Final

# A look may itself cost a server's time, which whatever is waited for needs too: so the pauses
# grow with the wait, and lengthen it by no more than this share.
SHARE: Final = 0.1
SHORTEST_S: Final = 0.02
LONGEST_S: Final = 0.25


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true within the seconds."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited >= seconds:
            return False
        pause = min(max(SHARE * waited, SHORTEST_S), LONGEST_S)
        time.sleep(min(pause, seconds - waited))
    return True


def measured(call: Callable[[], None]) -> float:
    """The seconds that a call took."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
