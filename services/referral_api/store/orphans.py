"""Keys of persons whose referral was never committed: found in the key store, and destroyed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from services.chassis.database import Database
from services.chassis.keys import person_keys


def keys_after(database: Database, person: str, before: datetime, limit: int) -> Sequence[str]:
    """The next persons in the key store's order whose keys were made before a moment."""
    query = (
        select(person_keys.c.person)
        .where(person_keys.c.person > person, person_keys.c.created_at < before)
        .order_by(person_keys.c.person)
        .limit(limit)
    )
    with database.transaction() as session:
        return session.scalars(query).all()
