"""Asking the processes of the local servers whether they are ready."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx

from services.cli.posts import Post

ANSWER_S: Final = 3.0
LOOK_EVERY_S: Final = 0.1
_STRANGE: Final = (ValueError, KeyError, AttributeError, TypeError)


def fault_of(post: Post) -> str | None:
    """Why a process is not ready, in words; None where it is."""
    try:
        with httpx.Client(timeout=ANSWER_S, trust_env=False) as http:
            answer = http.get(post.readiness)
    except httpx.HTTPError:
        return f"{post.name} does not answer"
    return None if answer.is_success else f"{post.name}: {_said(answer)}"


def wait(
    posts: Sequence[Post],
    seconds: float,
    hopeless: Callable[[], bool],
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Wait until all are ready, the seconds are over or it is hopeless; the faults left, by name.

    A process that was ready once is not asked again.
    """
    until, waiting = time.monotonic() + seconds, list(posts)
    while True:
        faults = {post.name: fault for post in waiting if (fault := fault_of(post)) is not None}
        waiting = [post for post in waiting if post.name in faults]
        if not faults or hopeless() or time.monotonic() >= until:
            return faults
        pause(LOOK_EVERY_S)


def _said(answer: httpx.Response) -> str:
    """The faults of an answer, or its status where it tells none."""
    try:
        body: Any = answer.json()
        found = [fault for faults in body["faults"].values() for fault in faults]
    except _STRANGE:
        found = []
    return "; ".join(found) or f"not ready (HTTP {answer.status_code})"
