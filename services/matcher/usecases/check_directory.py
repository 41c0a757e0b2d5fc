"""Looking the directory over for what its keeper should look after."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.matcher.domain.directory_check import (
    Finding,
    Limits,
    ListedService,
    Records,
    check,
)
from services.matcher.store import capacity, directory, listings


def check_directory(session: Session, now: datetime, limits: Limits) -> list[Finding]:
    """Every finding, the worst first."""
    programs = directory.every_program(session)
    services = [
        ListedService(
            id=row.own_id,
            agency_id=row.agency_id,
            name=row.name,
            modified_at=row.modified_at,
            is_program=row.is_program,
        )
        for row in listings.services(session)
    ]
    stated = capacity.stated_at(session)
    records = Records(programs=programs.values(), services=services, stated=stated)
    return check(records, now, limits)
