"""Proving that the journal explains every decision: they are all made again and compared."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.matcher.domain.decision import canonical
from services.matcher.domain.journal import replay
from services.matcher.domain.policy import FRESH, Policy
from services.matcher.store import decisions, journal


def differences(session: Session, first: Policy = FRESH) -> list[UUID]:
    """The decisions that come out otherwise, byte for byte, or are missing on either side.

    Those about persons who were erased cannot be made again, and are taken as given.
    """
    made = replay(journal.entries(session), lambda of: decisions.of(session, of), first)
    again = {d.id: canonical([d]) for d in made}
    stored = {d.id: canonical([d]) for d in decisions.every(session)}
    every = again.keys() | stored.keys()
    return sorted(key for key in every if again.get(key) != stored.get(key))
