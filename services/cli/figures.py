"""Printing outcome figures as the API answers them: the funnel, rates, and counts by group."""

from collections.abc import Mapping
from typing import Any, Final

from services.cli.screen import say, table

# The columns of a summary; rates and times come with them from the same answer.
COUNTS: Final = ("submitted", "offered", "accepted", "engaged", "closed", "got_help", "open")
RATES: Final = ("acceptance", "got_help", "unmet_need")
TIME: Final = "submitted_to_accepted"
OUTCOME: Final = "outcome_"


def show_funnel(funnel: Mapping[str, Any]) -> None:
    """Print the stages, and beside them what kept referrals from the next one."""
    for title, part in (("Funnel", "stages"), ("Beside the funnel", "beside")):
        rows = [
            (entry["stage"], entry["count"], percent(entry["share"]), entry["definition"])
            for entry in funnel[part]
        ]
        table(f"{title} ({period(funnel)})", ("stage", "count", "share", "meaning"), rows)


def show_summary(summary: Mapping[str, Any]) -> None:
    """Print counts, rates and the median time to acceptance, by group and whole; then outcomes."""
    groups = [*summary["groups"], summary["total"]]
    head = (summary["by"] or "", *COUNTS, *(f"{name} %" for name in RATES), "minutes to accept")
    table(f"Outcomes ({period(summary)})", head, [_row(group) for group in groups])
    names = sorted(
        {
            name
            for group in groups
            for name, count in group["counts"].items()
            if name.startswith(OUTCOME) and count
        }
    )
    if names:
        short = [name.removeprefix(OUTCOME) for name in names]
        rows = [[group["value"], *(group["counts"][name] for name in names)] for group in groups]
        table("What they were closed with", (summary["by"] or "", *short), rows)
    for note in summary["definitions"]["notes"]:
        say(f"- {note}")


def period(answer: Mapping[str, Any]) -> str:
    """The months that an answer covers, in words."""
    first, last = answer["from"], answer["to"]
    if first is None and last is None:
        return "all months"
    return f"{first or 'the beginning'} to {last or 'today'}"


def percent(share: float | None) -> str:
    """A share as the API gives it, in per cent; nothing to share is a dash."""
    return "-" if share is None else f"{share * 100:.1f} %"


def _row(group: Mapping[str, Any]) -> list[object]:
    counts = [group["counts"][name] for name in COUNTS]
    rates = [percent(group["rates"][name]["value"]) for name in RATES]
    median = group["times"][TIME]["median"]
    return [group["value"], *counts, *rates, "-" if median is None else median]
