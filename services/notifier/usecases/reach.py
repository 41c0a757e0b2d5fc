"""Reach: who reads the notices of a recipient now, and who is told when nobody does."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from services.notifier.domain.contacts import Colleague, Reach
from services.notifier.domain.duty import is_on_call
from services.notifier.domain.notices import COORDINATOR
from services.notifier.domain.staff import of_unreachable
from services.notifier.store import contacts, notices, programs, staff
from services.notifier.store.staff import Safe
from services.notifier.tables import StaffRow


def reach(
    session: Session, safe: Safe, recipients: Collection[str], now: datetime
) -> dict[str, Reach]:
    """Everybody whom the notices of each recipient may reach: five queries at most."""
    named = contacts.of(session, recipients)
    rows = staff.reached(session, recipients)
    zones = programs.agency_zones(session, {row.agency_id for row in rows if row.agency_id})
    working: dict[str, list[Colleague]] = defaultdict(list)
    for row in rows:
        recipient = staff.post_of(row).recipient
        colleague = _colleague(row, safe, zones.get(row.agency_id or "", "UTC"), now)
        if recipient is not None and colleague is not None:
            working[recipient].append(colleague)
    return {name: Reach(working.get(name, ()), named.get(name, ())) for name in recipients}


def tell_if_unreachable(session: Session, agency_id: str | None, now: datetime) -> None:
    """Tell the coordinator where an agency has neither staff nor a contact left.

    The agency is locked first: of two who leave at the same moment the second sees the first gone.
    """
    if agency_id is None or agency_id == COORDINATOR:
        return
    contacts.lock(session, agency_id)
    if not staff.reached(session, [agency_id]) and not contacts.of(session, [agency_id]):
        notices.add(session, [of_unreachable(agency_id, now)], now)


def _colleague(row: StaffRow, safe: Safe, time_zone: str, now: datetime) -> Colleague | None:
    details = safe.open(row)
    if details.email is None:
        return None
    return Colleague(
        staff_id=row.staff_id,
        email=details.email,
        name=details.name,
        phone=details.phone,
        everyday=row.everyday,
        on_call=is_on_call(staff.duty_of(row), time_zone, now),
    )
