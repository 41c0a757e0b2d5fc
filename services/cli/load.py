"""`handoff load`: sends requests at a fixed pace to a suite, here or elsewhere, and times them."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import click

from contracts.vocabulary import Need
from services.cli import pasting, people, settings
from services.cli.client import ClientError
from services.cli.home import HomeError
from services.cli.kept_line import KeptLine
from services.cli.load_senders import KINDS, Senders, Target
from services.cli.options import examples, home_option
from services.cli.pace import Course, Plan, Result, drive
from services.cli.screen import say, table
from services.cli.who_can_help import PlaceParam

# So many requests a second are an officer's own, far below what a suite lets one caller make.
EACH_RATE: Final = 5.0
MOST_RATE: Final = 2_000
MOST_SECONDS: Final = 3_600
MOST_REQUESTS: Final = 1_000_000
MOST_IN_FLIGHT: Final = 512
COLUMNS: Final = ("what", "count", "failed", "per second", "p50 ms", "p90 ms", "p99 ms", "max ms")
# The part of the requests that may be sent late, as a thread is now and then on a busy machine.
TOLERATED: Final = 0.01
QUANTILES: Final = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "max_ms": 1.0}


class MixParam(click.ParamType[dict[str, float]]):
    """What to send in which parts, such as submit=6,wait=2,read=2."""

    name = "mix"

    def convert(self, value: str, param: Any, ctx: Any) -> dict[str, float]:
        """The weight of each kind."""
        mix: dict[str, float] = {}
        for part in value.split(","):
            kind, _, weight = part.strip().partition("=")
            if kind not in KINDS or not _is_weight(weight or "1"):
                self.fail(f"{part} is not like submit=3; known: {', '.join(KINDS)}", param, ctx)
            mix[kind] = float(weight or "1")
        return mix


@click.command(
    "load",
    epilog=examples(
        "handoff load http://127.0.0.1:8000 --rate 20 --seconds 30",
        "handoff load http://127.0.0.1:8000 --mix submit=6,wait=2,read=2 --json",
        "handoff load https://handoff.example.org --token $OFFICER --really-submit",
    ),
)
@click.argument("url")
@click.option(
    "--rate",
    type=click.FloatRange(0.1, MOST_RATE),
    default=10.0,
    show_default=True,
    help="Requests a second.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, MOST_SECONDS),
    default=30.0,
    show_default=True,
    help="For how long.",
)
@click.option(
    "--warm-up",
    type=click.FloatRange(0, MOST_SECONDS),
    default=2.0,
    show_default=True,
    help="Seconds of the same before that are not counted.",
)
@click.option(
    "--mix",
    type=MixParam(),
    default="submit",
    show_default=True,
    help="submit, wait (a crisis: submit, and wait for the offer), read; with weights.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(1, MOST_IN_FLIGHT),
    default=64,
    show_default=True,
    help="At most so many requests at a time.",
)
@click.option(
    "--wait",
    "wait_s",
    type=click.IntRange(1, 25),
    default=10,
    show_default=True,
    help="Seconds within which an offer is to be there.",
)
@click.option(
    "--need",
    type=click.Choice([need.value for need in Need]),
    default="emergency_shelter",
    show_default=True,
    help="Of the persons who do not exist.",
)
@click.option("--place", type=PlaceParam(), help="Where they are, such as 41.82,-90.18.")
@click.option("--unit", default=pasting.UNIT, help="Who submits, where the folder's keys sign.")
@click.option("--really-submit", is_flag=True, help="Needed to submit to another machine's suite.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option(
    "--token",
    multiple=True,
    envvar=settings.TOKEN,
    help="An officer's token (HANDOFF_TOKEN); several take turns: a suite limits each of them.",
)
@home_option
def load(url: str, *, as_json: bool, **said: Any) -> None:
    """Load the suite at URL with requests at a fixed pace, and print how long they took.

    Each request has its moment, whatever became of those before it, and is timed from that moment:
    where the suite falls behind, those who wait are counted as waiting. What could not be sent on
    time, as too many were in flight, is said. Submissions are about persons who do not exist, but
    programs are offered them: use the token of an officer of a training unit, who reaches programs
    for training only. Exits 1 where a request failed or the pace was not kept.
    """
    plan = Plan(said["rate"], said["seconds"], said["in_flight"], said["warm_up"])
    _check(plan, url, said["mix"], really=said["really_submit"])
    target = Target(url, _tokens(said), said["need"], said["place"], said["mix"], said["wait_s"])
    senders = Senders(target)
    senders.look()
    course = drive(plan, senders.open)
    report = report_of(plan, course)
    if as_json:
        click.echo(json.dumps(report | {"url": url, "mix": target.mix}, indent=1))
    else:
        _show(report)
    _judge(course)


def report_of(plan: Plan, course: Course) -> dict[str, Any]:
    """What a run found: each kind of result with its quantiles, and whether the pace was kept."""
    kinds = sorted({result.kind for result in course.results})
    return {
        "plan": asdict(plan),
        "took_s": round(course.took_s, 3),
        "results": [_row(kind, course) for kind in kinds],
        "sent_late": course.behind,
        "latest_ms": _ms(max(course.late_s)),
        "faults": Counter(r.fault for r in course.results if r.fault is not None),
    }


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest of ordered values that is not less than this part of them (nearest rank)."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _row(kind: str, course: Course) -> dict[str, Any]:
    """Failed ones have their times too: who waited in vain has waited."""
    found: list[Result] = [result for result in course.results if result.kind == kind]
    ordered = sorted(result.seconds for result in found)
    failed = sum(result.fault is not None for result in found)
    counts = {"kind": kind, "count": len(found), "failed": failed}
    counts["per_second"] = round((len(found) - failed) / course.took_s, 2)
    return counts | {name: _ms(quantile(ordered, part)) for name, part in QUANTILES.items()}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _is_weight(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) > 0
    except ValueError:
        return False


def _tokens(said: Mapping[str, Any]) -> list[str]:
    """Those given, else as many officers of the folder as stay below the limit of one caller."""
    if said["token"]:
        return [people.given(token)() for token in said["token"]]
    try:
        sign_in = people.sign_in(settings.read(said["home"]))
    except HomeError as error:
        raise ClientError(
            f"give an officer's token (--token or HANDOFF_TOKEN), or the suite's folder: {error}"
        ) from None
    names = [f"load-{number}" for number in range(math.ceil(said["rate"] / EACH_RATE))]
    return [sign_in(people.officer(said["unit"], name))() for name in names]


def _check(plan: Plan, url: str, mix: Mapping[str, float], *, really: bool) -> None:
    KeptLine(url).close()
    if plan.count > MOST_REQUESTS:
        raise click.UsageError(f"At most {MOST_REQUESTS} requests: lower --rate or --seconds.")
    if set(mix) != {"read"} and not really and not _is_here(url):
        raise click.UsageError(
            "Programs of that suite would be offered persons who do not exist: take the token of "
            "a training unit's officer, and add --really-submit."
        )


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _show(report: Mapping[str, Any]) -> None:
    rows = [list(row.values()) for row in report["results"]]
    table("Timed from the moment at which each was to be sent", COLUMNS, rows)
    for fault, times in report["faults"].items():
        say(f"failed: {fault}, {times} times")
    say(f"the latest was sent {report['latest_ms']} ms after its moment")


def _judge(course: Course) -> None:
    """Raise ClientError where the figures are not those of a suite that kept up."""
    failed = sum(result.fault is not None for result in course.results)
    if failed:
        raise ClientError(f"{failed} of {len(course.results)} failed")
    if course.behind > TOLERATED * len(course.late_s):
        raise ClientError(
            f"the pace was not kept: {course.behind} of {len(course.late_s)} were sent late; the "
            "suite, this machine or --in-flight is too small for --rate"
        )
