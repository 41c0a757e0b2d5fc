"""Waiting for a condition with a deadline, looking often rather than sleeping long."""

import time
from collections.abc import Callable
from typing import Final

LOOK_EVERY_S: Final = 0.02


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true within the seconds."""
    until = time.monotonic() + seconds
    while not condition():
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(LOOK_EVERY_S, left))
    return True


def measured(call: Callable[[], None]) -> float:
    """The seconds that a call took."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
