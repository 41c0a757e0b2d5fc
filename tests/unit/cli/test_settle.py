"""Settling: two looks that find nothing under way and nothing new done."""

import httpx
import pytest

from services.cli.settle import NotSettledError, settle
from tests.unit.cli.answers import Answers, client


def flow(progress: int, **busy: int | None) -> httpx.Response:
    """An answer of /ops/flow with one service."""
    at_rest = {"unpublished": 0, "lag": 0, "waiting": 0, "parked": 2, "quarantined": 0, "due": 0}
    return httpx.Response(200, json={"matcher": at_rest | busy | {"progress": progress}})


def test_rest_is_seen_twice_before_it_is_believed() -> None:
    transport = Answers(flow(1, lag=3), flow(1), flow(2), flow(2))
    pauses: list[float] = []
    settle(client(transport, pauses.append))
    assert len(transport.asked) == 4


def test_what_never_rests_is_named() -> None:
    pauses: list[float] = []
    with pytest.raises(NotSettledError, match="matcher lag 3, matcher due 1"):
        settle(client(Answers(flow(1, lag=3, due=1)), pauses.append), bound_s=2.0)
    assert sum(pauses) < 3.0


def test_progress_without_end_is_not_rest() -> None:
    transport = Answers(*(flow(number) for number in range(2000)))
    with pytest.raises(NotSettledError, match="work keeps coming in"):
        settle(client(transport, lambda _: None), bound_s=1.0)


def test_a_process_that_cannot_tell_its_lag_is_not_taken_for_one_at_rest() -> None:
    with pytest.raises(NotSettledError, match="matcher cannot tell its lag"):
        settle(client(Answers(flow(1, lag=None)), lambda _: None))
