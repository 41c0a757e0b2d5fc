"""`handoff demo`: plays a day of the bundled city, and shows what came of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from services.chassis.clock import SettableClock
from services.chassis.settings import SettingError, Settings
from services.cli import city, people, settings, story
from services.cli.client import Client, connect
from services.cli.day import Player
from services.cli.embedded import Suite
from services.cli.options import examples, home_option
from services.cli.people import SignIn
from services.cli.plan import Plan, plan_day
from services.cli.screen import meter, say
from services.cli.up import running

# A Monday morning, seven o'clock in the city; no time stamp in its directory is later.
MORNING: Final = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


@click.command(epilog=examples("handoff demo", "handoff demo --seed 7", "handoff demo --home day"))
@click.option("--seed", type=int, default=1, show_default=True, help="Which day to play.")
@home_option
def demo(*, seed: int, home: Path | None) -> None:
    """Play one day of a fictional city through the public API, then show its figures.

    Officers submit, agencies accept, decline or stay silent, by the seed. The folder is a
    temporary one unless --home names a new one.
    """
    with _folder(home) as folder, (folder / "demo.log").open("w") as log:
        found = _settings(folder)
        SettableClock(found.clock_file).set(MORNING)
        with running(found, log) as suite:
            _play(suite, plan_day(seed, MORNING))
    if home is not None:
        say(f"\nThe day is kept in {home}: handoff up --demo-clock --home {home}")


def _play(suite: Suite, plan: Plan) -> None:
    sign_in = people.sign_in(suite.settings)
    with connect(suite.address, sign_in(people.ADMIN)) as admin:
        city.open_city(admin, MORNING)
        counts = _watched(plan, admin, sign_in)
        made = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        say(f"Requests made on day {plan.seed}, training included: {made}\n")
        story.tell(admin, sign_in)


def _watched(plan: Plan, admin: Client, sign_in: SignIn) -> Counter[str]:
    """Play the plan with a progress display of the minutes gone by."""
    total = _minutes(plan, plan.end)
    with meter("playing a day") as shown:

        def watch(now: datetime, done: Counter[str]) -> None:
            text = f"{done['submitted']} submitted, {done['accept']} accepted"
            shown.show(_minutes(plan, now), total, text)

        player = Player(plan, lambda actor: admin.acting(sign_in(actor)), watch)
        return player.play()


def _minutes(plan: Plan, now: datetime) -> int:
    return int((now - plan.start).total_seconds() // 60)


@contextmanager
def _folder(home: Path | None) -> Iterator[Path]:
    """The folder asked for, which must be new, or a temporary one."""
    with ExitStack() as stack:
        if home is None:
            yield Path(stack.enter_context(TemporaryDirectory(prefix="handoff-demo-")))
            return
        if (home / "data").exists():
            raise SettingError(f"{home} holds a suite already: a demo begins in a new folder")
        home.mkdir(parents=True, exist_ok=True)
        yield home.resolve()


def _settings(folder: Path) -> Settings:
    found = settings.read(folder, port=0, demo_clock=True)
    return replace(found, host="127.0.0.1", keys=folder / "keys")
