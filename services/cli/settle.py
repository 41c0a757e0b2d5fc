"""Waiting until a suite is at rest: nothing unpublished, unread, waiting or due in any service."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.cli.client import Client, ClientError

BOUND_S: Final = 60.0
FIRST_PAUSE_S: Final = 0.04
LONGEST_PAUSE_S: Final = 0.25
_UNDER_WAY: Final = ("unpublished", "lag", "waiting", "due")

Flow = Mapping[str, Mapping[str, int | None]]


class NotSettledError(ClientError):
    """Something was still under way when the time was up; the text says what."""


def under_way(flow: Flow) -> int:
    """How many things are under way in all services.

    Raises NotSettledError where one cannot tell: a web process alone has no way to the event log.
    """
    blind = [name for name, service in flow.items() if service["lag"] is None]
    if blind:
        raise NotSettledError(f"{', '.join(blind)} cannot tell its lag here: ask the whole suite")
    return sum(service[what] or 0 for service in flow.values() for what in _UNDER_WAY)


def settle(
    admin: Client, bound_s: float = BOUND_S, watch: Callable[[int], None] | None = None
) -> None:
    """Return when two looks in a row find nothing under way and no progress between them.

    Raises NotSettledError after waiting ``bound_s`` seconds. Parked keys count as settled: they
    wait for a human.
    """
    waited, pause = 0.0, FIRST_PAUSE_S
    before: Any = None
    while True:
        flow = admin.get("/ops/flow")
        count = under_way(flow)
        if watch is not None:
            watch(count)
        if count == 0 and flow == before:
            return
        if waited >= bound_s:
            raise NotSettledError(f"not at rest after {bound_s:.0f} s: {_busy(flow)}")
        pause = FIRST_PAUSE_S if count == 0 else min(pause * 1.5, LONGEST_PAUSE_S)
        before = flow if count == 0 else None
        admin.pause(pause)
        waited += pause


def _busy(flow: Flow) -> str:
    found = [
        f"{name} {what} {service[what]}"
        for name, service in flow.items()
        for what in _UNDER_WAY
        if service[what]
    ]
    return ", ".join(found) or "work keeps coming in"
