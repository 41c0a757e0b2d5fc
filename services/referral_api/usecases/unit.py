"""Create or replace a police unit."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from services.chassis import audit
from services.chassis.actor import Actor
from services.chassis.database import wake_loops
from services.referral_api.store import directory
from services.referral_api.tables import Unit


def put_unit(
    session: Session,
    actor: Actor,
    clock: Callable[[], datetime],
    unit_id: str,
    said: tuple[str, bool],
) -> Unit:
    """Make the unit what was said: (name, training); what it submitted before stays as it was."""
    name, training = said
    directory.create_unit(session, unit_id, name, training=training)
    unit = directory.lock_unit(session, unit_id)
    if unit is None:
        raise LookupError(unit_id)
    unit.name, unit.training, unit.told = name, training, False
    wake_loops(session)
    audit.record(
        session, f"unit:{unit_id}", clock(), actor, "unit.put", fields=["name", "training"]
    )
    return unit
