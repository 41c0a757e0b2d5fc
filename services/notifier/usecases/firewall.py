"""The officers' firewall: keep what each service refused, and sum it up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts.topics import Service
from contracts.vocabulary import RefusedAttempt
from services.chassis.firewall import Refused
from services.notifier.domain.firewall import KINDS, NOTES
from services.notifier.store import firewall as store
from services.notifier.store.figures import Period
from services.notifier.store.firewall import Cell


def tell_refused(session: Session, _: datetime, found: Sequence[Refused]) -> None:
    """Keep what officers were refused at the notifier's own addresses."""
    store.put(session, Service.NOTIFIER, found)


def firewall(session: Session, period: Period) -> dict[str, Any]:
    """How often officers were refused, by kind and month, training apart, with definitions."""
    cells = store.cells(session, period)
    return {
        "first_month": period.first,
        "last_month": period.last,
        "live": _summed(cell for cell in cells if not cell.training),
        "training": _summed(cell for cell in cells if cell.training),
        "definitions": {kind.value: text for kind, text in KINDS.items()},
        "notes": list(NOTES),
    }


def _summed(cells: Iterable[Cell]) -> dict[str, Any]:
    total: Counter[RefusedAttempt] = Counter()
    months: dict[str, Counter[RefusedAttempt]] = defaultdict(Counter)
    for cell in cells:
        total[cell.kind] += cell.count
        months[cell.month][cell.kind] += cell.count
    listed = [{"month": month, "counts": _whole(months[month])} for month in sorted(months)]
    return {"total": _whole(total), "months": listed}


def _whole(counts: Counter[RefusedAttempt]) -> dict[str, int]:
    """Every kind, also those that nobody tried."""
    return {kind.value: counts[kind] for kind in RefusedAttempt}
