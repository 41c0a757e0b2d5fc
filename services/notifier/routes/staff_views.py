"""How a member of staff is shown."""

from dataclasses import asdict
from typing import Any

from contracts.staff import StaffState
from services.notifier.store.staff import Safe, duty_of
from services.notifier.tables import StaffRow


def shown(row: StaffRow, safe: Safe) -> dict[str, Any]:
    """Everything that those see who look after them."""
    moments = ("invited_at", "code_expires_at", "joined_at", "left_at")
    return {
        **step(row),
        **asdict(safe.open(row)),
        **asdict(duty_of(row)),
        "subject": row.subject,
        **{name: getattr(row, name) for name in moments},
    }


def step(row: StaffRow) -> dict[str, Any]:
    """How they stand, without anything personal: an answer that is kept under a key."""
    names = ("staff_id", "role", "agency_id", "unit_id", "administrator", "version")
    return {name: getattr(row, name) for name in names} | {"state": StaffState(row.state)}
