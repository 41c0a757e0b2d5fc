"""One act on staff: who does it and when, and how it opens and audits what it changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.chassis import audit
from services.chassis.actor import Actor
from services.notifier.domain.staff import Details
from services.notifier.store.staff import Safe
from services.notifier.tables import StaffRow


@dataclass(frozen=True, slots=True)
class Act:
    """An act at one moment, in one transaction, on rows that it has locked."""

    session: Session
    safe: Safe
    actor: Actor
    now: datetime

    def changed(self, row: StaffRow, action: str, **detail: Any) -> None:
        """Count the change of a row, and write it into the chain of that member of staff."""
        row.version += 1
        audit.record(self.session, f"staff:{row.staff_id}", self.now, self.actor, action, **detail)

    def details(self, row: StaffRow) -> Details:
        """What is personal of a row."""
        return self.safe.open(row)

    def set_details(self, row: StaffRow, details: Details) -> None:
        """Seal other details in place of those."""
        row.details = self.safe.seal(row.staff_id, details)
