"""Summarise: the figures of a period, by a dimension or as a funnel; from the rollups alone."""

from typing import Any

from sqlalchemy.orm import Session

from services.notifier.domain import measures
from services.notifier.domain.figures import Group, group, groups, shares, stage
from services.notifier.domain.measures import BESIDE, COUNTS, FUNNEL, RATES, TIMES, WHOLE, Dimension
from services.notifier.store import figures
from services.notifier.store.figures import Period


def summary(session: Session, period: Period, by: Dimension | None) -> dict[str, Any]:
    """The whole and, by a dimension, each group, with counts, rates, times and definitions."""
    counts = figures.counts(session, period, Dimension.ALL)
    times = figures.times(session, period, Dimension.ALL)
    parts: list[Group] = []
    if by is not None:
        parts = groups(figures.counts(session, period, by), figures.times(session, period, by))
    return {
        "first_month": period.first,
        "last_month": period.last,
        "by": by.value if by else None,
        "total": group(WHOLE, counts.get(WHOLE, {}), times.get(WHOLE, {})),
        "groups": parts,
        "definitions": definitions(),
    }


def funnel(session: Session, period: Period) -> dict[str, Any]:
    """How many referrals came how far, what kept others, and the rates that say how well."""
    counts = figures.whole(session, period)
    return {
        "first_month": period.first,
        "last_month": period.last,
        "stages": [stage(counts, measure) for measure in FUNNEL],
        "beside": [stage(counts, measure) for measure in BESIDE],
        "rates": shares(counts),
        "definitions": definitions(),
    }


def definitions() -> dict[str, Any]:
    """What every figure means."""
    return {
        "counts": {str(name): text for name, text in COUNTS.items()},
        "rates": {n: {"formula": r.formula, "meaning": r.meaning} for n, r in RATES.items()},
        "times": {name.value: text for name, text in TIMES.items()},
        "notes": list(measures.NOTES),
    }
