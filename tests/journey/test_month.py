"""A played month: everybody it took in is somewhere, with an owner, and every figure is right."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.journey import month_agencies, naive_figures
from tests.journey.conftest import OpenTown
from tests.journey.month import Month
from tests.journey.still_town import open_still_town
from tests.journey.town import COORDINATOR, MANAGER, Town

ENDED = {"closed", "withdrawn", "entered_in_error"}
EVENTFUL = (
    "got_help",
    "withdrawn",
    "waitlisted_ever",
    "unplaced_ever",
    "no_capacity",
    "offers_declined",
    "offers_declined_by_person",
    "offers_lapsed",
    "offers_returned",
    "revocations_overdue",
)


def test_nobody_is_lost_in_a_month_and_every_figure_is_counted_twice(tmp_path: Path) -> None:
    with open_still_town(tmp_path / "home", *month_agencies.programs()) as here:
        live_through(here, 200)


@pytest.mark.soak
@pytest.mark.parametrize("column", ["embedded"], indirect=True)
@pytest.mark.parametrize("referrals", [3_000, 30_000])
def test_nobody_is_lost_in_a_month_of_a_suite_that_runs_by_itself(
    town: OpenTown, referrals: int
) -> None:
    live_through(town(*month_agencies.programs()), referrals)


def live_through(here: Town, referrals: int) -> None:
    """Play a month of so many, and hold it to everything that must be true of it."""
    played = Month(here, referrals)
    played.play()
    assert len(played.submitted) == referrals
    assert played.intrusions == []
    assert never(here) == []
    assert adrift(here, played.submitted) == []
    assert miscounted(here, said_no=played.done["said no"]) == []


def never(town: Town) -> list[str]:
    """What has to happen in a month worth its name, and did not."""
    counts = town.get(MANAGER, "/v1/outcomes/summary")["total"]["counts"]
    return [name for name in EVENTFUL if not counts[name]]


def adrift(town: Town, submitted: set[str]) -> list[str]:
    """Whoever neither reached an end nor waits for somebody, with a reason and by a time."""
    found, listed = (
        [],
        {item["referral"]["referral_id"]: item for item in town.items(COORDINATOR, "/v1/worklist")},
    )
    seen = {item["referral_id"]: item for item in town.items(COORDINATOR, "/v1/referrals")}
    for ident in submitted:
        item = seen.get(ident)
        if item is None:
            found.append(f"{ident}: gone")
        elif item["state"] not in ENDED and not _waits_for_somebody(item, listed.get(ident)):
            found.append(f"{ident}: {item['state']}, owner {item['owner']}")
    return found


def _waits_for_somebody(item: dict[str, Any], listed: dict[str, Any] | None) -> bool:
    if item["owner"] == "coordinator" and not (listed and listed["why"]):
        return False
    live = [offer for offer in item["offers"] if offer["state"] in {"open", "acknowledged"}]
    return item["owner"] is not None and bool(item["review_at"] or live)


def miscounted(town: Town, said_no: int) -> list[str]:
    """Every figure that differs from the one counted over the histories."""
    with town.column.stores() as stores:
        tales = naive_figures.tales(stores.referral_api)
    whole = town.get(MANAGER, "/v1/outcomes/summary")["total"] | {"value": "all"}
    expected = naive_figures.figures(tales, None)
    expected["all"]["counts"]["said_no"] = said_no
    found = list(_differences("whole", [whole], expected))
    for dimension in naive_figures.DIMENSIONS:
        groups = town.get(MANAGER, f"/v1/outcomes/summary?by={dimension}")["groups"]
        found += _differences(dimension, groups, naive_figures.figures(tales, dimension))
    return found


def _differences(
    dimension: str, groups: list[dict[str, Any]], expected: dict[str, dict[str, Any]]
) -> list[str]:
    """Tallies stand by sector and entry door, and are counted once, in the whole."""
    found = []
    values = {group["value"] for group in groups} | set(expected)
    told = {group["value"]: group for group in groups}
    for value in sorted(values):
        ours = expected.get(value, {"counts": {}, "times": {}})
        theirs = told.get(value, {"counts": {}, "times": {}})
        counts = Counter(theirs["counts"])
        if dimension != "whole":
            del counts["said_no"]
        if +counts != +Counter(ours["counts"]):
            found.append(f"{dimension} {value}: {+counts} and not {ours['counts']}")
        times = {name: spread for name, spread in theirs["times"].items() if spread["count"]}
        if times != ours["times"]:
            found.append(f"{dimension} {value}: {times} and not {ours['times']}")
    return found
