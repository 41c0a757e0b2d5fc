"""From a crisis' submission to its offer, at 60 % load, beside a bare chain of the same parts."""

from statistics import median
from typing import Final

from bench.asking import as_fast_as_answered
from bench.chain import make_chain
from bench.figure import Figure, Measure, at_most, by_round
from bench.run import Run
from bench.town import Town, open_town
from contracts.topics import Service
from services.cli.load import quantile
from services.cli.load_senders import OFFERED, SUBMITTED
from services.cli.pace import OpenSender, Plan, drive

LOAD: Final = 0.6
# Half of the threads of both web processes may wait, so that each offer is told at once.
AT_A_TIME: Final = 6
IN_FLIGHT: Final = 64
_RECORDED: Final = "SELECT key, extract(epoch FROM at)::float FROM history WHERE type LIKE %s"
GOAL: Final = 3.0
GOAL_MS: Final = 100.0


def measure(run: Run) -> Figure:
    """Milliseconds from the moment of sending to the answer that names the receiver."""
    found: dict[str, list[float]] = {}
    with open_town(run.folder) as town:
        waiting = town.senders("wait").open
        as_fast_as_answered(20, AT_A_TIME, waiting)
        count = run.size(60, 300)
        rate = count / as_fast_as_answered(count, AT_A_TIME, waiting).took_s
        plan = Plan(LOAD * rate, run.size(6, 20), IN_FLIGHT, warm_up_s=1)
        with make_chain(town).running() as chain:
            for _ in range(run.rounds):
                _add(found, plan, "chain", chain.open)
                _add(found, plan, OFFERED, waiting)
        hops = _where(town)
    return _figure({what: tuple(took) for what, took in found.items()}, rate, hops)


def _add(found: dict[str, list[float]], plan: Plan, what: str, sender: OpenSender) -> None:
    results = drive(plan, sender).results
    for kind in {what, SUBMITTED} if what == OFFERED else {what}:
        ordered = sorted(each.seconds for each in results if each.kind == kind)
        for part in (50, 99):
            found.setdefault(f"{kind} p{part}", []).append(1000 * quantile(ordered, part / 100))
    faults = [each.fault for each in results if each.fault is not None]
    if faults:
        raise RuntimeError(f"{len(faults)} of {len(results)} failed: {faults[0]}")


def _where(town: Town) -> dict[str, float]:
    """Of all offers, the middle time from what one service recorded to what the next did, in ms."""
    submitted, routed, offered = (
        dict(town.rows(service, _RECORDED, (kind,)))
        for service, kind in (
            (Service.REFERRAL_API, "%referral.submitted%"),
            (Service.MATCHER, "%routed%"),
            (Service.REFERRAL_API, "%offer.made%"),
        )
    )
    ways = {"to the decision": (submitted, routed), "back to the offer": (routed, offered)}
    return {
        way: median(1000 * (after[key] - before[key]) for key in after.keys() & before.keys())
        for way, (before, after) in ways.items()
    }


def _figure(found: dict[str, tuple[float, ...]], rate: float, hops: dict[str, float]) -> Figure:
    measures = (
        Measure("bare chain, p50", "ms", found["chain p50"], floor=True),
        Measure("bare chain, p99", "ms", found["chain p99"], floor=True),
        Measure("submission acknowledged, p50", "ms", found["submit p50"]),
        Measure("offer told, p50", "ms", found["offered p50"]),
        Measure("offer told, p99", "ms", found["offered p99"]),
    )
    verdicts = (
        at_most(
            "p50 to the bare chain's", by_round(found["offered p50"], found["chain p50"]), GOAL
        ),
        at_most("p99 of an offer, ms", median(found["offered p99"]), GOAL_MS),
    )
    told = ", ".join(f"{what} {took:.0f} ms" for what, took in hops.items())
    notes = (
        f"60 % of {rate:.0f} crises a second, of which each was waited for.",
        "An offer takes two such chains, to the matcher and back, with a decision between.",
        f"Where the time goes, in the middle: {told}.",
    )
    return Figure("offered", "From submission to offer", measures, verdicts, notes)
