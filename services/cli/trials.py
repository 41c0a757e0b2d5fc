"""`handoff simulate`: policies played in made-up towns, side by side."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from services.cli.options import examples
from services.cli.policy_file import AHEAD, DAILY, policy_named, scenario_named
from services.cli.screen import Meter, meter, say, table
from services.matcher.domain.capacity_policy import Basis
from services.matcher.domain.policy import Policy
from services.matcher.domain.simulation import figures as found
from services.matcher.domain.simulation.figures import Difference, Run
from services.matcher.domain.simulation.limit import hindsight
from services.matcher.domain.simulation.play import play
from services.matcher.domain.simulation.scenario import Scenario
from services.matcher.domain.simulation.town import build

MODEL: Final = (
    "An agency takes an offer by its own chance, whoever asks; a no gives the place back after a "
    "day, or two. The limit knows beforehand who comes, what is answered and how "
    "long each stays: nobody can. Worth counts 3, 2 and 1 for crisis, urgent and routine."
)
BAR: Final = 40
DECIDED: Final = {
    Basis.LOOK_AHEAD: "a plan ahead",
    Basis.NOT_WANTED: "daily assignment, as the policy has it",
    Basis.TOO_LITTLE_HISTORY: "daily assignment, for want of history",
    Basis.NO_PLAN: "daily assignment, because no plan was found",
}
TRADED: Final = ("crisis in time", "urgent in time", "routine in time", "all in time")


class SeedsParam(click.ParamType[tuple[int, ...]]):
    """Seeds: 7, or 1-5."""

    name = "seeds"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """The seeds of the text."""
        first, dash, last = str(value).partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            self.fail(f"{value} is neither like 7 nor like 1-5", param, ctx)
        seeds = tuple(range(int(first), int(last or first) + 1))
        if not 0 < len(seeds) <= 100:  # noqa: PLR2004 - more would run for hours
            self.fail(f"{value}: between 1 and 100 seeds, the smaller first", param, ctx)
        return seeds


seeds_option: Final = click.option(
    "--seeds",
    type=SeedsParam(),
    default="1-3",
    show_default=True,
    help="Towns: a seed, or a range. The same seed is the same town and the same answers.",
)


@click.command(
    "simulate",
    epilog=examples(
        "handoff simulate scarce",
        "handoff simulate thin --policy winter.toml --seeds 1-10",
        "handoff simulate our-county.toml --against ahead",
    ),
)
@click.argument("scenario")
@click.option("--policy", default=AHEAD, show_default=True, help="ahead, daily or a TOML file.")
@click.option("--against", default=DAILY, show_default=True, help="The policy to compare it with.")
@seeds_option
def simulate(scenario: str, policy: str, against: str, seeds: Sequence[int]) -> None:
    """Play a policy in made-up towns of a SCENARIO, beside another.

    SCENARIO is balanced, scarce, surge, closures, thin, declines, or a TOML file of your own.
    Nothing of a running suite is read or changed.
    """
    show_both([scenario_named(scenario)], policy_named(against), policy_named(policy), seeds)


def show_both(scenarios: Sequence[Scenario], a: Policy, b: Policy, seeds: Sequence[int]) -> None:
    """Play both policies in the towns of each scenario, and print what came of it."""
    for scenario in scenarios:
        runs = _played(scenario, (a, b), seeds)
        rows = found.compare(*([found.figures(run) for run in kept] for kept in runs))
        _figures(scenario, a, b, rows)
        _bars(rows, a, b)
        for policy, kept in zip((a, b), runs, strict=True):
            _groups(policy, kept)
            _bases(policy, kept)
        _trade(rows, a, b)
    say(MODEL)


def _played(
    scenario: Scenario, policies: Sequence[Policy], seeds: Sequence[int]
) -> tuple[list[Run], ...]:
    runs: tuple[list[Run], ...] = tuple([] for _ in policies)
    total, done = len(seeds) * len(policies) * scenario.days, 0
    with meter(scenario.name) as bar:
        for seed in seeds:
            town = build(scenario, seed)
            for policy, kept in zip(policies, runs, strict=True):
                text = f"seed {seed}, {policy.version}"
                limit = hindsight(town, policy.waiting_decay)
                played = play(town, policy, seed, _step(bar, done, total, text))
                kept.append(Run(town, played, limit, policy.waiting_decay))
                done += scenario.days
    return runs


def _step(bar: Meter, done: int, total: int, text: str) -> Callable[[int], None]:
    """What tells the bar of each day."""

    def told(day: int) -> None:
        bar.show(done + day, total, text)

    return told


def _figures(scenario: Scenario, a: Policy, b: Policy, rows: Sequence[Difference]) -> None:
    columns = (scenario.name, a.version, b.version, "difference", "95 % from", "to")
    table(
        f"{scenario.name}: means over the towns",
        columns,
        [(row.name, row.a, row.b, row.more, row.low, row.high) for row in rows],
    )


def _bars(rows: Sequence[Difference], a: Policy, b: Policy) -> None:
    """The shares as bars of one scale."""
    width = max(len(a.version), len(b.version))
    for row in rows:
        if row.name in TRADED:
            say(row.name)
            for policy, share in ((a, row.a), (b, row.b)):
                say(f"  {policy.version:<{width}} {'█' * round(share * BAR):<{BAR}} {share:.1%}")


def _groups(policy: Policy, runs: Sequence[Run]) -> None:
    columns = ("group", "seen", "programs each", "served against the rest", "chance (Holm)", "")
    table(
        f"{policy.version}: service of groups, all towns together",
        columns,
        [
            (
                group.group,
                group.seen,
                group.options,
                "too few" if group.ratio is None else f"{group.ratio:.3f}",
                "" if group.p is None else f"{group.p:.3f}",
                "look into it" if group.alarm else "",
            )
            for group in found.group_services(runs)
        ],
    )


def _bases(policy: Policy, runs: Sequence[Run]) -> None:
    """On what the days were decided, so that a plan that failed is seen."""
    days = sum((run.played.days_by_basis for run in runs), Counter[str]())
    held = sum(run.played.held for run in runs)
    said = "; ".join(f"{days[basis]} by {words}" for basis, words in DECIDED.items() if days[basis])
    say(f"{policy.version}: days decided: {said}. Requests held for a day: {held}.")


def _trade(rows: Sequence[Difference], a: Policy, b: Policy) -> None:
    """What one policy gives for what, in words."""
    more = {row.name: 100 * row.more for row in rows}
    said = ", ".join(f"{more[name]:+.1f} points {name}" for name in TRADED)
    say(f"The trade of {b.version} against {a.version}: {said}.")
