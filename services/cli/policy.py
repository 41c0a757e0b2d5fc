"""`handoff policy`: what a capacity policy says, how two differ, and what each would come to."""

from collections.abc import Sequence

import click

from services.cli.options import examples
from services.cli.policy_file import policy_named, scenario_named, settings_of
from services.cli.policy_in_force import activate, in_force
from services.cli.screen import say, table
from services.cli.trials import seeds_option, show_both
from services.matcher.domain.simulation.scenario import SCENARIOS


@click.group("policy")
def policy_group() -> None:
    """Look at capacity policies before anybody depends on one, and put one in force.

    A policy is daily, ahead or a TOML file.
    """


policy_group.add_command(activate)
policy_group.add_command(in_force)


@policy_group.command("show", epilog=examples("handoff policy show ahead > winter.toml"))
@click.argument("policy")
def show(policy: str) -> None:
    """Print a POLICY whole, as a file to begin from."""
    for name, value in settings_of(policy_named(policy)).items():
        say(f"{name} = {value}")


@policy_group.command("diff", epilog=examples("handoff policy diff ahead winter.toml"))
@click.argument("a")
@click.argument("b")
def diff(a: str, b: str) -> None:
    """Print in what policies A and B differ."""
    first, second = settings_of(policy_named(a)), settings_of(policy_named(b))
    rows = [(name, first[name], second[name]) for name in first if first[name] != second[name]]
    table(f"{a} and {b}", ("setting", a, b), rows)


@policy_group.command(
    "compare",
    epilog=examples(
        "handoff policy compare daily ahead",
        "handoff policy compare ahead winter.toml --scenario thin --seeds 1-10",
    ),
)
@click.argument("a")
@click.argument("b")
@click.option(
    "--scenario", "names", multiple=True, help="May be repeated (default: all six scenarios)."
)
@seeds_option
def compare(a: str, b: str, names: Sequence[str], seeds: Sequence[int]) -> None:
    """Play policies A and B in the same towns, with the same seeds, and show the differences.

    The same seed is the same town and the same answers for both.
    """
    scenarios = [scenario_named(name) for name in names or SCENARIOS]
    show_both(scenarios, policy_named(a), policy_named(b), seeds)
