"""`handoff load`: what it sends arrives, what it says of the pace is so, and strangers are safe."""

import json
from typing import Final

import pytest

from services.cli import people
from tests.integration.cli.conftest import Handoff, Town, line_of

PLACE: Final = "41.82,-90.18"
BRISK: Final = ("--rate", "20", "--warm-up", "0", "--need", "counselling", "--place", PLACE)


def load(town: Town, *more: str) -> tuple[int, str, str]:
    """The command at the town's own address."""
    done = town.handoff("load", town.suite.address, *BRISK, *more)
    return done.exit_code, done.stdout, done.stderr


def test_what_it_counts_is_what_the_suite_has(town: Town) -> None:
    coordinator = town.acting(people.COORDINATOR)
    before = len(list(coordinator.items("/v1/referrals")))
    mix = "wait=1,read=1"
    _, said, _ = load(town, "--seconds", "0.8", "--mix", mix, "--wait", "25", "--json")
    report = json.loads(said)
    found = {row["kind"]: row for row in report["results"]}
    assert report["faults"] == {}
    assert found["read"]["count"] + found["submit"]["count"] == 16
    after = len(list(coordinator.items("/v1/referrals")))
    # Each of four officers may submit one more first, so that there is something to read.
    assert after - before - found["submit"]["count"] in range(5)
    assert found["offered"]["count"] == found["submit"]["count"]
    assert found["offered"]["p50_ms"] > found["submit"]["p50_ms"]


def test_the_table_names_what_was_timed(town: Town) -> None:
    _, said, _ = load(town, "--seconds", "0.5", "--mix", "read")
    assert "Timed from the moment at which each was to be sent" in said
    assert "ms after its moment" in said


def test_a_pace_that_cannot_be_kept_is_not_passed_over(town: Town) -> None:
    too_fast = ("--rate", "1000", "--seconds", "0.05", "--in-flight", "1")
    code, said, fault = load(town, *too_fast)
    assert code == 1
    assert "the pace was not kept" in fault
    assert "p99 ms" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["http://example.org"], "--really-submit"),
        (["example.org"], "it begins with http:// or https://"),
        (["http://127.0.0.1:1", "--mix", "sing"], "known: submit, wait, read"),
        (["http://127.0.0.1:1", "--mix", "read=0"], "is not like submit=3"),
        (["http://127.0.0.1:1", "--rate", "2000", "--seconds", "3600"], "At most 1000000 requests"),
        (["http://127.0.0.1:1", "--token", "t"], "is the suite running there?"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_line(
    new_home: Handoff, more: list[str], said: str
) -> None:
    done = new_home("load", *more)
    assert done.exit_code != 0
    assert said in line_of(done)


def test_a_token_that_is_none_is_refused_before_anything_is_sent(town: Town) -> None:
    done = town.handoff("load", town.suite.address, "--token", "none")
    assert done.exit_code == 1
    assert "401: the token is not valid" in line_of(done)
