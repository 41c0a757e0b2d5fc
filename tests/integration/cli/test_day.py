"""The played day: the same seed gives the same figures, and a second player may take over."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.chassis.clock import SettableClock
from services.cli import city, people
from services.cli.client import Client, connect
from services.cli.day import Player
from services.cli.plan import plan_day
from services.cli.up import running
from tests.integration.cli.conftest import settings_at

MORNING = datetime(2026, 3, 9, 12, tzinfo=UTC)
ENCOUNTERS = 8


def played(home: Path, seed: int, times: int = 1) -> dict[str, Any]:
    """Play a short day on a new folder, as often as told; every figure after it."""
    settings = settings_at(home)
    SettableClock(settings.clock_file).set(MORNING)
    plan = plan_day(seed, MORNING, ENCOUNTERS)
    with running(settings) as suite:
        sign_in = people.sign_in(suite.settings)
        with connect(suite.address, sign_in(people.ADMIN)) as admin:
            city.open_city(admin, MORNING)
            for _ in range(times):
                Player(plan, lambda actor: admin.acting(sign_in(actor))).play()
            return figures(admin.acting(sign_in(people.MANAGER)))


def figures(manager: Client) -> dict[str, Any]:
    """The funnel and every summary."""
    names = ("sector", "agency", "urgency", "entry_door", "language", "age_band")
    found = {by: manager.get("/v1/outcomes/summary", by=by) for by in names}
    return found | {"funnel": manager.get("/v1/outcomes/funnel")}


def test_the_same_seed_gives_the_same_figures_and_a_second_player_finds_everything_done(
    tmp_path: Path,
) -> None:
    first = played(tmp_path / "first", seed=3)
    stages = {stage["stage"]: stage["count"] for stage in first["funnel"]["stages"]}
    assert stages["submitted"] == ENCOUNTERS
    assert stages["got_help"] >= 1
    counts = first["sector"]["total"]["counts"]
    assert counts["offers_declined"] >= 1
    assert counts["offers_lapsed"] >= 1
    assert counts["withdrawn"] == 1
    assert first == played(tmp_path / "second", seed=3, times=2)
